"""Funnels: who went from step to step, in order, within a time.

Both ways of counting give one row for each customer who began: customer_id, wait_2, wait_3, … in seconds, NULL from the
step that was not reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from rapport.insight.mining.queries.marts.acts import any_act, is_act
from rapport.insight.mining.queries.marts.instants import seconds

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, IntegerValue, Table, TimestampValue, Value

    from rapport.insight.mining.types import Act


def first_view(touchpoints: Table, steps: tuple[Act, ...], days: int) -> Table:
    """From each customer's first step ever. Waits are since the step before.

    A step counts when it comes later than the one before and at most `days` after the first. The later steps are read
    once, joined to those who began, and gathered as lists: what is within the time is little, whatever the ledger holds.
    """
    begun = touchpoints.filter(is_act(touchpoints, steps[0]))
    first = begun.group_by("customer_id").agg(t1=begun.occurred_at.min())
    later = touchpoints.filter(any_act(touchpoints, steps[1:]))
    later = later.select("customer_id", "occurred_at", **_flags(later, steps[1:], 2))
    near = later.join(first, "customer_id")
    near = near.filter(near.occurred_at > near.t1, near.occurred_at <= near.t1 + ibis.interval(days=days))
    lists = near.group_by("customer_id").agg(
        t1=near.t1.min(),
        **{f"l{n}": near.occurred_at.collect(where=near[f"s{n}"]) for n in range(2, len(steps) + 1)},
    )
    for n in range(2, len(steps) + 1):
        lists = lists.mutate(**{f"t{n}": _next(lists, n)})
    waits = lists.select(
        "customer_id", **{f"wait_{n}": _seconds(lists[f"t{n}"], lists[f"t{n - 1}"]) for n in range(2, len(steps) + 1)}
    )
    return first.left_join(waits, "customer_id").select(first.customer_id, *[waits[name] for name in _waits(steps)])


def any_start(touchpoints: Table, steps: tuple[Act, ...], days: int) -> Table:
    """From whichever start leads furthest. Waits are since that start, the shortest there is.

    Step by step, each touch point learns the latest start that led to it: a later start reaches all that an earlier one
    reaches. What happened at the same instant is one row, so that a step is never before itself.
    """
    meant = touchpoints.filter(any_act(touchpoints, steps))
    meant = meant.select("customer_id", "occurred_at", **_flags(meant, steps, 1))
    rows = meant.group_by("customer_id", "occurred_at").agg(
        **{f"s{n}": meant[f"s{n}"].cast("int64").max() for n in range(1, len(steps) + 1)}
    )
    never = ibis.null(rows.occurred_at.type())
    rows = rows.mutate(b1=ibis.ifelse(rows.s1 == 1, rows.occurred_at, never))
    earlier = ibis.window(group_by="customer_id", order_by="occurred_at", preceding=(None, 1))
    for n in range(2, len(steps) + 1):
        rows = rows.mutate(led=rows[f"b{n - 1}"].max().over(earlier))
        in_time = (rows[f"s{n}"] == 1) & (rows.occurred_at <= rows.led + ibis.interval(days=days))
        rows = rows.mutate(**{f"b{n}": ibis.ifelse(in_time, rows.led, never)}).drop("led")
    return (
        rows.group_by("customer_id")
        .agg(
            began=rows.s1.max(),
            **{
                f"wait_{n}": _seconds(rows.occurred_at, rows[f"b{n}"]).min(where=rows[f"b{n}"].notnull())
                for n in range(2, len(steps) + 1)
            },
        )
        .filter(lambda chains: chains.began == 1)
        .select("customer_id", *_waits(steps))
    )


def counts(chains: Table, steps: int) -> Table:
    """One row: n1, n2, … (how many reached each step) and w2, w3, … (their median wait in seconds)."""
    return chains.agg(
        n1=chains.count().cast("int64"),
        **{f"n{n}": chains[f"wait_{n}"].count().cast("int64") for n in range(2, steps + 1)},
        **{f"w{n}": chains[f"wait_{n}"].cast("float64").median() for n in range(2, steps + 1)},
    )


def members(chains: Table, *, step: int, went_on: bool | None) -> Table:
    """The customers behind a figure: customer_id. Those who reached the step, and the next one, or did not."""
    rows = chains if step == 1 else chains.filter(chains[f"wait_{step}"].notnull())
    if went_on is not None:
        following = rows[f"wait_{step + 1}"]
        rows = rows.filter(following.notnull() if went_on else following.isnull())
    return rows.select("customer_id")


def _flags(table: Table, steps: tuple[Act, ...], begin: int) -> dict[str, BooleanValue]:
    return {f"s{n}": is_act(table, step) for n, step in enumerate(steps, begin)}


def _waits(steps: tuple[Act, ...]) -> list[str]:
    return [f"wait_{n}" for n in range(2, len(steps) + 1)]


def _next(lists: Table, n: int) -> Value:
    """The earliest of the n-th step later than the step before; for the second step all are later already."""
    later = lists[f"l{n}"]
    if n > 2:
        previous = lists[f"t{n - 1}"]
        # A step that was not reached is followed by none: lambdas must answer true or false, and NULL is neither.
        later = ibis.ifelse(previous.isnull(), later[:0], later.filter(lambda at: (at > previous).fill_null(False)))
    # The least of an empty list is NULL on one engine and 1970 on another.
    return ibis.ifelse(later.length() > 0, later.mins(), ibis.null(later.type().value_type))


def _seconds(later: TimestampValue, earlier: TimestampValue) -> IntegerValue:
    return seconds(later) - seconds(earlier)
