"""Permission on the customer page: how somebody may be reached, writing it down, and all that proves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records import policies as record_policies
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.queries.customers import all_ids, get_customer
from rapport.stores.customers.views.answers import done
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.forms.consents import AskForm, ConsentForm
from rapport.touchpoints.permission.queries.consents import Standing, entries_of, may_read, standing_of
from rapport.touchpoints.permission.services import consents, links, opt_in
from rapport.touchpoints.permission.types import RECORD_TYPE

RECORD, HISTORY, LINK, ASK = (f"permission/consents/{name}.html" for name in ("record", "history", "link", "ask"))
_KEPT = "_permission_standing"


def glyphs_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """Beside the name: one glyph a channel."""
    return _panel("permission/consents/glyphs.html", request, actor, customer, ids)


def consent_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """Channel by channel, with what it rests on."""
    return _panel("permission/consents/panel.html", request, actor, customer, ids)


def composer_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """Under the composer: what may be done before somebody does it."""
    return _panel("permission/consents/composer.html", request, actor, customer, ids)


@require_http_methods(["GET", "POST"])
def record(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Write down a permission, a refusal or a withdrawal."""
    policies.require(request.actor, Action.CREATE)
    customer = get_customer(actor=request.actor, customer_id=customer_id, action=Action.UPDATE)
    form = ConsentForm(
        request.POST or None,
        initial={name: request.GET.get(name) for name in ("channel", "purpose") if name in request.GET},
    )
    if request.method == "POST" and form.is_valid():
        try:
            _row, operation = consents.answer(actor=request.actor, customer_id=customer.pk, **form.values())
            return done(request, customer.pk, _("Written down."), operation)
        except Invalid as error:
            form.refuse(error.problems)
    status = 200 if request.method == "GET" else 422
    return render(request, RECORD, {"customer": customer, "form": form}, partial="form", status=status)


@require_safe
def history(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Every entry with its proof."""
    customer = get_customer(actor=request.actor, customer_id=customer_id)
    entries = entries_of(actor=request.actor, ids=all_ids(customer.pk))
    return render(
        request, HISTORY, {"customer": customer, "entries": entries, "may_record": _may_record(request.actor, customer)}
    )


@require_safe
def link(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """A link to the customer's own page, to be handed on."""
    policies.require(request.actor, Action.CREATE)
    customer = get_customer(actor=request.actor, customer_id=customer_id, action=Action.UPDATE)
    response = render(
        request, LINK, {"customer": customer, "url": links.preferences_url(customer_id=customer.pk)}, partial="form"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke_links(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    links.revoke_links(actor=request.actor, customer_id=customer_id)
    return done(request, customer_id, _("No link to this customer’s choices works any longer."))


@require_http_methods(["GET", "POST"])
def ask(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Ask by mail what the customer has to confirm (double opt-in)."""
    policies.require(request.actor, Action.CREATE)
    customer = get_customer(actor=request.actor, customer_id=customer_id, action=Action.UPDATE)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            opt_in.ask_by_mail(actor=request.actor, customer_id=customer.pk, purposes=form.cleaned_data["purposes"])
            return done(request, customer.pk, _("Asked. Nothing is granted until the customer confirms."))
        except Invalid as error:
            form.refuse(error.problems)
        except Conflict as error:
            form.refuse({"purposes": str(error)})
    status = 200 if request.method == "GET" else 422
    return render(request, ASK, {"customer": customer, "form": form}, partial="form", status=status)


def _panel(template: str, request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    if not may_read(actor):
        return None
    known: Standing | None = vars(request).get(_KEPT)
    if known is None:
        known = standing_of(customer, ids)
        vars(request)[_KEPT] = known
    return Panel(template, {"standing": known, "may_record": _may_record(actor, customer), "customer": customer})


def _may_record(actor: Actor, customer: Any) -> bool:
    return actor.may(Action.CREATE, RECORD_TYPE) and record_policies.may_on(actor, Action.UPDATE, "customer", customer)
