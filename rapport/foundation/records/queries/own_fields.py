"""A workspace's own fields as declarations."""

from __future__ import annotations

from collections.abc import Mapping

from rapport.foundation.records.models import CustomField
from rapport.foundation.records.types import Choice, Field, FieldKind


def custom_fields(record_type: str, *, retired: bool = False) -> tuple[Field, ...]:
    """The workspace's own fields in their order; with `retired` also those that records still hold values of."""
    rows = CustomField.objects.filter(record_type=record_type)
    return tuple(as_field(row) for row in (rows if retired else rows.filter(retired_at=None)))


def all_custom_fields() -> Mapping[str, tuple[Field, ...]]:
    """The own fields of every record type. One query."""
    found: dict[str, tuple[Field, ...]] = {}
    for row in CustomField.objects.filter(retired_at=None):
        found[row.record_type] = (*found.get(row.record_type, ()), as_field(row))
    return found


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
