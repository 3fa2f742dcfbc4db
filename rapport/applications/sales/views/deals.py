"""Adding a deal with the few things one knows at first."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.rules.stages import Stage
from rapport.applications.sales.types import DEAL
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.forms.pages import record_form
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.rules.codec import EMPTY
from rapport.foundation.records.services.records import create_record
from rapport.foundation.ui.render import render, saved
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action

NEW = "sales/deals/new.html"
_ASKED = ("name", "customer", "stage", "amount", "expected_close_on", "owner")


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    """Quick add: from the board, its columns and the New menu. `?stage=`, `?pipeline=` and `?customer=` begin the form."""
    record_policies.require(request.actor, Action.CREATE, DEAL)
    stage = _stage(request)
    form = _form(request, _beginning(request, stage))
    pipeline = stage.pipeline if stage else ""
    context: dict[str, Any] = {"form": form, "board_url": f"{reverse('sales:board')}?pipeline={pipeline}"}
    if request.method == "GET":
        return render(request, NEW, context, partial="form")
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "seen" and value not in EMPTY}
        try:
            deal = create_record(actor=request.actor, record_type=DEAL, values=values)
        except Invalid as error:
            form.refuse(error.problems)
        else:
            undo = reverse("records:undo", args=[deal.operation_id])
            url = f"{reverse('sales:board')}?pipeline={deal.pipeline}"
            return saved(request, url, toast=_("%(name)s added.") % {"name": deal.name}, undo_url=undo)
    return render(request, NEW, context, partial="form", status=422)


def _stage(request: WorkspaceRequest) -> Stage | None:
    known = pipelines()
    asked = known.stage(request.GET.get("stage", ""))
    if asked is not None:
        return asked
    pipeline = known.pipeline(request.GET.get("pipeline", "")) or known.first()
    return pipeline.first() if pipeline else None


def _beginning(request: WorkspaceRequest, stage: Stage | None) -> dict[str, Any]:
    values: dict[str, Any] = {"stage": stage.key if stage else ""}
    if request.actor.member_id:
        values["owner"] = str(request.actor.member_id)
    with suppress(ValueError):
        values["customer"] = str(UUID(request.GET.get("customer", "")))
    return values


def _form(request: WorkspaceRequest, values: dict[str, Any]) -> Any:
    declared = record_type(DEAL)
    shown = [field for field in declared.fields if field.name in values and field.name != "stage"]
    return record_form(
        actor=request.actor,
        record_type=declared,
        names=_ASKED,
        values=values,
        data=request.POST or None,
        known=names_in(actor=request.actor, fields=shown, values=[values]) if shown else Names(),
        region=request.workspace.country,
        currency=request.workspace.currency,
    )
