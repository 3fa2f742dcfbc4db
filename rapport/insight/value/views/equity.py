"""What all customers are worth together, and where that came from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.foundation.ui import formats
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.insight.value import policies
from rapport.insight.value.queries.equity import EquityFigures, EquityPage, equity_page
from rapport.insight.value.queries.settings import current
from rapport.insight.value.rules.equity_periods import PERIOD_LABELS, Period
from rapport.insight.value.services.equity import ask_for_view
from rapport.insight.value.views import equity_charts as charts


@require_GET
def equity(request: WorkspaceRequest) -> HttpResponse:
    period = _period(request.GET.get("period", ""))
    page = equity_page(actor=request.actor, view_id=_id(request.GET.get("view", "")))
    context: dict[str, Any] = {
        "page": page,
        "period": period,
        "periods": [(each.value, PERIOD_LABELS[each], _query(each, page)) for each in Period],
        "segments": [(each, f"?period={period.value}&view={each.id}") for each in page.segments],
        "may_ask": policies.may_ask_for_segments(request.actor),
        "may_study": policies.may_study_drivers(request.actor),
    }
    if page.figures:
        context |= _figures(page.figures, period)
    return render(request, "value/equity/page.html", context, partial="insight")


@require_POST
def work_out(request: WorkspaceRequest, view_id: UUID) -> HttpResponse:
    ask_for_view(actor=request.actor, view_id=view_id)
    return redirect(
        request, f"{reverse('value:equity')}?view={view_id}", toast=_("Equity of this view is being worked out.")
    )


def _figures(figures: EquityFigures, period: Period) -> dict[str, Any]:
    report, rules = figures.report, current()
    each = report.value // report.customers if report.customers else 0
    return {
        "figures": figures,
        "total": figures.money(report.value),
        "range": charts.span(figures),
        "per_customer": figures.money(each),
        "horizon": _("%(months)s months, %(rate)s a year")
        % {"months": rules.horizon_months, "rate": formats.percent(rules.discount_rate)},
        "everyone_url": figures.link("all", ""),
        "change": charts.change(figures, period),
        "trend": charts.trend(figures),
        "waterfall": charts.waterfall(figures, period),
        "not_yet": "" if charts.change(figures, period) else charts.not_yet(figures, period),
        "tenths": charts.tenths(figures),
        "curve": charts.curve(figures),
        "cohorts": charts.cohorts(figures),
        "tiers": charts.groups(figures, "tier"),
        "by_source": charts.by_group(figures, "source", _("%(group)s brought %(share)s of the value")),
        "by_phase": charts.by_group(figures, "phase", _("%(share)s of the value is with customers in phase %(group)s")),
        "by_kind": charts.by_group(figures, "kind", _("%(share)s of the value: %(group)s")),
    }


def _period(word: str) -> Period:
    return Period(word) if word in set(Period) else Period.YEAR


def _query(period: Period, page: EquityPage) -> str:
    return f"?period={period.value}" + (f"&view={page.chosen.id}" if page.chosen else "")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
