"""The equity page, read from stored results; and the sets of customers that its figures count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.fragments import Fragment, id_in
from rapport.foundation.records.queries.saved_views import usable
from rapport.foundation.records.rules import conditions
from rapport.foundation.ui import formats
from rapport.foundation.workspace.types import Actor
from rapport.insight.value import policies
from rapport.insight.value.models import EquityComparison, EquityPart, EquityReport, EquityRun, EquityView
from rapport.insight.value.queries.equity_figures import cohort_range
from rapport.insight.value.rules.equity import PART_LABELS, Part
from rapport.insight.value.rules.equity_parts import SET, PartKey, part_id
from rapport.insight.value.rules.equity_periods import PERIOD_LABELS, Period
from rapport.stores.customers.queries.standings import reasons_without_value
from rapport.stores.customers.rules.scores import TIER_LABELS, Tier, no_value_words
from rapport.stores.customers.types import CustomerKind, Phase

RECORD_TYPE = "customer"
PAGES = ("customers", "organisations", "households")


@dataclass(frozen=True)
class Moment:
    """Equity at one instant of the history."""

    at: datetime
    value: int
    low: int | None
    high: int | None
    is_worked_back: bool


@dataclass(frozen=True)
class Segment:
    id: UUID
    name: str
    is_asked_for: bool


@dataclass(frozen=True)
class EquityFigures:
    """One report, with links to the customers behind each of its figures."""

    run: EquityRun
    report: EquityReport
    history: Sequence[Moment]
    segment: Segment | None

    @cached_property
    def figures(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.report.figures
        return found

    @property
    def currency(self) -> str:
        return self.run.currency

    def money(self, cents: int) -> str:
        return formats.short_money(Decimal(cents) / 100, self.currency or "EUR")

    def where(self, kind: str, key: str) -> dict[str, Any]:
        """The customers that a figure counts, as a condition."""
        return self._within_segment({"set": SET, "id": str(part_id(PartKey(kind, key))), "is_in": True})

    def where_value(self, low: int, high: int) -> dict[str, Any]:
        """Customers by value; a tenth of a segment is no set of its own."""
        span = [str(Decimal(low) / 100), str(Decimal(high) / 100)]
        return self._within_segment({"field": "lifetime_value", "op": "between", "value": span})

    def link(self, kind: str, key: str) -> str:
        """The list of customers that a figure counts."""
        return _list(self.where(kind, key))

    def link_values(self, low: int, high: int) -> str:
        return _list(self.where_value(low, high))

    def _within_segment(self, condition: dict[str, Any]) -> dict[str, Any]:
        wanted = [condition]
        if self.segment:
            wanted.append({"set": "view", "id": str(self.segment.id), "is_in": True})
        return {"all": wanted}


def _list(where: dict[str, Any]) -> str:
    query = urlencode({"where": conditions.encode(conditions.from_json(where)), "sort": "-lifetime_value"})
    return f"{reverse('customers:list')}?{query}"


@dataclass(frozen=True)
class EquityPage:
    figures: EquityFigures | None
    segments: Sequence[Segment]
    chosen: Segment | None
    reasons: Sequence[tuple[str, int]] = ()  # why customers have no value, where there is no run yet


def equity_page(*, actor: Actor, view_id: UUID | None = None) -> EquityPage:
    """Errors: NotAllowed. Five queries, however many customers there are."""
    policies.require_equity(actor)
    segments = _segments(actor)
    chosen = next((each for each in segments if each.id == view_id), None) if view_id else None
    run = EquityRun.objects.filter(is_ready=True, has_positions=True).order_by("-at").defer("draws").first()
    if run is None:
        reasons = [(str(no_value_words(reason)), count) for reason, count in reasons_without_value()]
        return EquityPage(None, segments, chosen, reasons)
    reports = EquityReport.objects.filter(view_id=chosen.id if chosen else None)
    report = reports.filter(run=run).first()
    if report is None:
        return EquityPage(None, segments, chosen)
    return EquityPage(EquityFigures(run, report, _history(reports), chosen), segments, chosen)


def _segments(actor: Actor) -> list[Segment]:
    asked = set(EquityView.objects.values_list("view_id", flat=True))
    views = usable(actor).filter(page__in=PAGES, is_shared=True).order_by("name")
    return [Segment(view.pk, view.name, view.pk in asked) for view in views if policies.can_be_segment(view)]


def _history(reports: Any) -> list[Moment]:
    """The first of each month, and the newest."""
    rows = reports.filter(run__is_ready=True).order_by("run__at")
    found: dict[tuple[int, int], Moment] = {}
    newest = None
    for row in rows.values_list("run__at", "value", "low", "high", "run__is_worked_back"):
        newest = Moment(*row)
        found.setdefault((newest.at.year, newest.at.month), newest)
    moments = list(found.values())
    if newest and moments and moments[-1] is not newest:
        moments.append(newest)
    return moments


def compile_equity_set(set_id: UUID, record_type: str, *, actor: Actor, now: datetime, negated: bool) -> Q:
    """Customers whom a figure of the newest run counts. Whoever may not see values learns nothing of them this way."""
    model = record_types[RECORD_TYPE].model()
    part = EquityPart.objects.filter(pk=set_id).first() if policies.may_see_equity(actor) else None
    select = _members(PartKey(part.kind, part.key)) if part and record_type == RECORD_TYPE else None
    return id_in(select or Fragment("select null::uuid where false"), model, negated=negated)


def _members(part: PartKey) -> Fragment | None:
    if part.kind == "change":
        period, _, name = part.key.partition(":")
        newest = EquityComparison.objects.filter(period=period).order_by("-made_at").values_list("pk", flat=True)
        return _select("value_equityentry where comparison_id = %s and part = %s", newest.first(), name)
    run_id = EquityRun.objects.filter(is_ready=True, has_positions=True).order_by("-at").values_list("pk", flat=True)
    run = run_id.first()
    match part.kind:
        case "all":
            return _select("value_equityposition where run_id = %s", run)
        case "tenth":
            return _select("value_equityposition where run_id = %s and tenth = %s", run, int(part.key))
        case "tier" | "phase" | "source" | "kind":
            return _select(f'value_equityposition where run_id = %s and "{part.kind}" = %s', run, part.key)
        case "cohort":
            first, after = cohort_range(part.key)
            place = "value_equityposition where run_id = %s and recruited_on >= %s and recruited_on < %s"
            return _select(place, run, first, after)
    return None


def _select(place: str, *params: object) -> Fragment | None:
    if params[0] is None:
        return None
    return Fragment(f"select customer_id from {place}", params)  # noqa: S608 (places are ours, values are parameters)


def names_of_parts(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, str]:
    """How conditions say them."""
    if not policies.may_see_equity(actor):
        return {}
    rows = EquityPart.objects.filter(pk__in=ids)
    return {row.pk: name_of_part(PartKey(row.kind, row.key)) for row in rows}


def name_of_part(part: PartKey) -> str:
    match part.kind:
        case "change":
            period, _sep, name = part.key.partition(":")
            label = PART_LABELS[Part(name)] if name in set(Part) else name
            return f"{label}, {PERIOD_LABELS[Period(period)] if period in set(Period) else period}"
        case "tenth":
            return tenth_name(int(part.key))
        case "tier" | "phase" | "kind" | "source":
            return group_name(part.kind, part.key)
        case "cohort":
            return cohort_name(part.key)
    return pgettext("set of customers", "everyone with a value")


def tenth_name(tenth: int) -> str:
    if tenth == 1:
        return _("Best tenth")
    return _("Last tenth") if tenth == 10 else _("Tenth no. %(number)s") % {"number": tenth}


def group_name(kind: str, key: str) -> str:
    if kind == "tier":
        return str(TIER_LABELS[Tier(key)]) if key in set(Tier) else _("Without a tier")
    if kind == "phase":
        return str(Phase(key).label) if key in set(Phase) else _("Without a phase")
    if kind == "kind":
        return str(CustomerKind(key).label) if key in set(CustomerKind) else key
    return key or _("Unknown")


def cohort_name(name: str) -> str:
    first, _after = cohort_range(name)
    if "Q" in name:
        return _("Q%(quarter)s %(year)s") % {"quarter": name[-1], "year": first.year}
    return month_name(first)


def month_name(day: date) -> str:
    from babel.dates import format_skeleton

    return str(format_skeleton("yMMM", day, locale=formats.locale()))
