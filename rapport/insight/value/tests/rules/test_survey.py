from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.value.rules.survey import (
    COLUMNS,
    FIXED,
    MOST_PROBLEMS,
    BadSurvey,
    Driver,
    as_number,
    read_survey,
    survey_from_json,
    survey_to_json,
)

HEADINGS = ["respondent", "brand", "last", "next", "spend", "purchases per year", "value: quality", "brand: known"]


def rows(count: int = 30) -> list[list[Any]]:
    found = []
    for n in range(count):
        found.append([f"R{n}", "Ours", "yes", "70", 120, 2, 4 + n % 3, 5])
        found.append([f"R{n}", "Theirs", "no", "30", 120, 2, 3 + n % 2, 6 - n % 4])
    return found


def problems(table: list[list[Any]], headings: list[str] = HEADINGS) -> list[tuple[int, str]]:
    with pytest.raises(BadSurvey) as caught:
        read_survey(headings, list(enumerate(table, 2)))
    return [(each.row, each.column) for each in caught.value.problems]


def test_a_survey_is_read_row_by_row() -> None:
    survey = read_survey(HEADINGS, enumerate(rows(), 2))

    assert survey.brands == ("Ours", "Theirs")
    assert [each.driver for each in survey.attributes] == [Driver.VALUE, Driver.BRAND]
    assert survey.next[0] == (0.7, 0.3)
    assert survey.ratings[1] == ((5.0, 5.0), (4.0, 5.0))
    assert (survey.last[0], survey.spend[0], survey.frequency[0]) == (0, 120.0, 2.0)
    assert survey_from_json(json.loads(json.dumps(survey_to_json(survey)))) == survey


@pytest.mark.parametrize(
    ("row", "column", "cell", "named"),
    [
        (0, 0, "", (2, "respondent")),
        (0, 2, "perhaps", (2, "last")),
        (0, 2, "no", (2, "last")),
        (1, 2, "yes", (2, "last")),
        (0, 3, "90", (2, "next")),
        (1, 3, "a lot", (3, "next")),
        (0, 4, "-5", (2, "spend")),
        (0, 4, "1,234", (2, "spend")),
        (1, 4, "80", (3, "spend")),
        (1, 5, "3", (3, "purchases_per_year")),
        (3, 6, "good", (5, "value: quality")),
        (3, 6, "", (5, "value: quality")),
        (3, 6, "nan", (5, "value: quality")),
        (3, 1, "Ours", (5, "brand")),
        (3, 1, "Third", (2, "brand")),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_by_row_and_column(
    row: int, column: int, cell: str, named: tuple[int, str]
) -> None:
    table = rows()
    table[row][column] = cell

    assert named in problems(table)


def test_missing_and_doubled_columns_are_named() -> None:
    assert (1, "spend") in problems(rows(), [*HEADINGS[:4], "money", *HEADINGS[5:]])
    assert (1, "brand: known") in problems([[*row, 3] for row in rows()], [*HEADINGS, "brand: known"])
    assert (1, "price: fair") in problems([[*row, 3] for row in rows()], [*HEADINGS, "price: fair"])
    assert (1, "") in problems(rows(), HEADINGS[:6])


def test_too_few_respondents_and_brands_are_refused() -> None:
    assert (0, "respondent") in problems(rows(3))
    assert (0, "brand") in problems(rows()[::2])


def test_no_more_problems_are_listed_than_anybody_reads() -> None:
    assert len(problems([["", "", "?", "?", "?", "?", "?", "?"]] * 500)) <= MOST_PROBLEMS + 8


def test_next_may_be_a_share_a_per_cent_or_a_choice() -> None:
    for first, second, wanted in (("0.7", "0,3", 0.7), ("70%", "30 %", 0.7), ("yes", "", 1.0)):
        table = [[*row[:3], first if row[1] == "Ours" else second, *row[4:]] for row in rows()]
        assert read_survey(HEADINGS, enumerate(table, 2)).next[0][0] == pytest.approx(wanted)


def test_every_column_is_explained() -> None:
    assert set(COLUMNS) == set(FIXED)


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.booleans()), max_size=9), max_size=8
    )
)
def test_whatever_the_table_the_answer_is_a_survey_or_its_problems(table: list[list[Any]]) -> None:
    with pytest.raises(BadSurvey):
        read_survey(HEADINGS, list(enumerate(table, 2)))


@given(st.text())
def test_a_number_is_finite_or_none(text: str) -> None:
    value = as_number(text)

    assert value is None or abs(value) < float("inf")
