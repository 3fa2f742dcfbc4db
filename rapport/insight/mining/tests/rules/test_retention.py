from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.insight.mining.rules.curves import curve
from rapport.insight.mining.rules.retention import cohort_table

WORD = 4  # bits in a column; small, so that tests cross its border
PERIODS = 9
lives = st.lists(st.sets(st.integers(0, PERIODS - 1), min_size=1, max_size=6), max_size=20)


def table_of(customers: list[set[int]]):  # type: ignore[no-untyped-def]  # whatever cohort_table gives
    first = np.array([min(periods) for periods in customers], dtype=np.int64)
    words = -(-PERIODS // WORD)
    bits = [
        np.array(
            [sum(1 << (p - i * WORD) for p in life if i * WORD <= p < (i + 1) * WORD) for life in customers],
            dtype=np.int64,
        )
        for i in range(words)
    ]
    return cohort_table(first, bits, periods=PERIODS, word=WORD)


@given(lives)
@settings(max_examples=150, deadline=None)
def test_cells_are_what_counting_customers_one_by_one_gives(customers: list[set[int]]) -> None:
    table = table_of(customers)

    for cohort in range(PERIODS):
        begun = [life for life in customers if min(life) == cohort]
        assert table.sizes[cohort] == len(begun)
        for offset in range(PERIODS - cohort):
            assert table.came[cohort][offset] == sum(cohort + offset in life for life in begun)
            assert table.by[cohort][offset] == sum(any(cohort < p <= cohort + offset for p in life) for life in begun)
            assert table.later[cohort][offset] == sum(max(life) >= cohort + offset for life in begun)


def test_who_began_before_the_first_cohort_is_in_none() -> None:
    table = cohort_table(np.array([-3, 0]), [np.array([1, 1])], periods=2, word=WORD)

    assert table.sizes == [1, 0]
    assert table.came == [[1, 0], [0]]


def test_curve_takes_only_cohorts_that_were_watched_long_enough() -> None:
    points = curve([10, 20, 5], [[10, 4, 2], [20, 6], [5]], [[10, 5, 2], [20, 6], [5]], closed=2)

    assert [(p.offset, p.came, p.by, p.of) for p in points] == [(0, 30, 30, 30), (1, 4, 5, 10)]
