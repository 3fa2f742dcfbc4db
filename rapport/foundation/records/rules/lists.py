"""The state of a list: everything that its address says, and the cursors that page through it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import AllOf, Condition
from rapport.foundation.records.types import Field, FieldKind, RecordType

SIZES = (25, 50, 100)
DEFAULT_SIZE = 50
MAX_COLUMNS = 20
MAX_WORDS = 200
COUNTED = 10_000  # rows of a list, before "more than"
COUNTED_WORDS = 1_000  # found by words, which an index answers row by row
_SORTABLE = frozenset(
    {
        FieldKind.TEXT,
        FieldKind.NUMBER,
        FieldKind.DATE,
        FieldKind.INSTANT,
        FieldKind.CHOICE,
        FieldKind.EMAIL,
        FieldKind.PHONE,
    }
)


@dataclass(frozen=True)
class Sort:
    """One column and a direction. Rows without a value come last either way; the id settles ties."""

    name: str
    path: str
    kind: FieldKind
    descending: bool

    @property
    def word(self) -> str:
        return f"-{self.name}" if self.descending else self.name

    @property
    def blank(self) -> str:
        """What an empty value is in the database: an empty text, or NULL ("null"), or none at all ("")."""
        if self.kind is FieldKind.INSTANT:
            return ""
        return "null" if self.kind in (FieldKind.NUMBER, FieldKind.DATE) else "text"


@dataclass(frozen=True)
class Cursor:
    """The row a page begins after, or ends before. A value of None: one of the rows without a value."""

    value: Any
    id: UUID
    backward: bool = False


@dataclass(frozen=True)
class ListState:
    """What the address of a list says. `where` is None while the view's own condition holds."""

    view: str = ""
    where: Condition | None = None
    words: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    size: int = DEFAULT_SIZE
    cursor: str = ""

    @property
    def where_text(self) -> str:
        return "" if self.where is None else conditions.encode(self.where)

    @property
    def size_text(self) -> str:
        return str(self.size) if self.size != DEFAULT_SIZE else ""

    def query(self, **changes: Any) -> str:
        """The query string of this state with some parts changed. Another page's cursor never outlives a change."""
        new = replace(self, **{"cursor": "", **changes})
        parts = {
            "view": new.view,
            "where": new.where_text,
            "q": new.words,
            "sort": new.sort,
            "columns": ",".join(new.columns),
            "size": new.size_text,
            "cursor": new.cursor,
        }
        return urlencode({name: value for name, value in parts.items() if value})


def state_of(params: Mapping[str, str]) -> ListState:
    """The state an address asks for. Only `where` can be wrong (ConditionError); everything else falls back."""
    where = params.get("where", "")
    size = params.get("size", "")
    return ListState(
        view=params.get("view", "")[:60],
        where=conditions.decode(where) if where else None,
        words=" ".join(params.get("q", "").replace("\x00", "").split())[:MAX_WORDS],
        sort=params.get("sort", "")[:60],
        columns=tuple(name for name in params.get("columns", "").split(",") if name)[:MAX_COLUMNS],
        size=int(size) if size in {str(known) for known in SIZES} else DEFAULT_SIZE,
        cursor=params.get("cursor", "")[:400],
    )


def is_sortable(field: Field) -> bool:
    return field.sortable and not field.custom and field.kind in _SORTABLE


def sort_of(words: tuple[str, ...], record_type: RecordType, readable: frozenset[str]) -> Sort:
    """The first of the wished orders that this list can be sorted by."""
    for word in (*words, record_type.default_sort):
        field = record_type.field(word.removeprefix("-"))
        if field is not None and field.name in readable and is_sortable(field):
            return Sort(field.name, field.path, field.kind, word.startswith("-"))
    return Sort("id", "pk", FieldKind.INSTANT, True)


def encode_cursor(cursor: Cursor) -> str:
    raw = msgspec.json.encode([_plain(cursor.value), str(cursor.id), int(cursor.backward)])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(text: str, sort: Sort) -> Cursor | None:
    """None for anything that is not a cursor of this order: the list then begins at its beginning."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value, row_id, backward = msgspec.json.decode(raw, type=tuple[str | None, str, int])
        return Cursor(None if value is None else _typed(value, sort), UUID(row_id), bool(backward))
    except (binascii.Error, msgspec.MsgspecError, ValueError, ArithmeticError):
        return None


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _typed(text: str, sort: Sort) -> Any:
    if sort.path == "pk":
        return UUID(text)
    match sort.kind:
        case FieldKind.INSTANT:
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                raise ValueError("no zone")
            return at
        case FieldKind.DATE:
            return date.fromisoformat(text)
        case FieldKind.NUMBER:
            number = Decimal(text)
            if not number.is_finite():
                raise ValueError("not finite")
            return number
    if "\x00" in text:
        raise ValueError("no text")
    return text


def is_everything(tree: Condition) -> bool:
    return tree == AllOf()
