from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.mining.rules import questions
from rapport.insight.mining.rules.rfm import SEGMENTS, segment_of
from rapport.insight.mining.types import Act, Baskets, Clusters, Cohorts, Funnel, Part, Question, Rfm, Test

VIEW, CART, ORDER = Act(kind="page_viewed"), Act(kind="cart_left"), Act(kind="order_placed")


@pytest.mark.parametrize(
    "question",
    [
        Rfm(),
        Clusters(),
        Baskets(item="category", basket="customer"),
        Cohorts(start=VIEW, unit="week", since=date(2026, 1, 5), periods=20),
        Funnel(steps=(VIEW, Act(channel="shop", where=(Test("amount", "more_than", 10.5),))), count_from="any"),
    ],
)
def test_questions_survive_storing(question: Question) -> None:
    assert questions.question_of(questions.to_json(question)) == question


def test_questions_and_their_parts_are_told_apart() -> None:
    asked = [Rfm(), Clusters(), Funnel((VIEW, ORDER)), Funnel((VIEW, ORDER), days=31), Funnel((ORDER, VIEW))]
    parts = [None, Part("cell", 1, 2), Part("cell", 2, 1)]

    assert len({questions.digest(question, part) for question in asked for part in parts}) == 15


@pytest.mark.parametrize(
    "question",
    [
        Funnel((VIEW,)),
        Funnel((VIEW,) * 7),
        Funnel((VIEW, ORDER), days=0),
        Funnel((VIEW, Act(where=(Test("customer_id", "is", "x"),)))),
        Funnel((VIEW, Act(where=(Test("amount", "contains", "x"),)))),
        Cohorts(unit="week", periods=121),
        Cohorts(periods=1),
    ],
)
def test_forged_questions_are_not_sound(question: Question) -> None:
    assert not questions.is_sound(question)


def test_cohorts_begin_on_mondays_and_firsts_of_months() -> None:
    today = date(2026, 11, 22)

    assert questions.origin(Cohorts(unit="month", periods=12), today) == date(2025, 12, 1)
    assert questions.origin(Cohorts(unit="week", periods=2), today) == date(2026, 11, 9)
    assert questions.origin(Cohorts(unit="month", since=date(2024, 2, 29)), today) == date(2024, 2, 1)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(["week", "month"]), st.integers(0, 50))
def test_start_of_a_period_lies_in_that_period(day: date, unit: str, index: int) -> None:
    question = Cohorts(unit=unit, since=day, periods=12)  # type: ignore[arg-type]  # one of its two words
    first = questions.origin(question, day)

    start = questions.period_start(unit, first, index)

    assert questions.periods_until(question, first, start) == index + 1


def test_every_cell_of_the_grid_has_one_name() -> None:
    for r in range(1, 6):
        for f in range(1, 6):
            fitting = [s for s in SEGMENTS if s.r[0] <= r <= s.r[1] and s.f[0] <= f <= s.f[1]]
            assert fitting == [segment_of(r, f)]
