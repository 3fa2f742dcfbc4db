"""Cohorts: for each customer, the period of the first act and one bit for every period with another.

A customer is one row of a few integers, so that the table of all cohorts is counted from them without joining the
touch points to themselves or counting distinct customers a cell.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import ibis

from rapport.insight.mining.queries.marts.acts import is_act
from rapport.insight.mining.queries.marts.instants import DAY, seconds

if TYPE_CHECKING:
    from ibis.expr.types import IntegerValue, Table

    from rapport.insight.mining.types import Act

BITS = 62  # of a signed 64-bit integer that never turn it negative, on any engine
_MONDAY = datetime(1969, 12, 29, tzinfo=UTC)


def bitmaps(touchpoints: Table, *, start: Act, again: Act, unit: str, origin: date, periods: int) -> Table:
    """One row a customer who ever did `start`: customer_id, first (0 is the period of `origin`), bits_0, bits_1, …

    Bit b of bits_i stands for period 62 i + b after `origin`. `first` is below 0 for those who began before.
    """
    begins, returns = is_act(touchpoints, start), is_act(touchpoints, again)
    meant = touchpoints.filter(begins if start == again else begins | returns)
    meant = meant.mutate(period=_period(meant, unit, origin))
    inner = None if start == again else is_act(meant, again)
    grouped = meant.group_by("customer_id").agg(
        first=meant.period.min(where=None if start == again else is_act(meant, start)),
        **{f"bits_{i}": _bits(meant, i * BITS, inner) for i in range(blocks(periods))},
    )
    return grouped.filter(grouped["first"].notnull(), grouped["first"] < periods)


def blocks(periods: int) -> int:
    return -(-periods // BITS)


def members(bitmaps: Table, *, first: int, offset: int, came: bool | None) -> Table:
    """The customers behind a cell: customer_id. `came` None: the whole cohort."""
    rows = bitmaps.filter(bitmaps["first"] == first)
    if came is not None:
        period = first + offset
        bits = rows[f"bits_{period // BITS}"].cast("int64")
        held = (bits >> (rows["first"] * 0 + period % BITS).cast("int64")) % 2 == 1
        rows = rows.filter(held if came else ~held)
    return rows.select("customer_id")


def _period(table: Table, unit: str, origin: date) -> IntegerValue:
    if unit == "week":
        # Weeks since the Monday of 1969-12-29, then from the origin: a division below zero would round by engine.
        began = datetime(origin.year, origin.month, origin.day, tzinfo=UTC) - _MONDAY
        weeks = (seconds(table.occurred_at) + 3 * DAY) // (7 * DAY)
        return weeks.cast("int64") - began.days // 7
    months = table.occurred_at.year().cast("int64") * 12 + table.occurred_at.month().cast("int64")
    return months - (origin.year * 12 + origin.month)


def _bits(table: Table, low: int, counts: Any) -> Any:
    within = (table.period >= low) & (table.period < low + BITS)
    if counts is not None:
        within &= counts
    place = ibis.ifelse(within, table.period - low, 0).cast("int64")
    return (within.cast("int64") << place).bit_or().cast("int64")
