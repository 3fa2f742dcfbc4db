"""The middle of a deal's page, and what is done from there: next steps, approval, people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.applications.sales import policies
from rapport.applications.sales.forms.people import PersonForm
from rapport.applications.sales.queries.deal_pages import deal_page
from rapport.applications.sales.services import parts
from rapport.applications.sales.types import DEAL
from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import Panel
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.forms.followups import FollowUpForm
from rapport.stores.customers.services.followups import open_follow_up

STEP, PERSON = "sales/deals/step.html", "sales/deals/person.html"


def panel(request: HttpRequest, actor: Actor, record: Any) -> Panel:
    """Its way through the stages, its next step, who takes part, and how long it was where."""
    page = deal_page(actor=actor, deal=record, now=clock.now())
    return Panel("sales/deals/panel.html", {"deal": record, "page": page})


@require_http_methods(["GET", "POST"])
def step(request: WorkspaceRequest, deal_id: UUID) -> HttpResponse:
    """Say what is done next: a follow-up for the customer that is about this deal."""
    deal = _changeable(request, deal_id)
    form = FollowUpForm(request.POST or None, initial={"owner_id": request.actor.member_id})
    if request.method == "POST" and form.is_valid():
        try:
            _row, operation = open_follow_up(
                actor=request.actor, customer_id=deal.customer_id, about=(DEAL, deal.pk), **form.cleaned_data
            )
        except Invalid as error:
            form.refuse(error.problems)
        else:
            return saved(request, _url(deal), toast=_("Next step added."), undo_url=_undo(operation))
    return render(request, STEP, {"deal": deal, "form": form}, partial="form", status=_status(request))


@require_http_methods(["GET", "POST"])
def person(request: WorkspaceRequest, deal_id: UUID) -> HttpResponse:
    """Name somebody who has to do with the deal."""
    deal = _changeable(request, deal_id)
    form = PersonForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            operation = parts.add_person(actor=request.actor, deal_id=deal.pk, **form.cleaned_data)
        except Invalid as error:
            form.refuse(error.problems)
        else:
            return saved(request, _url(deal), toast=_("Added to the deal."), undo_url=_undo(operation))
    return render(request, PERSON, {"deal": deal, "form": form}, partial="form", status=_status(request))


@require_POST
def remove_person(request: WorkspaceRequest, deal_id: UUID, person_id: UUID) -> HttpResponse:
    operation = parts.remove_person(actor=request.actor, deal_id=deal_id, person_id=person_id)
    said = _("Taken off the deal.") if operation else ""
    return redirect(request, reverse("records:record", args=[DEAL, deal_id]), toast=said, undo_url=_undo(operation))


@require_POST
def approve(request: WorkspaceRequest, deal_id: UUID) -> HttpResponse:
    url = reverse("records:record", args=[DEAL, deal_id])
    try:
        operation = parts.approve_deal(actor=request.actor, deal_id=deal_id)
    except Invalid as error:
        return redirect(request, url, toast=" ".join(error.problems.values()))
    return redirect(request, url, toast=_("Approved."), undo_url=_undo(operation))


def _changeable(request: WorkspaceRequest, deal_id: UUID) -> Any:
    policies.get_deal(request.actor, deal_id)
    return record_policies.get_record(request.actor, DEAL, deal_id, Action.UPDATE)


def _url(deal: Any) -> str:
    return reverse("records:record", args=[DEAL, deal.pk])


def _undo(operation: Any) -> str:
    return reverse("records:undo", args=[operation.id]) if operation else ""


def _status(request: WorkspaceRequest) -> int:
    return 422 if request.method == "POST" else 200
