"""The life cycle on pages: a customer's phase and its history, the rules, what sources cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.records import policies as record_policies
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor, Power
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.forms.phases import CostForm, PhaseForm, RulesForm
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.queries.detail import standing_customer
from rapport.stores.customers.services import phases
from rapport.stores.customers.views.answers import done

SET, RULES, SOURCES = (f"customers/phases/{page}.html" for page in ("set", "rules", "sources"))


def phase_dot(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """Beside the name: a dot and a word."""
    return Panel("customers/phases/dot.html", {"phase": customer.phase}) if queries.may_read(actor) else None


def phase_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """The life of the customer: what was recruited, retained, extended, and every phase with its dates."""
    if not queries.may_read(actor):
        return None
    may_set = phases.may_set(actor) and record_policies.may_on(actor, Action.UPDATE, RECORD_TYPE, customer)
    return Panel(
        "customers/phases/panel.html", {"life": queries.life_of(customer, actor=actor), "may_set_phase": may_set}
    )


@require_http_methods(["GET", "POST"])
def set_phase(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Put a customer into a phase, with the reason."""
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    if not phases.may_set(request.actor):
        raise NotAllowed(_("Your role does not let you change this."))
    form = PhaseForm(request.POST or None, initial={"phase": customer.phase})
    context = {"customer": customer, "form": form}
    if request.method == "GET":
        return render(request, SET, context, partial="form")
    if form.is_valid():
        try:
            _row, operation = phases.set_phase(
                actor=request.actor, customer_id=customer.pk, phase=form.cleaned_data["phase"],
                reason=form.cleaned_data["reason"], since=form.since_at(),
            )  # fmt: skip
            return done(request, customer.pk, _("Phase set."), operation)
        except Invalid as error:
            form.refuse(error.problems)
    return render(request, SET, context, partial="form", status=422)


@require_http_methods(["GET", "POST"])
def rules(request: WorkspaceRequest) -> HttpResponse:
    """When a phase begins in this workspace."""
    workspace_policies.require(request.actor, Power.MANAGE_FIELDS)
    settings = queries.settings()
    form = RulesForm(settings, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            new = phases.save_settings(
                actor=request.actor, rules=form.rules(), source_field=form.cleaned_data["source_field"]
            )
        except Invalid as error:
            form.refuse(error.problems)
        else:
            told = (
                _("Saved. Everyone’s phase is being worked out anew.") if new.rules != settings.rules else _("Saved.")
            )
            return redirect(request, reverse("customers:phase-rules"), toast=told)
    return render(request, RULES, {"form": form}, status=200 if request.method == "GET" else 422)


@require_http_methods(["GET", "POST"])
def sources(request: WorkspaceRequest) -> HttpResponse:
    """What recruiting costs, by source, and a form for one more cost."""
    page = queries.sources_page(actor=request.actor)
    known = {line.source: line.label for line in page.lines if line.source}
    if page.field is not None:
        known |= {choice.value: str(choice.label) for choice in page.field.choices}
    form = CostForm(sorted(known.items(), key=lambda each: each[1]), request.workspace.currency, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            phases.add_source_cost(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            form.refuse(error.problems)
        else:
            return saved(request, reverse("customers:sources"), toast=_("Cost added."))
    context = {
        "page": page,
        "lines": [(line, _list_url(line.where)) for line in page.lines],
        "form": form,
        "currency": request.workspace.currency,
    }
    return render(request, SOURCES, context, status=200 if request.method == "GET" else 422)


@require_POST
def remove_cost(request: WorkspaceRequest, cost_id: UUID) -> HttpResponse:
    phases.remove_source_cost(actor=request.actor, cost_id=cost_id)
    return redirect(request, reverse("customers:sources"), toast=_("Cost removed."))


def _list_url(where: Any) -> str:
    return f"{reverse('customers:list')}?{urlencode({'where': json.dumps(where)})}" if where else ""
