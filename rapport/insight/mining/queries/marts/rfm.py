"""Recency, frequency and money of each customer, over the days on which they bought (`value.queries.histories`).

The three digits are those of the scores: a test holds both equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table

QUINTILES = 5


def summaries(purchase_days: Table) -> Table:
    """One row a customer: customer_id, last and first (numbers of days), orders (days with one), margin."""
    return purchase_days.group_by("customer_id").agg(
        last=purchase_days.day.max(),
        first=purchase_days.day.min(),
        orders=purchase_days.count().cast("int64"),
        margin=purchase_days.margin.sum(),
    )


def quintiles(summaries: Table) -> Table:
    """The summaries with r, f and m from 1 to 5, the best being 5. Equals share a fifth, so fifths are not always of one
    size: where most bought once, most have the frequency 1. Money is the mean margin of a purchase."""
    everybody = summaries.aggregate(buyers=summaries.count().cast("int64"))
    scored = summaries.cross_join(everybody).mutate(mean=lambda rows: rows.margin / rows.orders)
    for digit, value in (("r", "last"), ("f", "orders"), ("m", "mean")):
        scored = scored.mutate(place=ibis.row_number().over(ibis.window(order_by=scored[value])).cast("int64"))
        # How many are worse, the same for equals. (rank() counts equals apart on one engine.)
        below = scored.place.min().over(ibis.window(group_by=scored[value]))
        scored = scored.mutate(**{digit: (below * QUINTILES // scored.buyers + 1).cast("int64")})
    return scored.drop("buyers", "mean", "place")


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
