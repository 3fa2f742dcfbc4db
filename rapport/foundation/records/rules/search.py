"""What people type to find somebody: its words, what may be meant by a word with a slip in it, and which find is best."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapport.foundation.lib.text import folded

MOST_WORDS = 6
MOST_LETTERS = 60
SHORTEST = 2
ALIKE = 0.5  # of the trigrams of a word; a letter too many, too few or wrong passes
_NUMBER = re.compile(r"[+(]?[\d\s()/.–-]*\d[\d\s()/.–-]*")


def words_of(text: str) -> list[str]:
    """Folded words, the same ones once. A phone number is one word, however it is grouped."""
    digits = phone_digits(text)
    if digits:
        return [digits]
    found = dict.fromkeys(word[:MOST_LETTERS] for word in folded(text.replace("\x00", "")).split())
    return list(found)[:MOST_WORDS]


def phone_digits(text: str) -> str:
    """The digits of what looks like a phone number, without what differs between its national and international form."""
    if not _NUMBER.fullmatch(text.strip()):
        return ""
    digits = re.sub(r"\D", "", text).lstrip("0")
    return digits if len(digits) >= 5 else ""


def swapped(word: str) -> list[str]:
    """The word with two neighbouring letters changed about, each pair in turn: the slip that trigrams forgive least."""
    if not 4 <= len(word) <= 10:
        return []
    pairs = range(len(word) - 1)
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in pairs if word[at] != word[at + 1]]


def may_be_a_slip(word: str) -> bool:
    """Long enough to be recognised with a letter wrong; addresses and numbers are meant as they are."""
    return len(word) >= 4 and not any(c.isdigit() or c == "@" for c in word)


def score(text: str, words: Sequence[str]) -> tuple[int, int]:
    """How well a folded text answers: it begins with what was typed, then whole words, then words that begin so; and
    among equals, the one that has them nearest to its beginning, which is the name.
    """
    padded = f" {text} "
    begins = text.startswith(" ".join(words))
    whole = all(f" {word} " in padded for word in words)
    starts = all(f" {word}" in padded for word in words)
    return 4 * begins + 2 * whole + starts, -max((text.find(word) for word in words), default=0)


def contains(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def closeness(text: str, words: Sequence[str]) -> float:
    """Between 0 and 1: how alike the words are to the nearest words of the text; 0 when one of them is like none."""
    there = [_trigrams(word) for word in text.split()]
    total = 0.0
    for word in words:
        if word in text or any(other in text for other in swapped(word)):
            total += 1
            continue
        wanted = _trigrams(word)
        best = max((len(wanted & other) / len(wanted) for other in there), default=0.0)
        if best < ALIKE:
            return 0.0
        total += best
    return total / len(words) if words else 0.0


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))
