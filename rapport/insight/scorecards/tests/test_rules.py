"""Rules of the scorecard."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.scorecards.queries.lines import handed_over_since
from rapport.insight.scorecards.rules.lines import Numbers, change, month_of
from rapport.insight.scorecards.rules.wires import DEFAULTS, Wire, WireRule, is_tripped, why
from rapport.stores.customers.rules.phases import rhythm

GAPS = st.lists(st.integers(1, 40), min_size=4, max_size=7)


@given(gaps=GAPS, last=st.integers(1, 120), threshold=st.sampled_from(["0", "1.5", "3"]))
def test_gap_trips_beyond_the_median_and_the_threshold(gaps: list[int], last: int, threshold: str) -> None:
    middle, spread = rhythm([float(gap) for gap in gaps])
    assert middle is not None
    assert spread is not None
    rule = WireRule(wire=Wire.GAP, threshold=Decimal(threshold))

    facts = {"days": float(last), "median": middle, "spread": spread}
    limit = middle + max(float(threshold) * spread, 1.0)

    assert is_tripped(rule, facts) == (last > limit)
    assert str(last) in why(rule, facts, money=str, percent=str)


@given(before=st.floats(0, 1), now=st.floats(0, 1))
def test_rise_never_trips(before: float, now: float) -> None:
    facts = {"before": min(before, now), "now": max(before, now)}

    assert not is_tripped(DEFAULTS[Wire.ALIVE_DROP], facts)
    assert not is_tripped(DEFAULTS[Wire.VALUE_FALLS], facts)


def numbers(**given: Any) -> Numbers:
    values: dict[str, Any] = {
        "key": "", "customers": 10, "buyers": 5, "recency_days": 30.0, "frequency": 2.0, "latency_days": 40.0, "gap_ratio": 0.8,
        "valued": 5, "value": Decimal(100), **given,
    }  # fmt: skip
    return Numbers(**values)


def test_fewer_days_are_better_and_more_value_is() -> None:
    now, before = numbers(recency_days=20.0, value=Decimal(90)), numbers()

    fresher, poorer = change(now, before, "recency_days"), change(now, before, "value")

    assert fresher
    assert (fresher.by, fresher.is_good) == (-10, True)
    assert poorer
    assert (poorer.by, poorer.is_good) == (-10, False)


def test_what_one_month_does_not_have_is_not_compared() -> None:
    assert change(numbers(recency_days=None), numbers(), "recency_days") is None
    assert change(numbers(), None, "value") is None


def test_more_customers_are_neither_good_nor_bad() -> None:
    grown = change(numbers(customers=12), numbers(), "customers")

    assert grown
    assert (grown.by, grown.is_good) == (2, None)


@given(day=st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)))
def test_hand_over_counts_from_two_years_before_this_month(day: date) -> None:
    since = handed_over_since(day)

    assert since.day == 1
    assert (day.year - since.year) * 12 + day.month - since.month == 24
    assert month_of(day) <= day
