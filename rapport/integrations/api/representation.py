"""Records as the API shows and takes them: fields by name, custom ones beside built-in ones, ids as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rapport.foundation.records import policies
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.records import current_value
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Actor

_ALWAYS = ("id", "version", "deleted_at", "merged_into_id")

_JSON_TYPES: dict[FieldKind, dict[str, Any]] = {
    FieldKind.NUMBER: {"type": ["string", "number", "null"], "description": "A decimal number; answered as text"},
    FieldKind.MONEY: {
        "type": ["object", "null"],
        "properties": {"amount": {"type": "string"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
        "required": ["amount", "currency"],
    },
    FieldKind.DATE: {"type": ["string", "null"], "format": "date"},
    FieldKind.INSTANT: {"type": ["string", "null"], "format": "date-time"},
    FieldKind.MULTI_CHOICE: {"type": "array", "items": {"type": "string"}},
    FieldKind.TAGS: {"type": "array", "items": {"type": "string", "maxLength": 80}},
    FieldKind.BOOLEAN: {"type": ["boolean", "null"]},
    FieldKind.RELATION: {"type": ["string", "null"], "format": "uuid"},
    FieldKind.MEMBER: {"type": ["string", "null"], "format": "uuid"},
}


def as_json(actor: Actor, declared: RecordType, record: Any, only: Iterable[str] = ()) -> dict[str, Any]:
    """The record with the fields this actor may read, or only those asked for."""
    shown: dict[str, Any] = {name: codec.encode(getattr(record, name)) for name in _ALWAYS if hasattr(record, name)}
    wanted = set(only)
    for field in policies.readable_fields(actor, declared):
        if not wanted or field.name in wanted:
            shown[field.name] = current_value(record, field)
    return shown


def chosen_fields(declared: RecordType, text: str) -> list[str]:
    """The names of `?fields=a,b`. Errors: Invalid naming those that do not exist."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if declared.field(name) is None and name not in _ALWAYS]
    if unknown:
        raise Invalid({"fields": f"There is no field {', '.join(unknown)}."})
    return names


def json_schema(declared: RecordType, *, writable: bool) -> dict[str, Any]:
    """The JSON schema of a record type's values for the API's document."""
    properties = {
        field.name: _schema_of(field)
        for field in declared.fields
        if not field.custom and (field.editable or not writable)
    }
    if not writable:
        properties = {
            "id": {"type": "string", "format": "uuid"},
            "version": {"type": "integer"},
            "deleted_at": {"type": ["string", "null"], "format": "date-time"},
            "merged_into_id": {"type": ["string", "null"], "format": "uuid"},
            **properties,
        }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": True,
        "description": f"{declared.label}. The workspace's own fields stand beside these, under their names.",
    }


def _schema_of(field: Field) -> dict[str, Any]:
    schema = dict(_JSON_TYPES.get(field.kind, {"type": ["string", "null"]}))
    if field.kind is FieldKind.CHOICE and field.choices:
        schema["enum"] = [*(choice.value for choice in field.choices), "", None]
    schema["title"] = str(field.label)
    if field.help:
        schema["description"] = str(field.help)
    return schema
