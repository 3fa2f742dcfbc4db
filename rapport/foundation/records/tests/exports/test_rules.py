"""No text that leaves is a formula to a spreadsheet, and every text comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules.exports import guarded, unguarded


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "'=1"]
)
def test_formulas_become_texts(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-12.50", "+4915112345678", "+49 151 12345-678", "-3%", "plain", "", "O'Neill", "'quoted'", "a=b"]
)
def test_figures_and_plain_texts_stay(text: str) -> None:
    assert guarded(text) == text


@given(st.text(alphabet="'=+-@ab1\t\r ", max_size=8) | st.text())
def test_what_was_guarded_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(st.text())
def test_nothing_guarded_begins_with_a_formula(text: str) -> None:
    written = guarded(text)

    assert not written.startswith(("=", "@", "\t", "\r"))
    if written.startswith(("+", "-")):
        assert not any(sign.isalpha() for sign in written)
