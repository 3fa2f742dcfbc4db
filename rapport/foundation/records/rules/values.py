"""One cell of a file to one value of a field. Columns are parsed whole: most cells are plain, and many are alike.

Cells are texts (CSV), or what a spreadsheet or Parquet file holds: numbers, booleans, dates, lists. An empty cell is None.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import override

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.foundation.records.rules.codec import LENGTHS, BadValue
from rapport.foundation.records.rules.dates import (
    DateOrder,
    detect_date_order,
    parse_date,
    parse_instant,
    shown,
    zone_named,
)
from rapport.foundation.records.rules.exports import unguarded
from rapport.foundation.records.rules.numbers import currency_code, detect_decimal, parse_money, parse_number
from rapport.foundation.records.types import Field, FieldKind

TRUE_WORDS = frozenset(
    [
        "true",
        "t",
        "yes",
        "y",
        "1",
        "on",
        "x",
        "✓",
        "✔",
        "ja",
        "j",
        "wahr",
        "oui",
        "vrai",
        "si",
        "sí",
        "sì",
        "sim",
        "verdadero",
        "vero",
        "tak",
        "да",
        "ok",
        "checked",
    ]
)
FALSE_WORDS = frozenset(
    [
        "false",
        "f",
        "no",
        "n",
        "0",
        "off",
        "nein",
        "falsch",
        "non",
        "faux",
        "nao",
        "não",
        "falso",
        "nie",
        "нет",
        "unchecked",
        "✗",
        "✘",
    ]
)
# What programs write for "nothing". Never for texts: Null and None are surnames.
NOTHING = frozenset({"null", "none", "nil", "n/a", "#n/a", "na", "-", "--", "–", "—", "\\n", "?"})
LIST_MARKS = re.compile(r"[;|\n]|,(?!\d)")
MEMO_SIZE = 20_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]")
_UNDECODABLE = re.compile(r"[\ud800-\udfff]")
_ANGLED = re.compile(r".*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*", re.DOTALL)
_EXTENSION = re.compile(
    r"^(.*\d.*?)\s*(?:;ext=|,|#|\b(?:ext|extension|x|dw|durchwahl|app)\b\.?:?|x(?=\d))\s*(\d{1,7})$", re.IGNORECASE
)
_HOST = re.compile(r"(?:[\w](?:[\w-]*[\w])?\.)+[^\W\d_][\w-]{1,62}\.?(?::\d{1,5})?", re.UNICODE)


@dataclass(frozen=True)
class ParseOptions:
    """How a column writes what it says."""

    date_order: DateOrder = DateOrder.DAY_FIRST
    decimal: str = "."
    timezone: str = "UTC"
    currency: str = ""
    region: str = ""  # ISO country of phone numbers without a country code
    max_length: int | None = None
    true_words: frozenset[str] = TRUE_WORDS
    false_words: frozenset[str] = FALSE_WORDS
    members: Mapping[str, UUID] = field(default_factory=dict)  # by e-mail and by name, lower case


@dataclass
class ParsedColumn:
    """Values of one column by position in the batch; `problems` says why some could not be read."""

    values: list[Any]
    problems: dict[int, str] = field(default_factory=dict)


Parser = Callable[[Any], Any]


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
        if parse is None and declared.kind is FieldKind.EMAIL:
            self._quick = normalised_email
        elif parse is None and declared.kind is FieldKind.PHONE:
            self._quick = written_phone

    def parse(self, cells: Sequence[Any]) -> ParsedColumn:
        if self._is_plain and (plain := self._plain_texts(cells)) is not None:
            return ParsedColumn(plain)
        if self._quick:
            return self._parse_quickly(cells, self._quick)
        parse, memo = self._memoised if self._remember else self.value, self._memo
        if len(memo) > MEMO_SIZE:
            memo.clear()
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

    def _parse_quickly(self, cells: Sequence[Any], quick: Callable[[str], str | None]) -> ParsedColumn:
        """Cells that are in their normal form, or nearly, without further ado; the others the long way."""
        values: list[Any] = []
        problems: dict[int, str] = {}
        for position, cell in enumerate(cells):
            found = quick(cell) if type(cell) is str and cell else None
            if found is None and cell is not None and cell != "":
                try:
                    found = self.value(cell)
                except BadValue as bad:
                    problems[position] = str(bad)
            values.append(found)
        return ParsedColumn(values, problems)

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


def parser_for(declared: Field, options: ParseOptions) -> Parser:
    """A function from one cell (not empty, a text already stripped) to its value."""
    kind = declared.kind
    if kind in (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.RELATION):
        limit = options.max_length or LENGTHS.get(kind, LENGTHS[FieldKind.TEXT])
        return lambda cell: clean_text(cell, limit=limit, lines=kind is FieldKind.LONG_TEXT)
    if kind is FieldKind.NUMBER:
        return lambda cell: parse_number(cell, options.decimal)
    if kind is FieldKind.MONEY:
        return lambda cell: parse_money(cell, options.decimal, options.currency)
    if kind is FieldKind.DATE:
        return lambda cell: parse_date(cell, options.date_order)
    if kind is FieldKind.INSTANT:
        zone = zone_named(options.timezone)
        return lambda cell: parse_instant(cell, options.date_order, zone)
    if kind is FieldKind.CHOICE:
        return _choice_parser(declared)
    if kind is FieldKind.MULTI_CHOICE:
        one = _choice_parser(declared)
        return lambda cell: list(dict.fromkeys(one(part) for part in split_list(cell)))
    if kind is FieldKind.BOOLEAN:
        return lambda cell: _boolean(cell, options)
    if kind is FieldKind.MEMBER:
        return lambda cell: _member(cell, options.members)
    if kind is FieldKind.PHONE:
        return lambda cell: parse_phone(cell, options.region)
    return {FieldKind.EMAIL: parse_email, FieldKind.URL: parse_url, FieldKind.TAGS: parse_tags}[kind]


def clean_text(cell: Any, *, limit: int = LENGTHS[FieldKind.TEXT], lines: bool = False) -> str | None:
    """Composed (NFC), without control characters; blanks are single unless the text may have lines."""
    if type(cell) is not str:
        cell = text_of(cell)
    if _UNDECODABLE.search(cell):
        raise BadValue(
            _(
                "This has bytes that are not in the encoding of the file. Save the file as UTF-8, or choose its encoding."
            )
        )
    if "\x00" in cell:
        raise BadValue(
            _("%(value)s holds a NUL byte, so the file may be damaged.") % {"value": shown(cell.replace("\x00", "␀"))}
        )
    text: str = _CONTROL.sub("", cell) if not cell.isprintable() else cell
    if lines:
        text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    else:
        text = " ".join(text.split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if limit and len(text) > limit:
        raise BadValue(
            _("%(value)s is too long: %(length)s characters, where %(limit)s fit.")
            % {"value": shown(text, 30), "length": len(text), "limit": limit}
        )
    return text or None


def text_of(cell: Any) -> str:
    """A typed cell as the text a person saw: 12345.0 in a spreadsheet is 12345."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        midnight = not (cell.hour or cell.minute or cell.second or cell.microsecond) and cell.tzinfo is None
        return cell.date().isoformat() if midnight else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, list | tuple):
        return "; ".join(text_of(item) for item in cell if item is not None)
    if isinstance(cell, bytes):
        raise BadValue(_("This holds bytes, not text. Convert the column to text."))
    return str(cell)


def split_list(cell: Any) -> list[str]:
    """The items of a cell that holds several, parted by ; or | or , or line breaks."""
    if isinstance(cell, list | tuple):
        items: Iterable[Any] = cell
    else:
        items = LIST_MARKS.split(text_of(cell))
    return [text for item in items if item is not None and (text := clean_text(item))]


def parse_email(cell: Any) -> str:
    """The address in its normal form. `Ann Lee <ann@example.org>` and `mailto:` are understood."""
    text = text_of(cell).strip()
    found = normalised_email(text)
    if found:
        return found
    bare = text[7:] if text[:7].lower() == "mailto:" else text
    if matched := _ANGLED.fullmatch(bare):
        bare = matched[1]
    found = normalised_email(bare.strip("'\"<>,; \t\u00a0\u200b"))
    if found:
        return found
    raise BadValue(_why_no_email(text))


def _why_no_email(text: str) -> str:
    value = {"value": shown(text)}
    name, at, domain = text.partition("@")
    if not at:
        return _("%(value)s is not an e-mail address: it has no @.") % value
    if "@" in domain:
        if any(mark in text for mark in ",;| "):
            return (
                _(
                    "%(value)s holds more than one e-mail address. Keep one here and move the others to a column of their own."
                )
                % value
            )
        return _("%(value)s is not an e-mail address: it has more than one @.") % value
    if not name or not domain:
        return (
            _("%(value)s is not an e-mail address: nothing stands before the @.")
            if not name
            else _("%(value)s is not an e-mail address: nothing stands after the @.")
        ) % value
    if " " in text:
        return _("%(value)s is not an e-mail address: it has a blank inside.") % value
    if "." not in domain.strip("."):
        return _("%(value)s is not an e-mail address: the part after the @ has no ending such as .com.") % value
    if len(text) > 254 or len(name) > 64:
        return _("%(value)s is not an e-mail address: it is too long.") % value
    return _("%(value)s is not an e-mail address. Check for stray dots and signs.") % value


def written_phone(text: str) -> str | None:
    """A number that is in E.164 already; None for any other, which takes longer."""
    return normalised_phone(text) if text[:1] == "+" and text[1:].isdecimal() else None


def parse_phone(cell: Any, region: str = "") -> str:
    """The number in E.164. An extension is refused, because E.164 has no place for it and dropping it would lose data."""
    text = text_of(cell).strip()
    if not text.lstrip("+").isdigit() and (matched := _EXTENSION.fullmatch(text)):
        bare = normalised_phone(matched[1], region)
        if bare:
            raise BadValue(
                _("%(value)s has an extension. Write %(bare)s here and keep the extension in a field of its own.")
                % {"value": shown(text), "bare": bare}
            )
    number = normalised_phone(text, region)
    if number:
        return number
    value = {"value": shown(text)}
    digits = re.sub(r"\D", "", text)
    if len(digits) < 4:
        raise BadValue(_("%(value)s is not a phone number.") % value)
    if text.startswith("00") and (number := normalised_phone(f"+{digits[2:]}")):
        return number
    # A spreadsheet that takes +49 151 … for a number drops the plus.
    if not isinstance(cell, str) and not region and (number := normalised_phone(f"+{digits}")):
        return number
    if not text.startswith("+") and not region:
        raise BadValue(
            _("%(value)s has no country code. Write it as +31 20 555 0100, or choose a country for this column.")
            % value
        )
    raise BadValue(_("%(value)s is not a possible phone number: it may lack or repeat digits.") % value)


def parse_url(cell: Any) -> str:
    """A web address with its scheme; https:// is added to a bare one."""
    text = clean_text(cell, limit=LENGTHS[FieldKind.URL]) or ""
    scheme, colon, rest = text.partition("://")
    if not colon:
        if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", text, re.IGNORECASE):
            raise BadValue(
                _("%(value)s is not a web address: it must begin with https:// or http://.") % {"value": shown(text)}
            )
        scheme, rest = "https", text.lstrip("/")
    if scheme.lower() not in ("http", "https"):
        raise BadValue(
            _("%(value)s is not a web address: it must begin with https:// or http://.") % {"value": shown(text)}
        )
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if " " in text or not (
        _HOST.fullmatch(host)
        or re.fullmatch(r"localhost(:\d+)?|\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[[0-9a-f:]+\](:\d+)?", host, re.IGNORECASE)
    ):
        raise BadValue(_("%(value)s is not a web address. Write it as https://example.org.") % {"value": shown(text)})
    return f"{scheme.lower()}://{rest}"


def parse_tags(cell: Any) -> list[str]:
    """Tags without their #, each once whatever its case."""
    tags: dict[str, str] = {}
    for item in split_list(cell):
        tag = item.lstrip("#").strip()
        if len(tag) > 80:
            raise BadValue(
                _("The tag %(value)s is too long: %(length)s characters, where 80 fit.")
                % {"value": shown(tag, 30), "length": len(tag)}
            )
        if tag:
            tags.setdefault(tag.casefold(), tag)
    if len(tags) > 100:
        raise BadValue(_("This has %(count)s tags; 100 fit.") % {"count": len(tags)})
    return list(tags.values())


def _choice_parser(declared: Field) -> Parser:
    known: dict[str, str] = {}
    retired: set[str] = set()
    for choice in declared.choices:
        with override("en"):
            names = {choice.value, choice.value.replace("_", " "), str(choice.label)}
        for name in (*names, str(choice.label)):
            known.setdefault(name.casefold().strip(), choice.value)
        if choice.retired:
            retired.add(choice.value)
    labels = {choice.value: str(choice.label) for choice in declared.choices if not choice.retired}

    def parse(cell: Any) -> str:
        text = clean_text(cell) or ""
        value = known.get(text.casefold())
        if value is not None and value not in retired:
            return value
        if value is not None:
            raise BadValue(_("%(value)s is retired and can't be given to records any more.") % {"value": shown(text)})
        close = difflib.get_close_matches(text.casefold(), list(known), n=1, cutoff=0.7)
        if close and known[close[0]] in labels:
            raise BadValue(
                _("%(value)s is not one of the choices. Did you mean %(close)s?")
                % {"value": shown(text), "close": labels[known[close[0]]]}
            )
        listed = ", ".join(list(labels.values())[:8]) + (" …" if len(labels) > 8 else "")
        raise BadValue(_("%(value)s is not one of the choices: %(listed)s.") % {"value": shown(text), "listed": listed})

    return parse


def _boolean(cell: Any, options: ParseOptions) -> bool:
    if isinstance(cell, bool):
        return cell
    word = text_of(cell).strip().casefold()
    if word in options.true_words:
        return True
    if word in options.false_words:
        return False
    raise BadValue(
        _("%(value)s is neither yes nor no. Write yes or no, true or false, 1 or 0.") % {"value": shown(cell)}
    )


def _member(cell: Any, members: Mapping[str, UUID]) -> UUID:
    text = clean_text(cell) or ""
    found = members.get(text.casefold())
    if found is None and (matched := _ANGLED.fullmatch(text)):
        found = members.get(matched[1].casefold())
    if found is None:
        try:
            candidate = UUID(text)
        except ValueError:
            candidate = None
        found = candidate if candidate in members.values() else None
    if found is None:
        raise BadValue(
            _("%(value)s is not a colleague here. Write the name or e-mail address of a member of this workspace.")
            % {"value": shown(text)}
        )
    return found


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
