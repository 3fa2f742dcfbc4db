"""The figures of customer equity as other systems read them: amounts as text, each figure with the customers it counts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.value.queries.equity import EquityFigures, equity_page, group_name
from rapport.insight.value.queries.equity_figures import GROUPS
from rapport.insight.value.rules.equity_periods import Period


def equity_data(*, actor: Actor, view_id: UUID | None = None) -> dict[str, Any]:
    """What the page of equity shows, of everyone or of a view's customers. Errors: NotAllowed, NotFound."""
    page = equity_page(actor=actor, view_id=view_id)
    if view_id and page.chosen is None:
        raise NotFound(_("There is no shared view of customers with this id."))
    views = [{"id": str(one.id), "name": one.name, "is_worked_out": one.is_asked_for} for one in page.segments]
    if page.figures is None:
        reasons = [{"reason": reason, "customers": count} for reason, count in page.reasons]
        return {"is_worked_out": False, "reasons": reasons, "views": views}
    return {"is_worked_out": True, "reasons": [], "views": views, **_figures(page.figures)}


def _figures(told: EquityFigures) -> dict[str, Any]:
    report = told.report
    return {
        "at": told.run.at,
        "currency": told.currency,
        "customers": report.customers,
        "value": _amount(report.value),
        "low": _amount(report.low),
        "high": _amount(report.high),
        "where": told.where("all", ""),
        "changes": [_change(told, period) for period in Period],
        "groups": [_group(told, name, *row) for name in GROUPS for row in told.figures[name]],
        "tenths": [_tenth(told, *row) for row in told.figures["tenths"]],
        "cohorts": _cohorts(told),
        "history": [
            {
                "at": each.at,
                "value": _amount(each.value),
                "low": _amount(each.low),
                "high": _amount(each.high),
                "is_worked_back": each.is_worked_back,
            }
            for each in told.history
        ],
    }


def _change(told: EquityFigures, period: Period) -> dict[str, Any]:
    """Opening, parts and closing; the parts add up to the difference. Or the day from which there is something to tell."""
    found: Mapping[str, Any] = told.figures["periods"][period.value]
    if "opening" not in found:
        return {"period": period.value, "ready_from": found["ready_from"]}
    return {
        "period": period.value,
        "opening_at": found["opening_at"],
        "opening": _amount(found["opening"]),
        "closing": _amount(found["closing"]),
        "is_worked_back": found["is_worked_back"],
        "is_restated": found["is_restated"],
        "parts": [
            {
                "part": part,
                "value": _amount(cents),
                "customers": customers,
                "where": told.where("change", f"{period.value}:{part}"),
            }
            for part, cents, customers in found["parts"]
        ],
    }


def _group(told: EquityFigures, kind: str, key: str, customers: int, cents: int) -> dict[str, Any]:
    return {
        "by": kind,
        "key": key,
        "name": group_name(kind, key),
        "customers": customers,
        "value": _amount(cents),
        "where": told.where(kind, key),
    }


def _tenth(told: EquityFigures, tenth: int, customers: int, cents: int, least: int, most: int) -> dict[str, Any]:
    return {
        "tenth": tenth,
        "customers": customers,
        "value": _amount(cents),
        "least": _amount(least),
        "most": _amount(most),
        "where": told.where_value(least, most) if told.segment else told.where("tenth", str(tenth)),
    }


def _cohorts(told: EquityFigures) -> dict[str, Any]:
    found: Mapping[str, Any] = told.figures["cohorts"]
    return {
        "unit": found["unit"],
        "months_after": found["ages"],
        "items": [
            {
                "cohort": name,
                "customers": customers,
                "value": _amount(cents),
                "stayed": stayed,
                "where": told.where("cohort", name),
            }
            for name, customers, cents, stayed in found["rows"]
        ],
    }


def _amount(cents: int | None) -> str | None:
    return None if cents is None else str(Decimal(cents) / 100)
