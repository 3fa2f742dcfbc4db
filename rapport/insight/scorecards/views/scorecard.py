"""One scorecard for marketing, sales and service: the same numbers, and the wires that call for somebody."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.ui import formats
from rapport.foundation.ui.charts import Line, Point
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Power
from rapport.insight.scorecards import policies
from rapport.insight.scorecards.forms.wires import WireForm
from rapport.insight.scorecards.queries import wires as wire_queries
from rapport.insight.scorecards.queries.page import Scorecard, scorecard, wire_url
from rapport.insight.scorecards.rules.lines import DIMENSION_LABELS
from rapport.insight.scorecards.rules.wires import WORDS, Wire, WireRule, why
from rapport.insight.scorecards.services import wires
from rapport.insight.scorecards.services.keeping import ask_for_refresh

PAGE, TRIPS, WIRE = (f"scorecards/scorecard/{page}.html" for page in ("page", "trips", "wire"))


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    found = scorecard(actor=request.actor, by=request.GET.get("by", ""))
    currency = request.workspace.currency
    context = {
        "found": found,
        "dimensions": [(dimension.value, label) for dimension, label in DIMENSION_LABELS.items()],
        "dimension_label": DIMENSION_LABELS[found.dimension],
        "currency": currency,
        "chart": _chart(found, currency),
        "may_refresh": policies.may_refresh(request.actor),
        "may_set": request.actor.has(Power.MANAGE_FIELDS),
    }
    return render(request, PAGE, context, partial="scorecard")


@require_POST
def refresh(request: WorkspaceRequest) -> HttpResponse:
    ask_for_refresh(actor=request.actor)
    return redirect(request, reverse("scorecards:scorecard"), toast=_("The scorecard is being worked out anew."))


@require_safe
def trips(request: WorkspaceRequest, wire: str) -> HttpResponse:
    """Who stands over a wire, and what comes of it."""
    policies.require(request.actor)
    rule = _rule(wire)
    currency = request.workspace.currency
    lines = [
        (
            line,
            why(rule, line.facts, money=lambda amount: formats.money(round(amount), currency), percent=formats.percent),
        )
        for line in wire_queries.standing(actor=request.actor, wire=rule.wire)
    ]
    context = {
        "rule": rule,
        "words": WORDS[rule.wire],
        "lines": lines,
        "currency": currency,
        "list_url": wire_url(rule.wire),
    }
    return render(request, TRIPS, context)


@require_http_methods(["GET", "POST"])
def wire(request: WorkspaceRequest, wire: str) -> HttpResponse:
    """One trip-wire: whether it is watched, when it trips, and what follows."""
    workspace_policies.require(request.actor, Power.MANAGE_FIELDS)
    rule = _rule(wire)
    form = WireForm(rule, request.POST or None)
    context = {"form": form, "rule": rule, "words": WORDS[rule.wire]}
    if request.method == "GET":
        return render(request, WIRE, context, partial="form")
    if form.is_valid():
        try:
            wires.save_rule(actor=request.actor, rule=form.rule())
            return saved(
                request, reverse("scorecards:scorecard"), toast=_("Saved. It is watched from the next look on.")
            )
        except Invalid as error:
            form.refuse(error.problems)
    return render(request, WIRE, context, partial="form", status=422)


def _rule(name: str) -> WireRule:
    found = wire_queries.rules().get(Wire(name)) if name in set(Wire) else None
    if found is None:
        raise NotFound(_("There is no such trip-wire."))
    return found


def _chart(found: Scorecard, currency: str) -> Any:
    """Lifetime value month by month; nothing to draw before there are two."""
    months = found.history
    if len(months) < 2:
        return None
    first, last = months[0][1], months[-1][1]
    finding = (
        _("Lifetime value rose")
        if last > first
        else _("Lifetime value fell")
        if last < first
        else _("Lifetime value stayed")
    )
    said = _("From %(first)s to %(last)s in %(n)s months.") % {
        "first": formats.short_money(first, currency),
        "last": formats.short_money(last, currency),
        "n": len(months),
    }
    points = [Point(f"{month:%Y-%m}", value, text=formats.short_money(value, currency)) for month, value in months]
    return Line(title=finding, said=said, unit=currency, points=points, from_zero=True)
