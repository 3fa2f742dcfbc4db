"""All sums of a run, for everyone or for the customers of a view. Asked by the worker; pages read what it stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from django.db import connection

from rapport.foundation.records.queries.fragments import Fragment
from rapport.insight.value.models import EquityComparison, EquityRun
from rapport.insight.value.rules.equity import EIGHT_IN_TEN, Part, Span, span_of_total
from rapport.insight.value.rules.equity_periods import Period, ready_from
from rapport.stores.customers.queries.standings import aliases, times_as_customer

GROUPS = ("tier", "phase", "source", "kind")
SMALLEST_GROUP = 50
MONTH, QUARTER = "month", "quarter"
_ROWS = {MONTH: 12, QUARTER: 8}
_AGES = {MONTH: (1, 2, 3, 6, 9, 12), QUARTER: (3, 6, 9, 12, 15, 18)}  # months after the recruitment
_TOTAL = """
    select count(*), coalesce(sum(p.value), 0)::bigint, coalesce(sum((p.spread / %s::float8) ^ 2), 0)
    from value_equityposition p where p.run_id = %s {where}
"""
_GROUP = """
    select p.{column}, count(*), sum(p.value)::bigint
    from value_equityposition p where p.run_id = %s {where} group by 1 order by 3 desc, 1
"""
_TENTHS = """
    select t.tenth, count(*), sum(t.value)::bigint, min(t.value), max(t.value) from (
        select p.value, {tenth} as tenth from value_equityposition p where p.run_id = %s {where}
    ) t group by 1 order by 1
"""
_TENTH_WITHIN = "ntile(10) over (order by p.value desc, p.customer_id)"
_MONTHS = """
    select date_trunc('month', p.recruited_on)::date, count(*)
    from value_equityposition p where p.run_id = %s and p.recruited_on >= %s {where} group by 1
"""
_COHORTS = """
    select date_trunc(%s, p.recruited_on)::date, count(*), sum(p.value)::bigint
    from value_equityposition p where p.run_id = %s and p.recruited_on >= %s {where} group by 1 order by 1
"""
_STAYED = """
    select date_trunc(%s, p.recruited_on)::date, age.months, count(*)
    from value_equityposition p
    cross join unnest(%s::integer[]) as age(months)
    join ({times}) t on t.customer_id = p.customer_id
        and t.since <= p.recruited_on + make_interval(months => age.months)
        and t.until > p.recruited_on + make_interval(months => age.months)
    where p.run_id = %s and p.recruited_on >= %s {where} group by 1, 2
"""
_PARTS = """
    select e.part, sum(e.cents)::bigint, count(*)
    from value_equityentry e where e.comparison_id = %s {where} group by 1
"""
_THEN = """
    select coalesce(sum(p.value), 0)::bigint
    from value_equityposition p left join ({aliases}) a on a.absorbed_id = p.customer_id where p.run_id = %s {where}
"""


@dataclass(frozen=True)
class Figures:
    customers: int
    value: int
    span: Span | None
    figures: dict[str, Any]


def figures_of(run: EquityRun, members: Fragment | None) -> Figures:
    """`members`: a SELECT of the ids of the customers that count; None for everyone."""
    asked = _Asked(run, members)
    [(customers, value, variance)] = asked.rows(_TOTAL, 2 * EIGHT_IN_TEN, run.pk)
    figures = {name: [list(row) for row in asked.rows(_GROUP, run.pk, column=f'"{name}"')] for name in GROUPS}
    tenth = "p.tenth" if members is None else _TENTH_WITHIN
    return Figures(
        customers,
        value,
        span_of_total(value, variance, asked.draws(value)),
        {
            **figures,
            "tenths": [list(row) for row in asked.rows(_TENTHS, run.pk, tenth=tenth)],
            "cohorts": asked.cohorts(),
            "periods": {period.value: asked.period(period) for period in Period},
        },
    )


class _Asked:
    def __init__(self, run: EquityRun, members: Fragment | None) -> None:
        self.run = run
        self.members = members

    def rows(self, sql: str, *params: Any, of: str = "p.customer_id", **parts: str) -> list[tuple[Any, ...]]:
        where = f"and {of} in ({self.members.text})" if self.members else ""
        more: Sequence[Any] = self.members.params if self.members else ()
        with connection.cursor() as cursor:
            cursor.execute(sql.format(where=where, **parts), [*params, *more])
            return cursor.fetchall()

    def draws(self, value: int) -> list[int]:
        """Totals under other parameters. Of a part of the customers only the whole is known: its share of it."""
        draws: list[int] = self.run.draws
        if not draws or self.members is None:
            return draws
        [(whole,)] = _Asked(self.run, None).rows(_WHOLE, self.run.pk)
        return [round(draw * value / whole) for draw in draws] if whole else []

    def cohorts(self) -> dict[str, Any]:
        at = self.run.at.astimezone(UTC).date()
        sizes = [count for _, count in self.rows(_MONTHS, self.run.pk, _months_before(at, _ROWS[MONTH]))]
        unit = MONTH if sizes and median(sizes) >= SMALLEST_GROUP else QUARTER
        first = _first(at, unit)
        ages = list(_AGES[unit])
        stayed = {
            (cohort, months): count
            for cohort, months, count in self.rows(
                _STAYED, unit, ages, self.run.pk, first, times=times_as_customer().text
            )
        }
        rows = [
            [
                _cohort_name(cohort, unit),
                size,
                cents,
                [
                    stayed.get((cohort, months), 0) / size
                    if size >= SMALLEST_GROUP and _has_reached(cohort, unit, months, at)
                    else None
                    for months in ages
                ],
            ]
            for cohort, size, cents in self.rows(_COHORTS, unit, self.run.pk, first)
        ]
        return {"unit": unit, "ages": ages, "smallest": SMALLEST_GROUP, "rows": rows}

    def period(self, period: Period) -> dict[str, Any]:
        found = EquityComparison.objects.filter(period=period, run_id=self.run.pk).first()
        if found is None:
            oldest = EquityRun.objects.filter(has_positions=True).order_by("at").values_list("at", flat=True).first()
            return {"ready_from": ready_from(oldest or self.run.at, period).isoformat()}
        sums = {part: (int(cents), count) for part, cents, count in self.rows(_PARTS, found.pk, of="e.customer_id")}
        opening, closing = found.opening, found.closing
        if self.members is not None:
            names = aliases().text
            who = "coalesce(a.surviving_id, p.customer_id)"
            [(opening,)] = self.rows(_THEN, found.opening_run_id, of=who, aliases=names)
            [(_, closing, _)] = self.rows(_TOTAL, 1.0, self.run.pk)
        then = EquityRun.objects.get(pk=found.opening_run_id)
        return {
            "opening_at": then.at.isoformat(),
            "is_worked_back": then.is_worked_back,
            "is_restated": found.is_restated,
            "opening": opening,
            "closing": closing,
            "parts": [[part.value, *sums[part]] for part in Part if part in sums],
        }


_WHOLE = "select coalesce(sum(p.value), 0)::bigint from value_equityposition p where p.run_id = %s {where}"


def _months_before(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _first(at: date, unit: str) -> date:
    """Where the oldest cohort shown begins; the one that is still filling is shown too."""
    if unit == MONTH:
        return _months_before(at, _ROWS[MONTH])
    return _months_before(at.replace(day=1), _ROWS[QUARTER] * 3 + (at.month - 1) % 3)


def _cohort_name(cohort: date, unit: str) -> str:
    return f"{cohort:%Y-%m}" if unit == MONTH else f"{cohort.year}-Q{(cohort.month + 2) // 3}"


def _has_reached(cohort: date, unit: str, months: int, at: date) -> bool:
    """Whether all of the cohort are that old."""
    return _months_before(cohort, -(months + (1 if unit == MONTH else 3))) <= at


def cohort_range(name: str) -> tuple[date, date]:
    """First day, and first day after, of a cohort's name."""
    year, _, rest = name.partition("-")
    month, length = (int(rest[1:]) * 3 - 2, 3) if rest.startswith("Q") else (int(rest), 1)
    first = date(int(year), month, 1)
    return first, _months_before(first, -length)


def opened_at(told: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(told["opening_at"])
