"""Every mart on twenty rows or so, its answer written out by hand, on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.insight.mining.queries.marts import baskets, behaviour, cohorts, funnels, rfm
from rapport.insight.mining.queries.marts.acts import is_act
from rapport.insight.mining.queries.marts.instants import DAY, seconds
from rapport.insight.mining.tests.marts.world import LINES, answers, duckdb, table, touch
from rapport.insight.mining.types import PURCHASE, Act, Test
from rapport.insight.value.rules import ranks

VIEW, CART, ORDER = Act(kind="page_viewed"), Act(kind="cart_left"), Act(kind="order_placed")


def by_customer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row.pop("customer_id"): row for row in rows}


# RFM


DAYS = pa.schema([("customer_id", pa.string()), ("day", pa.int64()), ("margin", pa.float64())])


def purchase_days(*rows: tuple[str, int, float]) -> ibis.Table:
    return table([{"customer_id": customer, "day": day, "margin": margin} for customer, day, margin in rows], DAYS)


def test_summaries_of_purchases(tmp_path: Path) -> None:
    bought = purchase_days(("a", 0, 10), ("a", 5, 30), ("b", 3, 8))

    rows = by_customer(answers(rfm.summaries(bought), bought, tmp_path))

    assert rows == {
        "a": {"last": 5, "first": 0, "orders": 2, "margin": 40.0},
        "b": {"last": 3, "first": 3, "orders": 1, "margin": 8.0},
    }


def test_equals_share_a_fifth(tmp_path: Path) -> None:
    bought = purchase_days(*[(f"c{i}", 1, 10) for i in range(8)], ("often", 1, 10), ("often", 2, 10), ("late", 9, 10))

    rows = by_customer(answers(rfm.quintiles(rfm.summaries(bought)), bought, tmp_path))

    assert {row["f"] for name, row in rows.items() if name != "often"} == {1}
    assert rows["often"]["f"] == 5
    assert {row["m"] for row in rows.values()} == {1}


def test_best_fifth_bought_last_most_often_and_for_most(tmp_path: Path) -> None:
    bought = purchase_days(
        ("late", 9, 1), ("often", 1, 1), ("often", 2, 1), ("often", 3, 1), ("dear", 0, 99), ("x", 4, 2), ("y", 5, 3)
    )

    rows = by_customer(answers(rfm.quintiles(rfm.summaries(bought)), bought, tmp_path))

    assert (rows["late"]["r"], rows["often"]["f"], rows["dear"]["m"]) == (5, 5, 5)
    assert (rows["dear"]["r"], rows["late"]["m"]) == (1, 1)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_digits_are_those_of_the_scores(bought: list[tuple[str, int, int]]) -> None:
    days = {(customer, day): margin for customer, day, margin in bought}
    customers = sorted({customer for customer, _ in days})
    own = {name: [(day, m) for (each, day), m in days.items() if each == name] for name in customers}

    expression = rfm.quintiles(rfm.summaries(purchase_days(*[(c, d, float(m)) for (c, d), m in days.items()])))
    rows = by_customer(duckdb().to_pyarrow(expression).to_pylist())

    scored = ranks.rfm(
        np.array([100.0 - max(day for day, _ in own[name]) for name in customers]),
        np.array([float(len(own[name])) for name in customers]),
        np.array([sum(m for _, m in own[name]) / len(own[name]) for name in customers]),
    )
    assert [f"{rows[name]['r']}{rows[name]['f']}{rows[name]['m']}" for name in customers] == list(scored)


def test_grid_and_moves_count_every_customer_once(tmp_path: Path) -> None:
    bought = purchase_days(*[(f"c{i}", i, 10) for i in range(10)], ("c0", 20, 50))
    now = rfm.quintiles(rfm.summaries(bought))
    then = rfm.quintiles(rfm.summaries(bought.filter(bought.day < 10)))

    cells = answers(rfm.grid(now), bought, tmp_path)
    moved = answers(rfm.moves(then, now), bought, tmp_path)

    assert sum(cell["customers"] for cell in cells) == 10
    assert sum(cell["margin"] for cell in cells) == 150
    rose = [row for row in moved if row["r0"] == 1 and row["r"] == 5]
    assert [row["customers"] for row in rose] == [1]


# Cohorts


def test_bits_stand_for_the_periods_of_a_customer(tmp_path: Path) -> None:
    touched = table([
        touch("a", 0, "order_placed"), touch("a", 6.99, "order_placed"), touch("a", 7, "order_placed"),
        touch("a", 7 * 70, "order_placed"), touch("b", -0.01, "order_placed"), touch("c", 15, "page_viewed"),
    ])  # fmt: skip
    bitmaps = cohorts.bitmaps(touched, start=PURCHASE, again=PURCHASE, unit="week", origin=date(2024, 1, 1), periods=80)

    rows = by_customer(answers(bitmaps, touched, tmp_path))

    assert rows == {
        "a": {"first": 0, "bits_0": 0b11, "bits_1": 1 << (70 - cohorts.BITS)},
        "b": {"first": -1, "bits_0": 0, "bits_1": 0},
    }


def test_last_microsecond_of_a_week_belongs_to_it(tmp_path: Path) -> None:
    touched = table([touch("a", 7 - 1e-11, "order_placed"), touch("b", 7, "order_placed")])
    bitmaps = cohorts.bitmaps(touched, start=PURCHASE, again=PURCHASE, unit="week", origin=date(2024, 1, 1), periods=8)

    rows = by_customer(answers(bitmaps, touched, tmp_path))

    assert {name: row["first"] for name, row in rows.items()} == {"a": 0, "b": 1}


def test_cohorts_by_month_of_one_act_that_come_again_for_another(tmp_path: Path) -> None:
    touched = table([
        touch("a", 0, "case_opened", "service"), touch("a", 31, "order_placed"), touch("a", 61, "case_opened"),
        touch("b", 40, "order_placed"),
    ])  # fmt: skip
    bitmaps = cohorts.bitmaps(
        touched, start=Act(kind="case_opened"), again=PURCHASE, unit="month", origin=date(2024, 1, 1), periods=6
    )

    rows = by_customer(answers(bitmaps, touched, tmp_path))

    assert rows == {"a": {"first": 0, "bits_0": 0b10}}


def test_members_of_a_cell(tmp_path: Path) -> None:
    touched = table([
        touch("a", 0, "order_placed"), touch("a", 8, "order_placed"), touch("b", 1, "order_placed"), touch("c", 8, "order_placed"),
    ])  # fmt: skip
    bitmaps = cohorts.bitmaps(touched, start=PURCHASE, again=PURCHASE, unit="week", origin=date(2024, 1, 1), periods=4)

    came = answers(cohorts.members(bitmaps, first=0, offset=1, came=True), touched, tmp_path)
    stayed_away = answers(cohorts.members(bitmaps, first=0, offset=1, came=False), touched, tmp_path)
    everyone = answers(cohorts.members(bitmaps, first=0, offset=0, came=None), touched, tmp_path)

    assert [row["customer_id"] for row in came] == ["a"]
    assert [row["customer_id"] for row in stayed_away] == ["b"]
    assert sorted(row["customer_id"] for row in everyone) == ["a", "b"]


# Funnels

STEPS = (VIEW, CART, ORDER)


@pytest.fixture
def walks() -> ibis.Table:
    return table([
        touch("straight", 0, "page_viewed"), touch("straight", 1, "cart_left"), touch("straight", 3, "order_placed"),
        touch("backwards", 5, "page_viewed"), touch("backwards", 4, "cart_left"), touch("backwards", 6, "order_placed"),
        touch("slow", 0, "page_viewed"), touch("slow", 1, "cart_left"), touch("slow", 40, "order_placed"),
        touch("second", 0, "page_viewed"), touch("second", 60, "page_viewed"), touch("second", 61, "cart_left"),
        touch("second", 62, "order_placed"),
        touch("never", 0, "cart_left"), touch("never", 1, "order_placed"),
    ])  # fmt: skip


def test_funnel_from_the_first_start(walks: ibis.Table, tmp_path: Path) -> None:
    chains = funnels.first_view(walks, STEPS, 30)

    rows = by_customer(answers(chains, walks, tmp_path))
    counted = answers(funnels.counts(chains, 3), walks, tmp_path)[0]

    assert rows == {
        "straight": {"wait_2": 86_400, "wait_3": 172_800},
        "backwards": {"wait_2": None, "wait_3": None},
        "slow": {"wait_2": 86_400, "wait_3": None},
        "second": {"wait_2": None, "wait_3": None},
    }
    assert counted == {"n1": 4, "n2": 2, "n3": 1, "w2": 86_400.0, "w3": 172_800.0}


def test_funnel_from_any_start(walks: ibis.Table, tmp_path: Path) -> None:
    rows = by_customer(answers(funnels.any_start(walks, STEPS, 30), walks, tmp_path))

    assert rows["second"] == {"wait_2": 86_400, "wait_3": 172_800}
    assert rows["straight"] == {"wait_2": 86_400, "wait_3": 259_200}
    assert rows["backwards"] == {"wait_2": None, "wait_3": None}
    assert "never" not in rows


def test_same_step_twice_takes_two_touch_points(tmp_path: Path) -> None:
    touched = table(
        [touch("once", 0, "page_viewed"), touch("twice", 0, "page_viewed"), touch("twice", 1, "page_viewed")]
    )

    for mart in (funnels.first_view, funnels.any_start):
        rows = by_customer(answers(mart(touched, (VIEW, VIEW), 30), touched, tmp_path))
        assert rows == {"once": {"wait_2": None}, "twice": {"wait_2": 86_400}}


def test_members_of_a_step_and_of_its_drop_off(walks: ibis.Table, tmp_path: Path) -> None:
    chains = funnels.first_view(walks, STEPS, 30)

    dropped = answers(funnels.members(chains, step=2, went_on=False), walks, tmp_path)
    reached = answers(funnels.members(chains, step=3, went_on=None), walks, tmp_path)

    assert [row["customer_id"] for row in dropped] == ["slow"]
    assert [row["customer_id"] for row in reached] == ["straight"]


KINDS = ("page_viewed", "cart_left", "order_placed")
walk = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12), st.sampled_from(KINDS)), max_size=14)


def _first(events: list[tuple[int, str]], days: int) -> int:
    """How far a customer gets from the first start, one touch point after another."""
    starts = [day for day, kind in events if kind == KINDS[0]]
    if not starts:
        return 0
    at, reached, end = min(starts), 1, min(starts) + days
    for kind in KINDS[1:]:
        later = [day for day, each in events if each == kind and at < day <= end]
        if not later:
            break
        at, reached = min(later), reached + 1
    return reached


def _any(events: list[tuple[int, str]], days: int) -> int:
    starts = {day for day, kind in events if kind == KINDS[0]}
    return max(
        (_first([(d, k) for d, k in events if k != KINDS[0]] + [(s, KINDS[0])], days) for s in starts), default=0
    )


@given(walk, st.integers(1, 6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_funnels_are_what_walking_each_customer_gives(walked: list[tuple[str, int, str]], days: int) -> None:
    touched = table([touch(customer, day, kind) for customer, day, kind in walked])

    for mart, by_hand in ((funnels.first_view, _first), (funnels.any_start, _any)):
        rows = by_customer(duckdb().to_pyarrow(mart(touched, STEPS, days)).to_pylist())
        for customer in "ab":
            reached = by_hand([(day, kind) for name, day, kind in walked if name == customer], days)
            waits = [rows[customer]["wait_2"], rows[customer]["wait_3"]] if customer in rows else []
            assert reached == (1 + sum(wait is not None for wait in waits) if customer in rows else 0)


def test_tests_of_columns(tmp_path: Path) -> None:
    touched = table([
        touch("a", 0, "order_placed", "shop", 10), touch("b", 0, "order_placed", "shop", 99, "Winter tyres"),
        touch("c", 0, "order_placed", "shop"),
    ])  # fmt: skip

    def found(*tests: Test) -> list[str]:
        expression = touched.filter(is_act(touched, Act(kind="order_placed", where=tests))).select("customer_id")
        return sorted(row["customer_id"] for row in answers(expression, touched, tmp_path))

    assert found(Test("amount", "more_than", 10)) == ["b"]
    assert found(Test("amount", "at_most", 10)) == ["a"]
    assert found(Test("amount", "is_not", 10)) == ["b"]
    assert found(Test("subject", "contains", "TYRES")) == ["b"]
    assert found(Test("subject", "starts_with", "winter"), Test("amount", "at_least", 99)) == ["b"]
    assert found() == ["a", "b", "c"]


def test_value_is_never_read_as_sql(tmp_path: Path) -> None:
    touched = table([touch("a", 0, "order_placed", subject="it's"), touch("b", 0, "order_placed", subject="x")])
    evil = Act(where=(Test("subject", "is", "' or 1=1 --"),))

    assert answers(touched.filter(is_act(touched, evil)).select("customer_id"), touched, tmp_path) == []


# Baskets and behaviour


@pytest.fixture
def lines() -> ibis.Table:
    rows = [
        ("1", "a", "Bike"),
        ("1", "a", "Lock"),
        ("1", "a", "Lock"),
        ("2", "b", "Bike"),
        ("3", "b", "Helmet"),
        ("4", "c", ""),
    ]
    return table(
        [
            {"order_id": o, "customer_id": c, "sku": "K-1", "name": n, "category": "x" if n else None}
            for o, c, n in rows
        ],
        LINES,
    )


def test_items_of_baskets(lines: ibis.Table, tmp_path: Path) -> None:
    orders = answers(baskets.items(lines, item="product", basket="order"), lines, tmp_path)
    customers = answers(baskets.items(lines, item="product", basket="customer"), lines, tmp_path)
    categories = answers(baskets.items(lines, item="category", basket="order"), lines, tmp_path)

    assert sorted(map(tuple, (row.values() for row in orders))) == [
        ("1", "Bike"), ("1", "Lock"), ("2", "Bike"), ("3", "Helmet"), ("4", "K-1"),
    ]  # fmt: skip
    assert ("b", "Helmet") in {tuple(row.values()) for row in customers}
    assert {row["basket"] for row in categories} == {"1", "2", "3"}


def test_who_has_one_thing_without_the_other(lines: ibis.Table, tmp_path: Path) -> None:
    without = answers(baskets.members(lines, item="product", having=("Bike",), without=("Lock",)), lines, tmp_path)
    both = answers(baskets.members(lines, item="product", having=("Bike", "Helmet")), lines, tmp_path)

    assert [row["customer_id"] for row in without] == ["b"]
    assert [row["customer_id"] for row in both] == ["b"]


def test_behaviour_of_buyers(tmp_path: Path) -> None:
    touched = table([
        touch("a", -10, "page_viewed"), touch("a", 0, "order_placed", "shop", 30), touch("a", 1, "email_opened", "email"),
        touch("a", 2, "case_opened", "service"), touch("b", 0, "page_viewed"), touch("a", 50, "order_placed", "shop", 10),
    ])  # fmt: skip
    orders = touched.filter(touched.kind == "order_placed", touched.occurred_at < datetime(2024, 1, 11, tzinfo=UTC))
    bought = orders.select("customer_id", "margin", day=seconds(orders.occurred_at) // DAY)

    rows = answers(behaviour.features(bought, touched, datetime(2024, 1, 11, tzinfo=UTC)), touched, tmp_path)

    assert rows == [
        {
            "customer_id": "a", "recency_days": 10.0, "orders": 1.0, "margin": 15.0, "tenure_days": 20.0,
            "visits": 1.0, "answers": 1.0, "cases": 1.0,
        }
    ]  # fmt: skip
