from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.value.rules.equity import (
    ALWAYS_SHOWN,
    PART_LABELS,
    PART_WORDS,
    Pair,
    Part,
    Position,
    Restated,
    Waterfall,
    best_that_carry,
    concentration,
    gini,
    is_gone,
    running_shares,
    shares,
    span_of_total,
    together,
)

cents = st.integers(-(10**12), 10**12)
positions = st.builds(Position, cents, st.integers(0, 50), st.integers(0, 9), st.booleans())
restatements = st.none() | st.builds(Restated, cents, st.integers(0, 50))
pairs = st.builds(
    Pair,
    st.uuids(),
    st.lists(positions, max_size=4).map(tuple),
    st.none() | positions,
    restatements,
    st.booleans(),
)


def here(value: int, purchases: int = 3, products: int = 1, gone: bool = False) -> Position:
    return Position(value, purchases, products, gone)


def parts(*args: Any, **more: Any) -> dict[str, int]:
    return {share.part.value: share.cents for share in shares(*args, **more)}


@given(st.lists(pairs, max_size=30))
def test_parts_add_up_to_the_change_for_any_customers(found: list[Pair]) -> None:
    waterfall = Waterfall()

    entries = list(waterfall.of(found))

    assert waterfall.ties_out
    assert waterfall.opening == sum(each.value for pair in found for each in pair.opening)
    assert waterfall.closing == sum(pair.closing.value for pair in found if pair.closing)
    assert sum(waterfall.cents.values()) == sum(entry.cents for entry in entries)
    assert sum(waterfall.customers.values()) == len(entries)


@given(pairs)
def test_a_customer_falls_into_each_part_at_most_once_unless_both_halves_are_corrections(pair: Pair) -> None:
    found = [entry.part for entry in Waterfall().of([pair])]

    assert len(found) <= 2
    assert len(set(found) - {Part.CORRECTED}) == len([part for part in found if part is not Part.CORRECTED])


@pytest.mark.parametrize(
    ("opening", "closing", "wanted"),
    [
        (None, here(900, 1), {"recruited": 900}),
        (here(0, 0, 0), here(900, 1), {"recruited": 900}),
        (here(500), here(800, 4, 2), {"extended": 300}),
        (here(500), here(800, 4), {"kept": 300}),
        (here(500), here(450, 4), {"weaker": -50}),
        (here(500), here(450, 4, 2), {"weaker": -50}),
        (here(500), here(450), {"weaker": -50}),
        (here(500), here(40, gone=True), {"lost": -460}),
        (here(40, gone=True), here(30, gone=True), {"weaker": -10}),
        (here(40, gone=True), here(700, 4), {"regained": 660}),
        (here(40, gone=True), here(30, 4), {"regained": -10}),
        (here(500), here(520), {"re_estimate": 20}),
        (here(500), here(520, 2), {"corrected": 20}),
        (here(500), None, {"erased": -500}),
        (here(500), here(500), {}),
        (None, here(0, 0, 0), {}),
    ],
)
def test_what_customers_did_names_the_part(
    opening: Position | None, closing: Position | None, wanted: dict[str, int]
) -> None:
    assert parts(opening, closing) == wanted


def test_new_parameters_are_told_apart_from_what_customers_did() -> None:
    assert parts(here(500), here(450), Restated(560, 3)) == {"re_estimate": 60, "weaker": -110}
    assert parts(here(500), here(800, 4), Restated(480, 3)) == {"re_estimate": -20, "kept": 320}
    assert parts(here(500), here(500, gone=True), Restated(620, 3)) == {"re_estimate": 120, "lost": -120}


def test_data_that_came_late_is_a_correction_and_no_recruit() -> None:
    assert parts(None, here(900, 4), had_bought_by_then=True) == {"corrected": 900}
    assert parts(None, here(900, 4), Restated(700, 3)) == {"corrected": 700, "kept": 200}
    assert parts(here(500, 3), here(700, 5), Restated(640, 4)) == {"corrected": 140, "kept": 60}


def test_customers_who_became_one_are_named() -> None:
    one = together([here(500, 3), here(200, 1, 2, gone=True)])

    assert one == Position(700, 4, 2, False)
    assert parts(one, here(620, 4), of=2) == {"merged": -80}
    assert parts(one, here(620, 5), Restated(590, 4), of=2) == {"merged": -110, "kept": 30}


def test_an_absorbed_customer_who_never_bought_is_no_merge() -> None:
    pair = Pair(UUID(int=1), (here(500), here(0, 0, 0, gone=True)), here(450), None)

    assert [(entry.part, entry.cents) for entry in Waterfall().of([pair])] == [(Part.WEAKER, -50)]


def test_somebody_is_gone_by_phase_or_else_by_the_odds() -> None:
    assert is_gone("lapsed", 0.9)
    assert not is_gone("at_risk", 0.1)
    assert is_gone("", 0.3)
    assert not is_gone("", None)


def test_every_part_has_its_words() -> None:
    assert set(PART_LABELS) == set(PART_WORDS) == set(Part)
    assert set(ALWAYS_SHOWN) < set(Part)


def test_range_of_a_total_adds_what_evens_out_and_what_does_not() -> None:
    assert span_of_total(1_000_000, 0.0) is None
    alone = span_of_total(1_000_000, 100.0**2)
    both = span_of_total(1_000_000, 100.0**2, [1_000_000 - 300, 1_000_000, 1_000_000 + 300])

    assert alone is not None
    assert both is not None
    assert (alone.low, alone.high) == (999_872, 1_000_128)
    assert both.high - 1_000_000 == round(1.2815515655446004 * (100**2 + 300**2) ** 0.5)


def test_concentration_of_value() -> None:
    tenths = [64, 13, 8, 5, 4, 3, 2, 1, 1, -1]

    assert concentration(tenths)[0] == 0.64
    assert running_shares(tenths)[-1] == pytest.approx(1)
    assert best_that_carry(tenths, 0.8) == 3
    assert concentration([0, 0]) == []
    assert best_that_carry([0, 0], 0.8) is None


def test_gini_is_nought_when_all_are_worth_the_same_and_grows_with_the_best() -> None:
    assert gini([10] * 10) == pytest.approx(0)
    assert gini([100, *[0] * 9]) == pytest.approx(0.9)
    assert gini([10, -1]) is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=10).map(lambda found: sorted(found, reverse=True)))
def test_best_first_the_curve_never_falls_below_equal_shares(tenths: list[int]) -> None:
    curve = running_shares(tenths)

    assert all(share >= (index + 1) / len(tenths) - 1e-9 for index, share in enumerate(curve))
