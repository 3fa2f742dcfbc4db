"""Funnels: those that are saved, one with its figures, and the builder."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.insight.mining import policies
from rapport.insight.mining.forms.acts import FunnelForm
from rapport.insight.mining.queries.funnels import get_funnel, question_of, saved_funnels
from rapport.insight.mining.queries.tables import funnel_chart, step_rows
from rapport.insight.mining.queries.vocabulary import act_texts
from rapport.insight.mining.services import funnels
from rapport.insight.mining.views.tables import state_of


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    rows = [
        (funnel, act_texts(question.steps), question, answer)
        for funnel, question, answer in saved_funnels(actor=request.actor)
    ]
    context = {"funnels": rows, "may_ask": policies.may_ask(request.actor)}
    return render(request, "mining/funnels/list.html", context)


@require_safe
def detail(request: WorkspaceRequest, funnel_id: UUID) -> HttpResponse:
    funnel = get_funnel(funnel_id, actor=request.actor)
    question = question_of(funnel)
    said = act_texts(question.steps)
    context = state_of(request, question) | {"funnel": funnel, "asked": question, "said": said}
    if context["result"]:
        rows = step_rows(context["answer"].pk, question, context["result"], said)
        context |= {"rows": rows, "chart": funnel_chart(rows, question.days)}
    return render(request, "mining/funnels/detail.html", context, partial="answer")


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    return _form(request, None, {"count_from": "first", "days": 30})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, funnel_id: UUID) -> HttpResponse:
    funnel = get_funnel(funnel_id, actor=request.actor)
    return _form(request, funnel_id, FunnelForm.initial_of(funnel.name, question_of(funnel)))


@require_POST
def remove(request: WorkspaceRequest, funnel_id: UUID) -> HttpResponse:
    funnel = funnels.remove_funnel(actor=request.actor, funnel_id=funnel_id)
    return redirect(request, reverse("mining:funnels"), toast=_("“%(name)s” is removed.") % {"name": funnel.name})


def _form(request: WorkspaceRequest, funnel_id: UUID | None, initial: dict[str, object]) -> HttpResponse:
    policies.require_asking(request.actor)
    form = FunnelForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            funnel = funnels.save_funnel(
                actor=request.actor, name=form.cleaned_data["name"], question=form.question(), funnel_id=funnel_id
            )
        except Invalid as error:
            for name, problem in error.problems.items():
                form.add_error(name if name in form.fields else None, problem)
        else:
            return redirect(request, reverse("mining:funnel", args=[funnel.pk]))
    context = {"form": form, "funnel_id": funnel_id}
    return render(request, "mining/funnels/edit.html", context, status=422 if form.errors else 200)
