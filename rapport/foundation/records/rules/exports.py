"""What leaves in a file: texts that no spreadsheet takes for a formula."""

from __future__ import annotations

import re

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_NUMERIC = re.compile(r"[+-]?[\d .,()/-]*\d[\d .,()/-]*%?")


def guarded(text: str) -> str:
    """The text with an apostrophe in front when a spreadsheet would take it for a formula; figures stay as they are.

    A text that begins with an apostrophe and such a sign gets another, so that importing takes off exactly one.
    """
    bare = text.lstrip("'")
    if not bare.startswith(FORMULA_SIGNS) or (bare == text and _NUMERIC.fullmatch(bare)):
        return text
    return f"'{text}"


def unguarded(text: str) -> str:
    """The text as it was before it was guarded."""
    if text[:1] != "'":
        return text
    bare = text.lstrip("'")
    return text[1:] if bare.startswith(FORMULA_SIGNS) else text
