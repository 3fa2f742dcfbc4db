"""Recency, frequency and money of each customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from datetime import datetime

    from ibis.expr.types import Table

QUINTILES = 5


def summaries(purchases: Table, until: datetime | None = None) -> Table:
    """One row a customer: last_at, first_at, orders, margin. Purchases after `until` have not happened yet."""
    known = purchases if until is None else purchases.filter(purchases.occurred_at < ibis.literal(until))
    return known.group_by("customer_id").agg(
        last_at=known.occurred_at.max(),
        first_at=known.occurred_at.min(),
        orders=known.count().cast("int64"),
        margin=known.margin.sum().fill_null(0.0),  # NULL when no amount is known
    )


def quintiles(summaries: Table) -> Table:
    """The summaries with r, f and m from 1 to 5, the best being 5: fifths of equal size, whatever the ties.

    Equal frequencies (most customers bought once) are told apart by the later purchase, and what is still equal by id.
    """
    return summaries.mutate(
        r=_fifth(summaries, "last_at", "customer_id"),
        f=_fifth(summaries, "orders", "last_at", "customer_id"),
        m=_fifth(summaries, "margin", "last_at", "customer_id"),
    )


def grid(scored: Table) -> Table:
    """25 rows at most: r, f, customers, orders, margin."""
    return scored.group_by("r", "f").agg(
        customers=scored.count().cast("int64"), orders=scored.orders.sum(), margin=scored.margin.sum()
    )


def moves(before: Table, after: Table) -> Table:
    """How those scored at both times moved: r0, f0, r, f, customers, margin (of what they ever bought, by then)."""
    then = before.select("customer_id", r0=before.r, f0=before.f)
    both = then.join(after, "customer_id")
    return both.group_by("r0", "f0", "r", "f").agg(customers=both.count().cast("int64"), margin=both.margin.sum())


def _fifth(table: Table, *order: str) -> ibis.expr.types.IntegerColumn:
    window = ibis.window(order_by=[table[name] for name in order])
    return (ibis.ntile(QUINTILES).over(window) + 1).cast("int64")
