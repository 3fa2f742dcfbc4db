"""What follows from the values of any record: the text it is found by, the fields it is recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rapport.foundation.lib.text import folded
from rapport.foundation.records.types import Field, FieldKind, RecordType

LONGEST_SEARCH_TEXT = 2_000
_WORDS = frozenset({FieldKind.TEXT, FieldKind.EMAIL, FieldKind.PHONE})
_KEYS = frozenset({FieldKind.TEXT, FieldKind.EMAIL, FieldKind.PHONE, FieldKind.URL, FieldKind.NUMBER})


def searched(declared: RecordType) -> list[Field]:
    """Fields whose values records are found by: those that say so, and a workspace's own short texts."""
    return [
        field
        for field in declared.fields
        if field.searchable or field.name == declared.title_field or (field.custom and field.kind in _WORDS)
    ]


def search_text(declared: RecordType, columns: Mapping[str, Any]) -> str:
    """The folded text of a record, from its columns. The title stands first: what begins with the words ranks first."""
    fields = sorted(searched(declared), key=lambda field: field.name != declared.title_field)
    custom = columns.get("custom") or {}
    values = [custom.get(field.name) if field.custom else columns.get(field.column or field.name) for field in fields]
    return folded(*(_shown(field, value) for field, value in zip(fields, values, strict=True)))[:LONGEST_SEARCH_TEXT]


def key_fields(declared: RecordType) -> list[Field]:
    """What a row of a file can be recognised by: fields that are keys; without any, own short values and the title."""
    keys = [field for field in declared.fields if field.key]
    if keys:
        return keys
    own = [field for field in declared.fields if field.custom and field.kind in _KEYS]
    title = declared.field(declared.title_field)
    return [*([title] if title and not title.custom else []), *own]


def _shown(field: Field, value: Any) -> str:
    if value in (None, "", []):
        return ""
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return str(value).removeprefix("+") if field.kind is FieldKind.PHONE else str(value)
