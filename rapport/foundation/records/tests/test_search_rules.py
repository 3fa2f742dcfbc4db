import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules import search as rules


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("  Grünwerk   Łódź ", ["grunwerk", "lodz"]),
        ("+31 (20) 555-0100", ["31205550100"]),
        ("020 555 01 00", ["205550100"]),
        ("1234", ["1234"]),
        ("anna anna", ["anna"]),
        ("a\x00b", ["ab"]),
        ("", []),
    ],
)
def test_words_are_folded_and_numbers_are_one_word(typed: str, words: list[str]) -> None:
    assert rules.words_of(typed) == words


@given(st.text(max_size=500))
def test_any_input_gives_a_few_short_words(typed: str) -> None:
    words = rules.words_of(typed)

    assert len(words) <= rules.MOST_WORDS
    assert all(0 < len(word) <= rules.MOST_LETTERS for word in words)
    assert "\x00" not in "".join(words)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("olivera", "marta oliveira rotterdam"),
        ("oliveria", "marta oliveira rotterdam"),
        ("mrata", "marta oliveira rotterdam"),
        ("martha", "marta oliveira rotterdam"),
        ("marta roterdam", "marta oliveira rotterdam"),
    ],
)
def test_slips_are_close(typed: str, text: str) -> None:
    assert rules.closeness(text, typed.split()) > 0.5


@pytest.mark.parametrize("typed", ["joost", "marta hamburg", "xyz"])
def test_other_names_are_not(typed: str) -> None:
    assert rules.closeness("marta oliveira rotterdam", typed.split()) == 0.0


def test_name_that_begins_so_comes_before_one_that_only_has_it() -> None:
    texts = ["rui costa mar@firm.example", "omar haddad", "marta oliveira", "mar klein"]

    assert sorted(texts, key=lambda text: rules.score(text, ["mar"]), reverse=True)[:2] == [
        "mar klein",
        "marta oliveira",
    ]


@given(st.text("abcdefgh", min_size=1, max_size=12))
def test_swapped_letters_make_words_of_the_same_letters(word: str) -> None:
    for other in rules.swapped(word):
        assert sorted(other) == sorted(word)
        assert other != word
