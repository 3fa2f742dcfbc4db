"""A column of a file: what it holds, how it writes it, and its cells as values. Read whole: many cells are alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from rapport.foundation.lib.contact import normalised_email, plain_emails, written_phones
from rapport.foundation.records.rules.codec import LENGTHS, BadValue
from rapport.foundation.records.rules.contact import parse_email, parse_phone, parse_url, written_phone
from rapport.foundation.records.rules.dates import DateOrder, detect_date_order, parse_date, parse_instant
from rapport.foundation.records.rules.exports import unguarded
from rapport.foundation.records.rules.numbers import currency_code, detect_decimal, parse_money, parse_number
from rapport.foundation.records.rules.values import (
    FALSE_WORDS,
    NOTHING,
    TRUE_WORDS,
    ParseOptions,
    Parser,
    parser_for,
)
from rapport.foundation.records.types import Field, FieldKind

MEMO_SIZE = 20_000
BLOCK = 250  # cells looked at together, so that one with trouble slows few others


@dataclass
class ParsedColumn:
    """Values of one column by position in the batch; `problems` says why some could not be read."""

    values: list[Any]
    problems: dict[int, str] = field(default_factory=dict)


class ColumnParser:
    """Parses the cells of one column, batch after batch, and remembers the answers."""

    def __init__(self, declared: Field, options: ParseOptions, parse: Parser | None = None) -> None:
        """`parse` reads cells instead of the kind's own parser."""
        self.kind = declared.kind
        self._parse = parse or parser_for(declared, options)
        self._limit = options.max_length or LENGTHS.get(declared.kind, 0)
        self._memo: dict[Any, Any] = {}
        text = declared.kind in (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.RELATION)
        hardly_repeats = text or declared.kind in (FieldKind.EMAIL, FieldKind.PHONE)
        self._is_plain = text and parse is None
        self._remember = parse is not None or not hardly_repeats
        self._knows_nothing = not text
        self._quick: Callable[[str], str | None] | None = None
        self._at_once: Callable[[Sequence[str]], list[str] | None] | None = None
        if parse is None and declared.kind is FieldKind.EMAIL:
            self._quick, self._at_once = normalised_email, plain_emails
        elif parse is None and declared.kind is FieldKind.PHONE:
            self._quick, self._at_once = written_phone, written_phones

    def parse(self, cells: Sequence[Any]) -> ParsedColumn:
        if self._is_plain and (plain := self._plain_texts(cells)) is not None:
            return ParsedColumn(plain)
        if self._quick and self._at_once:
            return self._parse_quickly(cells, self._quick, self._at_once)
        parse, memo = self._memoised if self._remember else self.value, self._memo
        if len(memo) > MEMO_SIZE:
            memo.clear()
        if self._remember and _are_texts(cells) and (few := self._few_values(cells)):
            return ParsedColumn([few[cell] for cell in cells])
        problems: dict[int, str] = {}
        values: list[Any] = []
        append = values.append
        for position, cell in enumerate(cells):
            if cell is None or cell == "":
                append(None)
                continue
            try:
                append(parse(cell))
            except BadValue as bad:
                append(None)
                problems[position] = str(bad)
        return ParsedColumn(values, problems)

    def _parse_quickly(
        self,
        cells: Sequence[Any],
        quick: Callable[[str], str | None],
        at_once: Callable[[Sequence[str]], list[str] | None],
    ) -> ParsedColumn:
        """Cells that are in their normal form, or nearly, without further ado; the others the long way."""
        values: list[Any] = []
        problems: dict[int, str] = {}
        for start in range(0, len(cells), BLOCK):
            block = cells[start : start + BLOCK]
            if _are_texts(block) and (plain := at_once(block)) is not None:
                values += [cell or None for cell in plain] if "" in plain else plain
                continue
            for position, cell in enumerate(block, start):
                found = quick(cell) if type(cell) is str and cell else None
                if found is None and cell is not None and cell != "":
                    try:
                        found = self.value(cell)
                    except BadValue as bad:
                        problems[position] = str(bad)
                values.append(found)
        return ParsedColumn(values, problems)

    def _few_values(self, cells: Sequence[str]) -> dict[str, Any]:
        """What each text of the column stands for, if they are few and all can be read; else nothing."""
        texts = set(cells)
        if len(texts) * 4 > len(cells):
            return {}
        try:
            return {text: self._memoised(text) if text else None for text in texts}
        except BadValue:
            return {}

    def value(self, cell: Any) -> Any:
        """The value of one cell. Errors: BadValue."""
        if type(cell) is str:
            cell = unguarded(cell.strip())
        if cell is None or cell == "" or (self._knows_nothing and isinstance(cell, str) and cell.lower() in NOTHING):
            return None
        return self._parse(cell)

    def _memoised(self, cell: Any) -> Any:
        key = cell if type(cell) is str else (type(cell), repr(cell))
        known = self._memo.get(key, self)
        if known is not self:
            if type(known) is BadValue:
                raise known
            return known
        try:
            known = self.value(cell)
        except BadValue as bad:
            self._memo[key] = BadValue(str(bad))
            raise
        self._memo[key] = known
        return known

    def _plain_texts(self, cells: Sequence[Any]) -> list[str | None] | None:
        """The whole column at once when nothing in it needs a second look; else None."""
        try:
            joined = "|".join(cells)
        except TypeError:
            return None
        # Printable means: no control characters and no white space but blanks.
        if (
            not joined.isprintable()
            or "  " in joined
            or "|'" in joined
            or joined[:1] == "'"
            or not (joined.isascii() or unicodedata.is_normalized("NFC", joined))
        ):
            return None
        if self._limit and max(map(len, cells), default=0) > self._limit:
            return None
        return [cell.strip() or None for cell in cells]


def _are_texts(cells: Sequence[Any]) -> bool:
    return set(map(type, cells)) == {str}


def parse_value(cell: Any, declared: Field, options: ParseOptions | None = None) -> Any:
    """The value of a single cell; None when it is empty. Errors: BadValue."""
    return ColumnParser(declared, options or ParseOptions()).value(cell)


def detect_options(declared: Field, samples: Sequence[Any], base: ParseOptions) -> tuple[ParseOptions, bool]:
    """The options that fit a column's first values, and whether they are certain."""
    texts = [
        text
        for sample in samples
        if isinstance(sample, str) and (text := sample.strip()) and text.lower() not in NOTHING
    ]
    if not texts:
        return base, True
    if declared.kind in (FieldKind.DATE, FieldKind.INSTANT):
        order, certain = detect_date_order(texts)
        return replace(base, date_order=order), certain
    if declared.kind in (FieldKind.NUMBER, FieldKind.MONEY):
        mark, certain = detect_decimal(texts)
        return replace(base, decimal=mark), certain
    return base, True


def guess_kind(samples: Sequence[Any]) -> FieldKind:
    """The narrowest kind that reads all samples: what an unknown column becomes when it is kept."""
    cells = [
        sample
        for sample in samples
        if sample is not None and str(sample).strip() and str(sample).strip().lower() not in NOTHING
    ]
    if not cells:
        return FieldKind.TEXT
    if all(
        isinstance(cell, bool) or str(cell).strip().casefold() in (TRUE_WORDS | FALSE_WORDS) - {"0", "1", "x"}
        for cell in cells
    ):
        return FieldKind.BOOLEAN
    if any(isinstance(cell, str) and re.fullmatch(r"0\d+", cell.strip()) for cell in cells):
        return FieldKind.TEXT  # 00420 is a code, and its noughts matter
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    order, _certain = detect_date_order(texts)
    mark, _certain = detect_decimal(texts)
    for kind, parse in (
        (FieldKind.PHONE, _international_phone),
        (FieldKind.NUMBER, lambda cell: parse_number(cell, mark)),
        (FieldKind.DATE, lambda cell: _date_only(cell, order)),
        (FieldKind.INSTANT, lambda cell: parse_instant(cell, order)),
        (FieldKind.EMAIL, parse_email),
        (FieldKind.MONEY, lambda cell: _named_money(cell, mark)),
        (FieldKind.URL, _full_url),
    ):
        if _reads_all(parse, cells):
            return kind
    if any(isinstance(cell, list | tuple) for cell in cells):
        return FieldKind.TAGS
    return FieldKind.LONG_TEXT if any(len(str(cell)) > 200 or "\n" in str(cell) for cell in cells) else FieldKind.TEXT


def _reads_all(parse: Parser, cells: Sequence[Any]) -> bool:
    try:
        for cell in cells:
            parse(cell.strip() if isinstance(cell, str) else cell)
    except BadValue:
        return False
    return True


def _date_only(cell: Any, order: DateOrder) -> date:
    if isinstance(cell, int | float) or (":" in str(cell) and not str(cell).endswith(" 00:00:00")):
        raise BadValue("time of day")
    return parse_date(cell, order)


def _named_money(cell: Any, mark: str) -> dict[str, str]:
    text = str(cell)
    signs = [sign for sign in re.split(r"[\d.,\s'’()+−-]+", text) if sign]
    if len(signs) != 1 or currency_code(signs[0]) is None:
        raise BadValue("no currency")
    return parse_money(text, mark)


def _international_phone(cell: Any) -> str:
    if not isinstance(cell, str) or not cell.startswith(("+", "00")):
        raise BadValue("national")
    return parse_phone(cell)


def _full_url(cell: Any) -> str:
    if not isinstance(cell, str) or not cell.lower().startswith(("http://", "https://", "www.")):
        raise BadValue("bare")
    return parse_url(cell)
