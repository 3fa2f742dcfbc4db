"""What a run says of each buyer, as rows of scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from rapport.insight.value.queries.histories import EPOCH, day_number
from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.rules import ranks
from rapport.insight.value.rules.buyers import Buyers, ContractBuyers
from rapport.insight.value.rules.histories import Floats
from rapport.insight.value.services.fits import Result, horizon_of
from rapport.stores.customers.rules.scores import ScoreRow

_AT_ONCE = 25_000


def score_rows(result: Result, buyers: Buyers, rules: ValueRules, currency: str) -> Iterator[ScoreRow]:
    """One row a buyer, made part by part."""
    count = buyers.count
    today = day_number(buyers.until)
    recency, purchases = (today - buyers.last).astype(np.float64), buyers.days
    margin = np.where(purchases > 0, buyers.spent / np.maximum(purchases, 1), 0.0)
    told, place = result.outlook, result.place
    values = result.values if result.values is not None else np.full(count, np.nan)
    tier = ranks.tiers(values, rules.tier_shares)
    rfm = ranks.rfm(recency, purchases.astype(np.float64), margin)
    ended = np.zeros(count, dtype=bool)
    if isinstance(buyers, ContractBuyers):
        ended = buyers.has_ended

    def spread(name: str) -> Floats:
        return getattr(told, name)[place] if told is not None and place is not None else np.full(count, np.nan)

    alive = np.where(ended, 0.0, spread("p_alive"))
    risk = np.where(ended, 1.0, spread("p_none"))
    year = np.where(ended, 0.0, spread("year"))
    wait = spread("wait_days")
    low = result.low if result.low is not None else np.full(count, np.nan)
    high = result.high if result.high is not None else np.full(count, np.nan)
    since = buyers.last if isinstance(buyers, ContractBuyers) else np.full(count, today)
    expected = (alive >= 0.5) & np.isfinite(wait) & (wait <= horizon_of(rules).days)
    next_on = np.where(expected, np.maximum(since + np.where(expected, np.ceil(wait), 0), today), -1).astype(np.int64)
    for begin in range(0, count, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        columns = (
            buyers.customer_id.slice(begin, _AT_ONCE).to_pylist(),
            *(_plain(each[part], places) for each, places in ((values, 2), (low, 2), (high, 2))),
            _plain(buyers.spent[part], 2),
            *(_plain(each[part], places) for each, places in ((alive, 4), (risk, 4), (year, 3))),
            [EPOCH + timedelta(days=day) if day >= 0 else None for day in next_on[part].tolist()],
            tier[part].tolist(),
            [EPOCH + timedelta(days=day) for day in buyers.last[part].tolist()],
            (purchases[part] - 1).tolist(),
            _plain(buyers.latency[part], 1),
            _plain(margin[part], 2),
            rfm[part].tolist(),
        )
        rest = (result.reason, result.model, currency)
        for row in zip(*columns, strict=True):
            yield ScoreRow._make((*row, *rest))


def _plain(values: Floats, places: int) -> list[float | None]:
    """Numbers as the database takes them; None where there is none."""
    known = np.isfinite(values)
    rounded = np.round(np.where(known, values, 0.0), places) + 0.0
    if known.all():
        return rounded.tolist()
    return [value if there else None for value, there in zip(rounded.tolist(), known.tolist(), strict=True)]
