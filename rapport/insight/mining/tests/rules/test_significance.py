from __future__ import annotations

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.insight.mining.rules.significance import benjamini_hochberg, fisher_greater


def test_lady_tasting_tea() -> None:
    """Fisher, The Design of Experiments (1935), chapter II: 3 or 4 right of 4, out of 8 cups, by chance 17 in 70."""
    assert fisher_greater([3], [4], [4], 8)[0] == pytest.approx(17 / 70)


def test_example_of_benjamini_and_hochberg() -> None:
    """The fifteen p values of their section 3.1 (1995): four are rejected at q = .05, three by Bonferroni."""
    p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0]  # fmt: skip

    q = benjamini_hochberg(p)

    assert [bool(one <= 0.05) for one in q] == [True] * 4 + [False] * 11
    assert q[3] == pytest.approx(0.0095 * 15 / 4)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))), st.data())
@settings(max_examples=100, deadline=None)
def test_fisher_is_the_sum_of_the_hypergeometric_tail(margins: tuple[int, int, int], data: st.DataObject) -> None:
    total, first, second = margins
    both = data.draw(st.integers(max(0, first + second - total), min(first, second)))

    p = fisher_greater([both], [first], [second], total)[0]

    tail = sum(comb(first, k) * comb(total - first, second - k) for k in range(both, min(first, second) + 1))
    assert p == pytest.approx(tail / comb(total, second), abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusting_keeps_the_order_and_never_makes_smaller(p: list[float]) -> None:
    q = benjamini_hochberg(p)

    assert all(one >= raw for one, raw in zip(q, p, strict=True))
    assert all(0 <= one <= 1 for one in q)
    by_p = [one for _, one in sorted(zip(p, q, strict=True), key=lambda pair: pair[0])]
    assert by_p == sorted(by_p)
