"""Record types as this workspace knows them: built-in fields and its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rapport.foundation.records.extension_points import computed_columns, record_types
from rapport.foundation.records.queries.own_fields import as_field, custom_fields
from rapport.foundation.records.queries.relations import with_relations
from rapport.foundation.records.rules import codec
from rapport.foundation.records.types import Field, RecordType

__all__ = ["as_field", "beside", "columns_of", "custom_fields", "record_type", "value_of"]


def record_type(name: str) -> RecordType:
    """The record type with the workspace's custom fields (a small query) and relations (read when first asked for)."""
    declared = record_types[name]
    if declared.custom_fields:
        declared = declared.with_fields(custom_fields(name))
    return replace(declared, relations=with_relations(declared))


def value_of(record: Any, field: Field) -> Any:
    """The field's value on a record, in its JSON form."""
    if field.custom:
        return record.custom.get(field.name)
    if "__" in field.path:  # in a record beside this one, which may be missing
        beside, _, name = field.path.partition("__")
        return codec.encode(getattr(getattr(record, beside, None), name, None))
    return codec.encode(getattr(record, field.column or field.name))


def beside(declared: RecordType) -> list[str]:
    """Relations of the model that hold values of fields: to be read along with records that are shown whole."""
    found = (field.path.partition("__") for field in declared.fields if not field.custom)
    return list(dict.fromkeys(name for name, sign, _ in found if sign))


def columns_of(name: str) -> list[Field]:
    """Fields of computed columns, such as the last touch point."""
    return [column.field for column in computed_columns.get(name) or []]
