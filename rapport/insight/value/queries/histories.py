"""Purchases of everyone, counted in the engine: one row a customer leaves it, whole numbers and sums.

Every table takes an engine and gives an Ibis table; nothing is read before `run`. Days are days in UTC, as whole numbers
since 1970.
"""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, Any

from rapport.foundation.lib import clock
from rapport.stores.warehouse.queries.marts import purchases

if TYPE_CHECKING:
    import ibis

    from rapport.stores.warehouse.queries.engine import Engine

EPOCH = date(1970, 1, 1)
NUMBER = "p_subscription"  # the property that tells contracts of one customer apart
CONTRACT_BEGUN, CONTRACT_RENEWED, CONTRACT_ENDED = "subscription_started", "subscription_renewed", "subscription_ended"


def day_number(day: date) -> int:
    return (day - EPOCH).days


def today() -> date:
    """By the clock of the data: UTC."""
    return clock.now().astimezone(UTC).date()


def purchase_days(engine: Engine, until: date) -> ibis.Table:
    """One row a customer and day with a purchase: customer_id, day, margin. Of known, living customers only."""
    bought = purchases(engine)
    known = engine.table("customers").select(known_id="customer_id")
    rows = bought.filter(bought.day <= until).semi_join(known, bought.customer_id == known.known_id)
    numbered = rows.select(customer_id=rows.customer_id, day=_day(rows.day), margin=rows.margin)
    return numbered.group_by("customer_id", "day").agg(
        margin=numbered.margin.fill_null(0.0).sum(), told=numbered.margin.notnull().sum()
    )


def histories(engine: Engine, until: date, cut: date) -> ibis.Table:
    """One row a customer who bought by `until`; columns with `_cut` know only what was known on the day `cut`.

    customer_id, first, last, days (with a purchase), spent, first_spent, told (days with an amount), last_cut, days_cut.
    """
    import ibis

    days = purchase_days(engine, until)
    known = days.day <= day_number(cut)
    each = days.group_by("customer_id").agg(
        first=days.day.min(),
        last=days.day.max(),
        days=days.count(),
        spent=days.margin.sum(),
        told=(days.told > 0).sum(),
        first_cut=days.day.min(where=known),
        last_cut=days.day.max(where=known),
        days_cut=known.sum(),
    )
    begun = days.select(begun_id="customer_id", begun="day", first_spent="margin")
    joined = each.left_join(begun, [each.customer_id == begun.begun_id, each.first == begun.begun])
    return joined.select(
        "customer_id", "first", "last", "days", "spent", "told", "last_cut", "days_cut",
        first_spent=ibis.coalesce(joined.first_spent, 0.0),
    )  # fmt: skip


def gaps(engine: Engine, until: date) -> ibis.Table:
    """One row a customer who came back: customer_id, latency (median days between days with a purchase)."""
    import ibis

    days = purchase_days(engine, until)
    before = days.day.lag().over(ibis.window(group_by=days.customer_id, order_by=days.day))
    between = days.select(customer_id=days.customer_id, gap=days.day - before)
    waited = between.filter(between.gap.notnull())
    return waited.group_by("customer_id").agg(latency=waited.gap.cast("float64").median())


def periods(engine: Engine, until: date, period: str) -> ibis.Table:
    """One row a customer and period with a purchase: customer_id, period (a running number), margin."""
    days = purchase_days(engine, until)
    at = days.day.cast("int64")
    # From the day number back to a date, so that the engine's own calendar counts.
    day = (_epoch() + at.as_interval("D")).cast("date")
    number = {
        "month": day.year() * 12 + day.month() - 1,
        "quarter": day.year() * 4 + day.quarter() - 1,
        "year": day.year(),
    }[period]
    placed = days.select(customer_id=days.customer_id, period=number.cast("int64"), margin=days.margin, day=days.day)
    return placed.group_by("customer_id", "period").agg(margin=placed.margin.sum(), day=placed.day.max())


def contracts(engine: Engine, until: date) -> ibis.Table:
    """One row a contract, told apart by the number its touch points give it: customer_id, begun, last (day of a payment),
    renewals, ended (day, or empty while it runs), margin (of a payment), spent.

    A contract that began again counts from its last beginning.
    """
    import ibis

    from rapport.stores.warehouse.queries.marts import margin_rate

    rows = engine.table("touchpoints")
    kinds = (CONTRACT_BEGUN, CONTRACT_RENEWED, CONTRACT_ENDED)
    rows = rows.filter(rows.kind.isin(kinds) & (rows.occurred_at.date() <= until))
    known = engine.table("customers").select(known_id="customer_id")
    rows = rows.semi_join(known, rows.customer_id == known.known_id)
    number = rows[NUMBER].fill_null("") if NUMBER in rows.columns else ibis.literal("")
    dated = rows.select(
        customer_id=rows.customer_id, number=number, kind=rows.kind, day=_day(rows.occurred_at.date()), amount=rows.amount
    )  # fmt: skip
    beginning = ibis.cases((dated.kind == CONTRACT_BEGUN, dated.day), else_=ibis.null("int64"))
    since = dated.mutate(begun=beginning.max().over(ibis.window(group_by=[dated.customer_id, dated.number])))
    since = since.filter(since.day >= since.begun)
    paid = since.kind != CONTRACT_ENDED
    each = since.group_by("customer_id", "number").agg(
        begun=since.begun.max(),
        last=since.day.max(where=paid),
        renewals=(since.kind == CONTRACT_RENEWED).sum(),
        over=since.day.max(where=~paid),
        margin=since.amount.mean(where=paid) * margin_rate(),
        spent=since.amount.sum(where=paid) * margin_rate(),
    )
    return each.select(
        "customer_id", "number", "begun", "last", "renewals", "margin", "spent",
        ended=ibis.cases((each.over >= each.last, each.over), else_=ibis.null("int64")),
    )  # fmt: skip


def contract_lives(engine: Engine, until: date) -> ibis.Table:
    """One row a customer with a contract: customer_id, begun, last, renewals, ended (day, or empty), margin, spent.

    Who has several is with us while one of them runs: as long as the longest of those, for what they bring together.
    """
    import ibis

    each = contracts(engine, until)
    runs = each.ended.isnull()
    told = each.group_by("customer_id").agg(
        running=runs.sum(),
        begun_running=each.begun.min(where=runs),
        begun_ever=each.begun.max(),
        last_running=each.last.max(where=runs),
        last_ever=each.last.max(),
        renewals_running=each.renewals.max(where=runs),
        renewals_ever=each.renewals.max(),
        ended=each.ended.max(),
        margin_running=each.margin.sum(where=runs),
        margin_ever=each.margin.mean(),
        spent=each.spent.sum(),
    )
    there = told.running > 0
    return told.select(
        customer_id=told.customer_id,
        begun=ibis.ifelse(there, told.begun_running, told.begun_ever),
        last=ibis.ifelse(there, told.last_running, told.last_ever),
        renewals=ibis.ifelse(there, told.renewals_running, told.renewals_ever),
        ended=ibis.ifelse(there, ibis.null("int64"), told.ended),
        margin=ibis.ifelse(there, told.margin_running, told.margin_ever),
        spent=told.spent,
    )


def _day(value: Any) -> Any:
    return value.epoch_days().cast("int64")


def _epoch() -> Any:
    import ibis

    return ibis.date(EPOCH.isoformat())
