"""Folding text for search: what people type and what is stored must meet."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})


def folded(*parts: str) -> str:
    """Lower case without accents, white space single: `Grünwerk  Łódź` becomes `grunwerk lodz`."""
    text = " ".join(part for part in parts if part)
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def folded_many(texts: Sequence[str]) -> list[str]:
    """As `folded` each, without further ado where there are plain letters and single blanks only."""
    joined = "\n".join(texts)
    lines = f"\n{joined}\n"
    if (
        joined.count("\n") != len(texts) - 1
        or "  " in joined
        or "\n " in lines
        or " \n" in lines
        or not joined.replace("\n", "").isprintable()
    ):
        return [folded(text) for text in texts]
    if joined.isascii():
        return joined.lower().split("\n")
    return [text.lower() if text.isascii() else folded(text) for text in texts]
