"""Writing an e-mail to a customer: a page of its own, and in the composer's place on the customer page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from rapport.foundation.ui.formats import moment
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid, RapportError
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.extension_points import Panel
from rapport.touchpoints.channels.email.types import CHANNEL
from rapport.touchpoints.conversations.forms.composer import EmailForm
from rapport.touchpoints.conversations.policies import may_write
from rapport.touchpoints.conversations.queries import composing
from rapport.touchpoints.conversations.queries.outbox import on_their_way
from rapport.touchpoints.conversations.services.writing import write
from rapport.touchpoints.permission.errors import Refused
from rapport.touchpoints.permission.types import Decision

PAGE = "conversations/composer/write.html"


@require_http_methods(["GET", "POST"])
def compose(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    found = composing.choices(actor=request.actor, customer_id=customer_id)
    begun = {name: request.GET[name] for name in ("purpose", "to", "subject") if name in request.GET}
    form = EmailForm(request.POST or None, request.FILES or None, choices=found, initial=begun)
    refused: Decision | None = None
    if form.is_valid():
        try:
            row = write(
                actor=request.actor,
                customer_id=found.customer.pk,
                channel=CHANNEL,
                purpose=form.cleaned_data["purpose"],
                message=form.message(to_name=found.customer.name),
                to=form.cleaned_data["to"],
                send_at=form.cleaned_data["send_at"],
            )
        except Refused as error:
            refused = error.decision
        except Invalid as error:
            add_problems(form, error)
        else:
            undo = reverse("conversations:cancel", args=[row.pk])
            return redirect(request, _customer_url(found.customer.pk), toast=_said(request, form), undo_url=undo)
    context = {**_context(request, found, form), "refused": refused}
    return render(request, PAGE, context, partial="composer", status=422 if form.is_bound else 200)


@require_safe
def permission(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Whether it is allowed to write for this purpose, in words; asked for anew whenever the choice changes."""
    found = composing.choices(actor=request.actor, customer_id=customer_id)
    context = {"decision": _decision(request.actor, found, request.GET.dict()), "customer": found.customer}
    return render(request, PAGE, {**context, "found": found}, partial="permission")


def composer_link(actor: Actor, customer_id: UUID) -> str | None:
    """Where the composer of the customer page leads for an e-mail."""
    return reverse("conversations:write", args=[customer_id]) if may_write(actor) else None


def on_their_way_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """What was written to this customer and has not left, or nobody knows whether it did."""
    lines = on_their_way(actor=actor, ids=ids)
    return Panel("conversations/composer/panel.html", {"on_their_way": lines}) if lines else None


def _context(request: WorkspaceRequest, found: composing.Choices, form: EmailForm) -> dict[str, Any]:
    asked = {"purpose": form["purpose"].value(), "to": form["to"].value()}
    return {
        "customer": found.customer,
        "found": found,
        "form": form,
        "choosers": [form["sender"], form["to"], form["purpose"]],
        "customer_url": _customer_url(found.customer.pk),
        "decision": _decision(request.actor, found, asked),
    }


def _decision(actor: Actor, found: composing.Choices, asked: dict[str, Any]) -> Decision | None:
    """For what was chosen, or what is chosen to begin with; None when there is nothing to choose or to see."""
    if not found.addresses:
        return None
    purpose = asked.get("purpose") or found.purposes[0][0]
    to = asked.get("to") or found.addresses[0]
    try:
        return composing.permission(actor=actor, customer_id=found.customer.pk, purpose=purpose, to=to)
    except RapportError:
        return None


def _customer_url(customer_id: UUID) -> str:
    return reverse("customers:detail", args=[customer_id])


def _said(request: WorkspaceRequest, form: EmailForm) -> str:
    at = form.cleaned_data["send_at"]
    if at:
        return gettext("It leaves %(when)s.") % {"when": moment(at)}
    return gettext("It leaves in ten seconds.")
