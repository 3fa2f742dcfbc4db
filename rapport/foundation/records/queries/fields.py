"""Record types as this workspace knows them: built-in fields and its own."""

from __future__ import annotations

from typing import Any

from rapport.foundation.records.extension_points import computed_columns, record_types, relation_sources
from rapport.foundation.records.models import CustomField
from rapport.foundation.records.rules import codec
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType


def record_type(name: str) -> RecordType:
    """The record type with the workspace's custom fields and relations (two small queries)."""
    from dataclasses import replace

    declared = record_types[name]
    if declared.custom_fields:
        declared = declared.with_fields(custom_fields(name))
    source = relation_sources.get(name)
    if source:
        declared = replace(declared, relations=(*declared.relations, *source()))
    return declared


def custom_fields(record_type: str, *, retired: bool = False) -> tuple[Field, ...]:
    """The workspace's own fields in their order; with `retired` also those that records still hold values of."""
    rows = CustomField.objects.filter(record_type=record_type)
    return tuple(as_field(row) for row in (rows if retired else rows.filter(retired_at=None)))


def as_field(row: CustomField) -> Field:
    """A custom field as a declaration."""
    return Field(
        name=row.name,
        label=row.label,
        kind=FieldKind(row.kind),
        choices=tuple(Choice(**choice) for choice in row.choices),
        target=row.target,
        group=row.group,
        help=row.help,
        required=row.is_required,
        in_list=row.in_list,
        custom=True,
    )


def value_of(record: Any, field: Field) -> Any:
    """The field's value on a record, in its JSON form."""
    if field.custom:
        return record.custom.get(field.name)
    return codec.encode(getattr(record, field.column or field.name))


def columns_of(name: str) -> list[Field]:
    """Fields of computed columns, such as the last touch point."""
    return [column.field for column in computed_columns.get(name) or []]
