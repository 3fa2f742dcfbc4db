"""From the warehouse to arrays: the engine counts, one row a customer leaves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from rapport.insight.value.queries import histories as marts
from rapport.insight.value.queries.histories import today
from rapport.insight.value.rules.buyers import HOLD_OUT, Attendance, Buyers, ContractLives, attendance_of, lapsed
from rapport.stores.warehouse.queries.marts import purchases

if TYPE_CHECKING:
    import pyarrow as pa

    from rapport.stores.warehouse.queries.engine import Engine

__all__ = ["attendance", "buyers", "contract_lives", "cut_of", "today", "window"]


def window(engine: Engine, until: date) -> tuple[date | None, int]:
    """The day of the first purchase, and how many purchases lie after `until`: dates in the future count nowhere."""
    bought = purchases(engine)
    row = engine.run(bought.agg(first=bought.day.min(), later=(bought.day > until).sum())).to_pylist()[0]
    first = row["first"]
    return (first.date() if isinstance(first, datetime) else first), int(row["later"] or 0)


def cut_of(first: date, until: date) -> date:
    """Where the hold-out begins: the last quarter of the window."""
    return until - timedelta(days=round((until - first).days * HOLD_OUT))


def buyers(engine: Engine, until: date, cut: date, *, with_gaps: bool = True) -> Buyers:
    table = engine.run(marts.histories(engine, until, cut))
    found = Buyers(
        customer_id=_ids(table),
        first=_ints(table, "first"),
        last=_ints(table, "last"),
        days=_ints(table, "days"),
        spent=_floats(table, "spent"),
        first_spent=_floats(table, "first_spent"),
        told=_ints(table, "told"),
        last_cut=_ints(table, "last_cut"),
        days_cut=_ints(table, "days_cut"),
        latency=np.full(len(table), np.nan),
        until=until,
        cut=cut,
    )
    if not with_gaps:
        return found
    gaps = engine.run(marts.gaps(engine, until))
    return replace(found, latency=_joined(found.customer_id, gaps, "latency"))


def attendance(engine: Engine, of: Buyers, period: str) -> Attendance:
    import pyarrow.compute as pc

    table = engine.run(marts.periods(engine, of.until, period))
    place = pc.index_in(table["customer_id"].combine_chunks(), value_set=of.customer_id)
    customer = place.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    known = customer >= 0
    newest = {
        "month": of.until.year * 12 + of.until.month - 1,
        "quarter": of.until.year * 4 + (of.until.month - 1) // 3,
        "year": of.until.year,
    }[period] - 1  # the last one that is over
    return attendance_of(
        customer[known], _ints(table, "period")[known], _floats(table, "margin")[known], count=of.count, newest=newest
    )


def contract_lives(engine: Engine, until: date, period_days: float) -> ContractLives:
    table = engine.run(marts.contract_lives(engine, until))
    begun, last, ended = _ints(table, "begun"), _ints(table, "last"), _ints(table, "ended", none=-1)
    ended = lapsed(last, ended, today=marts.day_number(until), period_days=period_days)
    return ContractLives(
        customer_id=_ids(table),
        begun=begun,
        last=last,
        renewals=_ints(table, "renewals"),
        ended=ended,
        margin=_floats(table, "margin"),
        spent=_floats(table, "spent"),
        until=until,
    )


def _ids(table: pa.Table) -> Any:
    column = table["customer_id"].combine_chunks()
    return column.chunk(0) if hasattr(column, "chunk") else column


def _ints(table: pa.Table, name: str, none: int = 0) -> Any:
    return table[name].fill_null(none).to_numpy().astype(np.int64, copy=False)


def _floats(table: pa.Table, name: str) -> Any:
    return table[name].cast("float64").fill_null(float("nan")).to_numpy()


def _joined(ids: Any, table: pa.Table, name: str) -> Any:
    """A column of the table in the order of the ids; not a number where there is no row."""
    import pyarrow.compute as pc

    if not len(table):
        return np.full(len(ids), np.nan)
    at = pc.index_in(ids, value_set=table["customer_id"].combine_chunks())
    values = _floats(table, name)
    place = at.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
