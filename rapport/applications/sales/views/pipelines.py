"""Settings: pipelines, their stages and the rules between them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.applications.sales import policies
from rapport.applications.sales.forms.pipelines import PipelineForm, RetireForm, StageForm
from rapport.applications.sales.queries.pipelines import deals_by_stage, pipelines
from rapport.applications.sales.rules.fields import REQUIRABLE
from rapport.applications.sales.rules.stages import Stage
from rapport.applications.sales.services import pipelines as services
from rapport.applications.sales.types import DEAL
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest

LIST, FORM = "sales/pipelines/list.html", "sales/pipelines/form.html"


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    policies.require_set_up(request.actor)
    return render(request, LIST, {"pipelines": pipelines().all, "numbers": deals_by_stage()})


@require_http_methods(["GET", "POST"])
def pipeline(request: WorkspaceRequest, key: str = "") -> HttpResponse:
    """A new pipeline, or the rules of one."""
    policies.require_set_up(request.actor)
    found = pipelines().pipeline(key) if key else None
    if key and found is None:
        raise NotFound(_("There is no such pipeline."))
    form = PipelineForm(request.POST or None, initial=vars(found) if found else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_pipeline(actor=request.actor, key=key, **form.cleaned_data)
        except Invalid as error:
            form.refuse(error.problems)
        else:
            return saved(request, reverse("sales:pipelines"), toast=_("Pipeline saved."))
    title = _("Rules of %(name)s") % {"name": found.label} if found else _("Add pipeline")
    return _form(request, form, title)


@require_http_methods(["GET", "POST"])
def stage(request: WorkspaceRequest, pipeline: str, key: str = "") -> HttpResponse:
    """A new stage, or the settings of one."""
    policies.require_set_up(request.actor)
    found = _stage(key) if key else None
    initial = {**vars(found), "probability": (found.probability * 100).normalize()} if found else None
    if initial:
        initial["probability"] = format(initial["probability"], "f")
    form = StageForm(request.POST or None, initial=initial, fields=_fields())
    if request.method == "POST" and form.is_valid():
        try:
            services.save_stage(actor=request.actor, pipeline=pipeline, key=key, values=form.values())
        except Invalid as error:
            form.refuse(error.problems)
        else:
            return saved(request, reverse("sales:pipelines"), toast=_("Stage saved."))
    return _form(request, form, _("Stage %(name)s") % {"name": found.label} if found else _("Add stage"))


@require_http_methods(["GET", "POST"])
def retire(request: WorkspaceRequest, key: str) -> HttpResponse:
    """Take a stage out of use. Deals that are in it are asked for."""
    policies.require_set_up(request.actor)
    found = _stage(key)
    number = deals_by_stage().get(key, 0)
    goals = [(each.key, each.label) for each in _others(found)]
    form = RetireForm(request.POST if request.method == "POST" else None, goals=goals)
    if request.method == "POST" and form.is_valid():
        try:
            operation = services.retire_stage(actor=request.actor, key=key, into=form.cleaned_data["into"])
        except Invalid as error:
            form.refuse(error.problems)
        else:
            undo = reverse("records:undo", args=[operation.id])
            return saved(request, reverse("sales:pipelines"), toast=_("Stage retired."), undo_url=undo)
    return _form(request, form, _("Retire %(name)s") % {"name": found.label}, number=number)


@require_POST
def order(request: WorkspaceRequest, key: str) -> HttpResponse:
    services.order_stage(actor=request.actor, key=key, by=-1 if request.POST.get("way") == "up" else 1)
    return redirect(request, reverse("sales:pipelines"))


@require_POST
def reinstate(request: WorkspaceRequest, key: str) -> HttpResponse:
    services.reinstate_stage(actor=request.actor, key=key)
    return redirect(request, reverse("sales:pipelines"), toast=_("The stage is in use again."))


def _form(request: WorkspaceRequest, form: Any, title: str, *, number: int = 0) -> HttpResponse:
    context = {"form": form, "title": title, "number": number}
    return render(request, FORM, context, partial="form", status=422 if request.method == "POST" else 200)


def _stage(key: str) -> Stage:
    found = pipelines().stage(key)
    if found is None:
        raise NotFound(_("There is no such stage."))
    return found


def _others(stage: Stage) -> list[Stage]:
    """Where its deals could go."""
    return [
        each
        for pipeline in pipelines().in_use()
        for each in pipeline.in_use()
        if each.kind is stage.kind and each.key != stage.key
    ]


def _fields() -> list[tuple[str, str]]:
    declared = record_type(DEAL)
    return [(field.name, str(field.label)) for field in declared.fields if field.name in REQUIRABLE or field.custom]
