"""Purchases of everyone, counted in the engine."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from rapport.insight.value.queries import histories as marts
from rapport.insight.value.queries.settings import ValueRules
from rapport.insight.value.services import reading, score_rows, shops
from rapport.insight.value.tests import published
from rapport.insight.value.tests.fits.memory import MemoryEngine

UNTIL, CUT = date(2026, 11, 22), date(2026, 6, 1)


@pytest.fixture(autouse=True)
def margin_of_a_third(monkeypatch):
    """The rate of the settings, without a database."""
    from rapport.stores.warehouse.extension_points import margin_rates

    monkeypatch.setattr(margin_rates, "_items", {"insight": lambda: 0.5})


def bought(customer, day, amount=10.0, **values):
    return {"customer_id": customer, "occurred_at": day, "amount": amount, **values}


def test_a_history_counts_days_and_knows_what_was_known_before():
    engine = MemoryEngine(
        [
            bought("ann", date(2026, 1, 10), 20.0),
            bought("ann", date(2026, 1, 10), 40.0),  # the same day: one purchase
            bought("ann", date(2026, 5, 1), 10.0, margin=7.0),  # margin as told
            bought("ann", date(2026, 9, 1), 30.0),
            bought("ann", date(2027, 1, 1), 99.0),  # not yet
            bought("ben", date(2026, 7, 4), 8.0),
            bought("gone", date(2026, 7, 4), 8.0),  # nobody we know
        ],
        ["ann", "ben"],
    )

    found = reading.buyers(engine, UNTIL, CUT)
    rows = {one: index for index, one in enumerate(found.customer_id.to_pylist())}

    assert sorted(rows) == ["ann", "ben"]
    ann, ben = rows["ann"], rows["ben"]
    assert found.days[[ann, ben]].tolist() == [3, 1]
    assert found.spent[[ann, ben]].tolist() == [30 + 7 + 15, 4]
    assert found.first_spent[[ann, ben]].tolist() == [30, 4]
    assert found.days_cut[[ann, ben]].tolist() == [2, 0]
    assert found.last_cut[ann] == marts.day_number(date(2026, 5, 1))
    assert found.first[ann] == marts.day_number(date(2026, 1, 10))
    assert found.latency[ann] == pytest.approx((111 + 123) / 2)
    assert np.isnan(found.latency[ben])
    assert found.repeat_mean[ann] == pytest.approx(11)
    assert reading.window(engine, UNTIL) == (date(2026, 1, 10), 1)


def test_cdnow_out_of_the_engine_has_the_published_parameters():
    engine = MemoryEngine(
        (
            bought(customer, day, spent, margin=spent)
            for customer, days in published.cdnow_days().items()
            for day, spent in days.items()
        ),
        published.cdnow_days(),
    )
    found = reading.buyers(engine, published.CDNOW_END, date(1997, 7, 1))

    result = shops.fit_shop(found, ValueRules(horizon_months=12), lambda progress, step: None)

    assert found.count == 2357
    tried = {each["model"]: each for each in result.candidates}
    assert tuple(tried["bg_nbd"]["parameters"].values()) == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), rel=1e-3)
    assert tuple(tried["pareto_nbd"]["parameters"].values()) == pytest.approx((0.553, 10.578, 0.606, 11.668), rel=1e-3)
    assert result.spend is not None
    assert result.spend.values == pytest.approx((6.2496, 3.7442, 15.4435), rel=1e-3)
    assert not result.reason
    assert result.values is not None
    assert result.low is not None
    assert result.high is not None
    assert (result.values >= 0).all()
    assert (result.low <= result.high).all()
    total = float(result.values.sum())
    assert min(result.totals) < total < max(result.totals)
    rows = list(score_rows.score_rows(result, found, ValueRules(), "USD"))
    assert len(rows) == 2357
    assert {row.tier for row in rows} == {"platinum", "gold", "silver", "bronze"}


def test_occasions_are_counted_by_the_calendar():
    engine = MemoryEngine(
        [
            bought("ann", date(2021, 12, 31)),
            bought("ann", date(2022, 1, 1)),
            bought("ann", date(2024, 6, 1), 30.0),
            bought("ann", date(2024, 7, 1), 30.0),
            bought("ben", date(2022, 3, 1)),
            bought("ann", date(2026, 2, 1)),  # a year that is not over
        ],
        ["ann", "ben"],
    )
    found = reading.buyers(engine, UNTIL, CUT)

    attended = reading.attendance(engine, found, "year")

    ann, ben = (found.customer_id.to_pylist().index(name) for name in ("ann", "ben"))
    assert (attended.used[ann], attended.last[ann], attended.offered[ann]) == (2, 3, 4)
    assert (attended.used[ben], attended.last[ben], attended.offered[ben]) == (0, 0, 3)
    assert attended.mean[ann] == pytest.approx((5 + 30) / 2)


def test_contracts_run_until_they_end():
    engine = MemoryEngine(
        [
            bought("ann", date(2024, 1, 1), 100.0, kind="subscription_started"),
            bought("ann", date(2025, 1, 1), 100.0, kind="subscription_renewed"),
            bought("ben", date(2024, 1, 1), 80.0, kind="subscription_started"),
            bought("ben", date(2025, 1, 1), None, kind="subscription_ended"),
            bought("ben", date(2025, 6, 1), 80.0, kind="subscription_started"),
            bought("cleo", date(2024, 1, 1), 60.0, kind="subscription_started"),
            bought("cleo", date(2025, 1, 1), None, kind="subscription_ended"),
        ],
        ["ann", "ben", "cleo"],
    )

    lives = reading.contract_lives(engine, UNTIL, 3 * 365.25)

    by_name = {name: n for n, name in enumerate(lives.customer_id.to_pylist())}
    order = [by_name[name] for name in ("ann", "ben", "cleo")]
    assert lives.renewals[order].tolist() == [1, 0, 0]
    assert lives.has_ended[order].tolist() == [False, False, True]
    assert lives.margin[order].tolist() == [50, 40, 30]
