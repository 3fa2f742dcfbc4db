from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.insight.mining.rules.eclat import Items, frequent_sets, rules_of, without_echoes

baskets = st.lists(st.sets(st.integers(0, 7), max_size=6), min_size=1, max_size=25)


def rows_of(transactions: Sequence[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(number, item) for number, items in enumerate(transactions) for item in items]
    return (
        np.array([number for number, _ in pairs], dtype=np.int64),
        np.array([item for _, item in pairs], dtype=np.int64),
    )


def counted(transactions: Sequence[set[int]], least: int, largest: int) -> dict[Items, int]:
    """Every subset, looked up in every transaction."""
    items = sorted(set().union(*transactions))
    found = {}
    for size in range(1, largest + 1):
        for some in combinations(items, size):
            number = sum(set(some) <= basket for basket in transactions)
            if number >= least:
                found[some] = number
    return found


def test_example_of_agrawal_and_srikant() -> None:
    """Fast algorithms for mining association rules, VLDB 1994, figure 3: four transactions, least support 2."""
    rows = rows_of([{1, 3, 4}, {2, 3, 5}, {1, 2, 3, 5}, {2, 5}])

    found = frequent_sets(*rows, least=2)

    assert found == {
        (1,): 2, (2,): 3, (3,): 3, (5,): 3,
        (1, 3): 2, (2, 3): 2, (2, 5): 3, (3, 5): 2,
        (2, 3, 5): 2,
    }  # fmt: skip


def test_example_of_han_pei_and_yin() -> None:
    """Mining frequent patterns without candidate generation, SIGMOD 2000, table 1 and example 5: least support 3."""
    rows = rows_of([{ord(c) for c in text} for text in ("facdgimp", "abcflmo", "bfhjo", "bcksp", "afcelpmn")])

    found = {"".join(map(chr, items)): n for items, n in frequent_sets(*rows, least=3, largest=4).items()}

    assert {name: n for name, n in found.items() if len(name) == 1} == {"f": 4, "c": 4, "a": 3, "b": 3, "m": 3, "p": 3}
    assert found["acfm"] == 3
    assert found["cp"] == 3
    assert {name for name in found if "p" in name} == {"p", "cp"}


@given(baskets, st.integers(1, 6), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_sets_are_those_that_brute_force_finds(transactions: list[set[int]], least: int, largest: int) -> None:
    assert frequent_sets(*rows_of(transactions), least=least, largest=largest) == counted(transactions, least, largest)


@given(baskets)
@settings(max_examples=100, deadline=None)
def test_repeated_rows_do_not_count_twice(transactions: list[set[int]]) -> None:
    numbers, items = rows_of(transactions)

    assert frequent_sets(np.r_[numbers, numbers], np.r_[items, items], least=1) == frequent_sets(
        numbers, items, least=1
    )


def test_set_on_the_bound_is_kept() -> None:
    """3 of 10 is support .3 exactly; .1 + .2 is more than that."""
    transactions = [{1, 2}] * 3 + [{3}] * 7

    assert frequent_sets(*rows_of(transactions), least=3)[(1, 2)] == 3


def test_rule_on_the_bound_of_confidence_is_kept() -> None:
    transactions = [{1, 2}] * 21 + [{1}] * 9 + [{3}] * 70
    sets = frequent_sets(*rows_of(transactions), least=1)

    at_bound = rules_of(sets, 100, confidence=Fraction(7, 10))
    beyond = rules_of(sets, 100, confidence=Fraction(7_000_001, 10_000_000))

    assert [(r.having, r.also) for r in at_bound if r.having == (1,)] == [((1,), 2)]
    assert [(r.having, r.also) for r in beyond if r.having == (1,)] == []


def test_figures_of_a_rule() -> None:
    transactions = [{1, 2}] * 20 + [{1}] * 5 + [{2}] * 10 + [{3}] * 65
    found = rules_of(frequent_sets(*rows_of(transactions), least=1), 100)

    rule = next(r for r in found if r.having == (1,))

    assert (rule.also, rule.n, rule.n_having, rule.n_also, rule.baskets) == (2, 20, 25, 30, 100)
    assert rule.support == 0.2
    assert rule.confidence == 0.8
    assert rule.lift == pytest.approx(8 / 3)
    assert rule.p <= rule.q < 1e-6


def test_what_is_bought_together_by_chance_makes_no_rule() -> None:
    transactions = [{a, b} for a in (1, 2) for b in (3, 4) for _ in range(50)]

    assert rules_of(frequent_sets(*rows_of(transactions), least=1), 200) == []


@given(baskets)
@settings(max_examples=100, deadline=None)
def test_rules_say_what_the_baskets_hold(transactions: list[set[int]]) -> None:
    found = rules_of(frequent_sets(*rows_of(transactions), least=1), len(transactions), most_q=1.0)

    for rule in found:
        having = [basket for basket in transactions if set(rule.having) <= basket]
        assert rule.n_having == len(having)
        assert rule.n == sum(rule.also in basket for basket in having)
        assert rule.n_also == sum(rule.also in basket for basket in transactions)
        assert rule.lift > 1


def test_longer_rule_that_adds_nothing_is_an_echo() -> None:
    transactions = [{1, 2, 3}] * 15 + [{2, 3}] * 5 + [{1}] * 20 + [{4}] * 60
    found = rules_of(frequent_sets(*rows_of(transactions), least=1), 100)

    kept = {(r.having, r.also) for r in without_echoes(found)}

    assert ((2,), 3) in kept
    assert ((1, 2), 3) in {(r.having, r.also) for r in found}
    assert ((1, 2), 3) not in kept


def test_no_baskets_no_sets() -> None:
    assert frequent_sets(np.array([], dtype=np.int64), np.array([], dtype=np.int64), least=1) == {}
