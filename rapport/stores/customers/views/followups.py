"""Follow-ups on pages: the list, one's own on Today, those of a customer; opening, changing and ticking them off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.queries.addresses import undo_url
from rapport.foundation.ui.render import render, saved
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.forms.followups import ChangeFollowUpForm, CloseForm, FollowUpForm
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries import followups as queries
from rapport.stores.customers.queries.customers import get_customer
from rapport.stores.customers.queries.detail import standing_customer
from rapport.stores.customers.services import followups
from rapport.stores.customers.views.answers import done, page_url

LIST, NEW, EDIT, CLOSE = (f"customers/followups/{page}.html" for page in ("list", "new", "edit", "close"))


def panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """What waits to be done for this customer."""
    may = record_policies.may_on(actor, Action.UPDATE, RECORD_TYPE, customer)
    lines = queries.of_customer(customer)
    if not lines and not may:
        return None
    own = (
        {line.id for line in lines if followups.may_work_on(actor, customer, line.owner_id)}
        if not may
        else {line.id for line in lines}
    )
    return Panel("customers/followups/panel.html", {"follow_ups": lines, "workable": own, "may_follow_up": may})


@require_safe
def follow_ups(request: WorkspaceRequest) -> HttpResponse:
    """Open ones by due date, or what came of those that are closed."""
    record_policies.require(request.actor, Action.READ, RECORD_TYPE)
    whose = request.GET.get("whose", "mine")
    closed = request.GET.get("closed") == "1"
    page = queries.follow_ups(actor=request.actor, whose=whose, closed=closed, after=request.GET.get("after", ""))
    context = {"page": page, "whose": whose, "closed": closed, "colleagues": queries.owner_choices()}
    return render(request, LIST, context)


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    form = FollowUpForm(request.POST or None, initial={"owner_id": request.actor.member_id})
    context = {"customer": customer, "form": form}
    if request.method == "GET":
        return render(request, NEW, context, partial="form")
    if form.is_valid():
        try:
            _row, operation = followups.open_follow_up(
                actor=request.actor, customer_id=customer.pk, **form.cleaned_data
            )
            return done(request, customer.pk, _("Follow-up added."), operation)
        except Invalid as error:
            form.refuse(error.problems)
    return render(request, NEW, context, partial="form", status=422)


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, follow_up_id: UUID) -> HttpResponse:
    line, context = _workable(request, follow_up_id)
    form = ChangeFollowUpForm(request.POST or None, initial=vars(line))
    context["form"] = form
    if request.method == "GET":
        return render(request, EDIT, context, partial="form")
    if form.is_valid():
        try:
            operation = followups.change_follow_up(actor=request.actor, follow_up_id=line.id, **form.cleaned_data)
            return _back(request, line, _("Follow-up changed.") if operation else "", operation)
        except Invalid as error:
            form.refuse(error.problems)
        except Conflict as error:
            form.add_error(None, str(error))
    return render(request, EDIT, context, partial="form", status=422)


@require_http_methods(["GET", "POST"])
def close(request: WorkspaceRequest, follow_up_id: UUID) -> HttpResponse:
    """Tick it off, with what came of it."""
    line, context = _workable(request, follow_up_id)
    form = CloseForm(request.POST or None)
    context["form"] = form
    if request.method == "GET":
        return render(request, CLOSE, context, partial="form")
    if form.is_valid():
        try:
            operation = followups.close_follow_up(actor=request.actor, follow_up_id=line.id, **form.cleaned_data)
            return _back(request, line, _("Done: %(title)s.") % {"title": line.title}, operation)
        except Invalid as error:
            form.refuse(error.problems)
        except Conflict as error:
            form.add_error(None, str(error))
    return render(request, CLOSE, context, partial="form", status=422)


def _workable(request: WorkspaceRequest, follow_up_id: UUID) -> tuple[queries.FollowUpLine, dict[str, Any]]:
    line = queries.follow_up(actor=request.actor, follow_up_id=follow_up_id)
    customer = get_customer(actor=request.actor, customer_id=line.customer_id)
    followups.require_work_on(request.actor, customer, line.owner_id)
    return line, {"line": line, "customer": customer, "back": _back_url(request, line)}


def _back_url(request: WorkspaceRequest, line: queries.FollowUpLine) -> str:
    listed = reverse("customers:follow-ups")
    return listed if request.GET.get("from") == "list" else page_url(line.customer_id)


def _back(request: WorkspaceRequest, line: queries.FollowUpLine, text: str, operation: Any) -> HttpResponse:
    return saved(request, _back_url(request, line), toast=text, undo_url=undo_url(operation))
