"""Figures of customer equity as charts: each with its finding as title, and links to the customers it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.foundation.ui import formats
from rapport.foundation.ui.charts import (
    Bars,
    Bridge,
    Concentration,
    Heat,
    HeatCell,
    HeatRow,
    Line,
    Mark,
    Point,
    Share,
)
from rapport.insight.value.queries.equity import EquityFigures, cohort_name, group_name, month_name, tenth_name
from rapport.insight.value.queries.equity_figures import opened_at
from rapport.insight.value.rules.equity import (
    ALWAYS_SHOWN,
    PART_LABELS,
    PART_WORDS,
    Part,
    concentration,
    running_shares,
)
from rapport.insight.value.rules.equity_periods import PERIOD_LABELS, Period

SHOWN_GROUPS = 8


@dataclass(frozen=True)
class Change:
    """How equity changed within the period, for the headline."""

    text: str
    share: str
    is_loss: bool


@dataclass(frozen=True)
class Group:
    name: str
    key: str
    customers: int
    value: str
    url: str


def _customers(count: int) -> str:
    return ngettext("%(n)s customer", "%(n)s customers", count) % {"n": formats.number(count)}


def _signed(figures: EquityFigures, cents: int) -> str:
    return f"+{figures.money(cents)}" if cents > 0 else figures.money(cents)


def told_of(figures: EquityFigures, period: Period) -> Mapping[str, Any]:
    found: Mapping[str, Any] = figures.figures["periods"][period.value]
    return found


def change(figures: EquityFigures, period: Period) -> Change | None:
    told = told_of(figures, period)
    if "opening" not in told:
        return None
    cents = told["closing"] - told["opening"]
    share = formats.percent(cents / told["opening"]) if told["opening"] > 0 else ""
    return Change(_signed(figures, cents), share, cents < 0)


def span(figures: EquityFigures) -> tuple[str, str] | None:
    """Where equity lies with a chance of eight in ten; None where nobody knows."""
    low, high = figures.report.low, figures.report.high
    return None if low is None or high is None else (figures.money(low), figures.money(high))


def waterfall(figures: EquityFigures, period: Period) -> Bridge | None:
    """None where there is nothing to compare with yet."""
    told = told_of(figures, period)
    if "opening" not in told:
        return None
    parts = {name: (cents, count) for name, cents, count in told["parts"]}
    opening_on = opened_at(told).date()
    steps = [Mark(formats.short_date(opening_on), told["opening"] / 100, figures.money(told["opening"]), tone="total")]
    for part in Part:
        cents, count = parts.get(part.value, (0, 0))
        if part.value not in parts and part not in ALWAYS_SHOWN:
            continue
        note = f"{_customers(count)}. {PART_WORDS[part]}"
        url = figures.link("change", f"{period.value}:{part.value}") if count else ""
        steps.append(Mark(str(PART_LABELS[part]), cents / 100, _signed(figures, cents), note, url))
    closing = Mark(
        formats.short_date(figures.run.at.date()),
        told["closing"] / 100,
        figures.money(told["closing"]),
        _customers(figures.report.customers),
        figures.link("all", ""),
        tone="total",
    )
    return Bridge(
        title=_finding(parts, told["closing"] - told["opening"]),
        said=", ".join(f"{step.name} {step.text}" for step in [*steps, closing]) + ".",
        unit=figures.currency,
        steps=[*steps, closing],
        footer=_how_compared(told),
        name_of_marks=_("Part"),
    )


def _finding(parts: Mapping[str, tuple[int, int]], change: int) -> str:
    gains = sorted(((cents, name) for name, (cents, _n) in parts.items() if cents > 0), reverse=True)
    losses = sorted((cents, name) for name, (cents, _n) in parts.items() if cents < 0)
    if not gains and not losses:
        return _("Nothing changed")
    if change >= 0 and gains:
        first = PART_LABELS[Part(gains[0][1])]
        return _("%(part)s brought most of the gain") % {"part": first}
    if losses:
        first = PART_LABELS[Part(losses[0][1])]
        return _("%(part)s cost more than anything else") % {"part": first}
    return _("Gains and losses even out")


def _how_compared(told: Mapping[str, Any]) -> str:
    if told["is_worked_back"]:
        return _("The opening was worked back from earlier purchases with today’s model.")
    if told["is_restated"]:
        return _("Re-estimate is what today’s model and settings say of the same purchases up to the opening.")
    return _("Re-estimate is what rose without a purchase: the model of the opening could not be asked again.")


def trend(figures: EquityFigures) -> Line | None:
    """None where there is only one figure."""
    if len(figures.history) < 2:
        return None
    first, last = figures.history[0], figures.history[-1]
    ranged = all(moment.low is not None for moment in figures.history)  # a band over part of the line looks like a flaw
    points = [
        Point(
            month_name(moment.at.date()),
            moment.value / 100,
            low=moment.low / 100 if ranged and moment.low is not None else None,
            high=moment.high / 100 if ranged and moment.high is not None else None,
            text=figures.money(moment.value),
            note=_("worked back") if moment.is_worked_back else "",
        )
        for moment in figures.history
    ]
    words = {
        "first": figures.money(first.value), "then": month_name(first.at.date()),
        "last": figures.money(last.value), "now": month_name(last.at.date()),
    }  # fmt: skip
    return Line(
        title=_("Equity month by month"),
        said=_("From %(first)s in %(then)s to %(last)s in %(now)s.") % words,
        unit=figures.currency,
        points=points,
        spark=True,
        height=118,
    )


def tenths(figures: EquityFigures) -> Bars | None:
    rows: Sequence[Sequence[int]] = figures.figures["tenths"]
    shares = concentration([row[2] for row in rows])
    if len(rows) < 2 or not shares:
        return None
    marks = []
    for (tenth, count, cents, low, high), share in zip(rows, shares, strict=True):
        url = figures.link_values(low, high) if figures.segment else figures.link("tenth", str(tenth))
        words = {"customers": _customers(count), "low": figures.money(low), "high": figures.money(high)}
        note = _("%(customers)s, worth %(low)s to %(high)s each") % words
        tone = "" if tenth == 1 or cents < 0 else "soft"
        marks.append(
            Mark(
                f"{tenth}.",
                share,
                formats.percent(share),
                f"{tenth_name(tenth)}: {figures.money(cents)}. {note}",
                url,
                tone,
            )
        )
    return Bars(
        title=_("One customer in ten carries %(share)s of the value") % {"share": formats.percent(shares[0])},
        said=_("Share of equity by tenth of customers, the best first: %(shares)s.")
        % {"shares": ", ".join(mark.text for mark in marks)},
        unit="%",
        marks=marks,
        name_of_marks=_("Tenth"),
        name_of_values=_("Share of equity"),
    )


def curve(figures: EquityFigures) -> Concentration | None:
    rows: Sequence[Sequence[int]] = figures.figures["tenths"]
    carried = running_shares([row[2] for row in rows])
    if len(rows) < 2 or not carried:
        return None
    total = sum(row[1] for row in rows)
    run, points = 0, []
    for row, share in zip(rows, carried, strict=True):
        run += row[1]
        url = figures.link_values(row[3], rows[0][4])
        points.append(Share(run / total, share, _customers(run), url))
    fifth = carried[1] if len(carried) == 10 else carried[0]
    return Concentration(
        title=_("The best fifth carries %(share)s") % {"share": formats.percent(fifth)}
        if len(carried) == 10
        else _("How value gathers"),
        said=_("Running share of equity, the best customers first; the dashed line is equal shares."),
        shares=points,
        note=_("best customers first"),
    )


def cohorts(figures: EquityFigures) -> Heat | None:
    told = figures.figures["cohorts"]
    if not any(share is not None for row in told["rows"] for share in row[3]):
        return None
    by_month = told["unit"] == "month"
    ages = told["ages"]
    heads = [_age(months) for months in ages]
    rows = [
        HeatRow(
            cohort_name(name),
            formats.number(size),
            tuple(HeatCell(share) for share in shares),
            figures.link("cohort", name),
        )
        for name, size, _cents, shares in told["rows"]
    ]
    best = _longest(told["rows"], len(ages))
    title = (
        _("Those recruited in %(when)s stay longest") % {"when": cohort_name(best)}
        if best
        else _("Who is still a customer")
    )
    said = _("Share of each group that is still a customer, by age: %(rows)s.") % {
        "rows": "; ".join(
            f"{row.name}: {', '.join(formats.percent(cell.share) for cell in row.cells if cell.share is not None) or '–'}"
            for row in rows
        )
    }
    return Heat(
        title=title,
        said=said,
        note=_("still customers, % of each group"),
        name_of_marks=_("Recruited") if by_month else _("Recruited in"),
        name_of_sizes=_("Customers"),
        heads=heads,
        groups=rows,
        footer=_("Groups of fewer than %(n)s are hidden.") % {"n": told["smallest"]},
    )


def _longest(rows: Sequence[Any], ages: int) -> str | None:
    """The group that stays longest, by the oldest age at which that can be told apart."""
    for age in reversed(range(ages)):
        reached = sorted(
            ((shares[age], name) for name, _s, _c, shares in rows if shares[age] is not None), reverse=True
        )
        if len(reached) > 1 and reached[0][0] - reached[1][0] >= 0.01:
            return str(reached[0][1])
    return None


def _age(months: int) -> str:
    return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}


def groups(figures: EquityFigures, kind: str) -> list[Group]:
    return [
        Group(group_name(kind, key), key, count, figures.money(cents), figures.link(kind, key))
        for key, count, cents in figures.figures[kind]
    ]


def by_group(figures: EquityFigures, kind: str, said: str) -> Bars | None:
    """The largest groups, and all others together."""
    rows: Sequence[Any] = figures.figures[kind]
    total = figures.report.value
    if len(rows) < 2 or total <= 0:
        return None
    marks = [
        Mark(group_name(kind, key), cents / 100, figures.money(cents), _customers(count), figures.link(kind, key))
        for key, count, cents in rows[:SHOWN_GROUPS]
    ]
    if rest := rows[SHOWN_GROUPS:]:
        cents, count = sum(row[2] for row in rest), sum(row[1] for row in rest)
        marks.append(Mark(_("All others"), cents / 100, figures.money(cents), _customers(count), tone="grey"))
    first = rows[0]
    words = {"group": group_name(kind, first[0]), "share": formats.percent(Decimal(first[2]) / total)}
    return Bars(
        title=said % words,
        said=", ".join(f"{mark.name} {mark.text}" for mark in marks) + ".",
        unit=figures.currency,
        marks=marks,
        across=True,
        name_of_values=_("Equity"),
        height=len(marks) * 34 + 8,
    )


def not_yet(figures: EquityFigures, period: Period) -> str:
    """Why a period can't be shown, and from when on it can."""
    ready = date.fromisoformat(told_of(figures, period)["ready_from"])
    words = {"period": str(PERIOD_LABELS[period]).lower(), "day": formats.long_date(ready)}
    return (
        _("There is no earlier figure to compare a %(period)s with yet. The first comparison comes around %(day)s.")
        % words
    )
