"""One cell of a file to one value of a field.

Cells are texts (CSV), or what a spreadsheet or Parquet file holds: numbers, booleans, dates, lists. An empty cell is None.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import override

from rapport.foundation.records.rules.codec import LENGTHS, BadValue
from rapport.foundation.records.rules.contact import ANGLED, parse_email, parse_phone, parse_url
from rapport.foundation.records.rules.dates import DateOrder, parse_date, parse_instant, shown, zone_named
from rapport.foundation.records.rules.numbers import parse_money, parse_number
from rapport.foundation.records.rules.texts import clean_text, split_list, text_of
from rapport.foundation.records.types import Field, FieldKind

# fmt: off
TRUE_WORDS = frozenset([
    "true", "t", "yes", "y", "1", "on", "x", "✓", "✔", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sì", "sim",
    "verdadero", "vero", "tak", "да", "ok", "checked",
])
FALSE_WORDS = frozenset([
    "false", "f", "no", "n", "0", "off", "nein", "falsch", "non", "faux", "nao", "não", "falso", "nie", "нет",
    "unchecked", "✗", "✘",
])
# fmt: on
# What programs write for "nothing". Never for texts: Null and None are surnames.
NOTHING = frozenset({"null", "none", "nil", "n/a", "#n/a", "na", "-", "--", "–", "—", "\\n", "?"})


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


Parser = Callable[[Any], Any]


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


def parse_id(cell: Any) -> str:
    """The id of a record in Rapport, in its usual form."""
    try:
        return str(UUID(text_of(cell).strip()))
    except ValueError:
        raise BadValue(_("%(value)s is not the id of a record in Rapport.") % {"value": shown(cell)}) from None


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
    if found is None and (matched := ANGLED.fullmatch(text)):
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
