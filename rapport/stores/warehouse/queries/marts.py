"""Tables that several questions begin with. Each takes an engine and gives an Ibis table; nothing is read before `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rapport.stores.warehouse.extension_points import ASSUMED_MARGIN_RATE, margin_rates

if TYPE_CHECKING:
    import ibis

    from rapport.stores.warehouse.queries.engine import Engine

PURCHASE = "order_placed"
CANCELLED = ("order_cancelled",)
REFUNDED = ("order_refunded", "refund_paid")
CENT = 0.005


def margin_rate() -> float:
    """The share of an amount taken for margin where no margin was told."""
    slot = margin_rates.get("insight")
    return float(slot()) if slot else ASSUMED_MARGIN_RATE


def touchpoints(engine: Engine) -> ibis.Table:
    """One row a touch point."""
    return engine.table("touchpoints")


def purchases(engine: Engine) -> ibis.Table:
    """One row a purchase: customer_id, occurred_at, day (in UTC), amount, margin, order_number, channel, campaign, id.

    Amounts are in the workspace's currency and empty where none was told or no rate is known (see `unconverted`). Orders
    that were cancelled, or refunded in full, are left out; a part refunded is taken off amount and, in proportion, margin.
    """
    import ibis

    rows = engine.table("touchpoints")
    placed = rows.filter(rows.kind == PURCHASE)
    taken_back = rows.filter(rows.kind.isin((*CANCELLED, *REFUNDED)) & rows.order_number.notnull())
    # One row for each order: what was refunded, and whether it was cancelled.
    back = taken_back.group_by(back_customer="customer_id", back_number="order_number").agg(
        refunded=taken_back.amount.abs().sum(where=taken_back.kind.isin(REFUNDED)),
        cancelled=taken_back.count(where=taken_back.kind.isin(CANCELLED)),
    )
    joined = placed.left_join(back, [placed.customer_id == back.back_customer, placed.order_number == back.back_number])
    refunded = ibis.coalesce(joined.refunded, 0.0)
    left = joined.amount - refunded
    share = ibis.cases((joined.amount > 0, left / joined.amount), else_=1.0)
    margin = ibis.coalesce(joined.margin * _in_home_currency(joined), joined.amount * margin_rate())
    stands = (ibis.coalesce(joined.cancelled, 0) == 0) & ((refunded == 0) | (left > CENT) | joined.amount.isnull())
    return joined.filter(stands).select(
        customer_id=joined.customer_id,
        occurred_at=joined.occurred_at,
        day=joined.occurred_at.date(),
        amount=left,
        margin=margin * share,
        order_number=joined.order_number,
        channel=joined.channel,
        campaign=joined.campaign,
        id=joined.id,
    )


def _in_home_currency(rows: Any) -> Any:
    """What one unit of the touch point's currency is worth at home: as its amount was converted. Empty where unknown."""
    import ibis

    given = rows.amount_original.cast("float64")
    return ibis.cases((given == 0, 1.0), (rows.amount.isnull(), ibis.null("float64")), else_=rows.amount / given)


def unconverted(engine: Engine) -> ibis.Table:
    """How many purchases have an amount in a currency no rate is known for: currency, purchases."""
    rows = engine.table("touchpoints")
    lost = rows.filter((rows.kind == PURCHASE) & rows.amount.isnull() & rows.amount_original.notnull())
    return lost.group_by("currency").agg(purchases=lost.count())


def rfm(engine: Engine) -> ibis.Table:
    """One row a buyer: customer_id, purchases, amount, first_at, last_at."""
    bought = purchases(engine)
    return bought.group_by("customer_id").agg(
        purchases=bought.count(),
        amount=bought.amount.sum(),
        first_at=bought.occurred_at.min(),
        last_at=bought.occurred_at.max(),
    )


def months(engine: Engine) -> ibis.Table:
    """Touch points and the customers behind them by month and kind: month, kind, touchpoints, customers."""
    rows = engine.table("touchpoints")
    dated = rows.select(month=rows.occurred_at.truncate("M").date(), kind=rows.kind, customer_id=rows.customer_id)
    # Distinct first, then counted: nunique() is an estimate on some engines.
    each = dated.group_by("month", "kind", "customer_id").agg(n=dated.count())
    return each.group_by("month", "kind").agg(touchpoints=each.n.sum(), customers=each.count())
