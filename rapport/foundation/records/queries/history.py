"""What happened to a record: who, when, before and after; and what lies in the bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.types import Actor


@dataclass(frozen=True)
class FieldChange:
    field: Field | None
    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class HistoryLine:
    """One act on the record. `fields` holds only what the actor may read."""

    at: datetime
    actor_name: str
    action: str
    kind: str
    label: str
    operation_id: UUID
    can_undo: bool
    fields: tuple[FieldChange, ...]


def history(*, actor: Actor, record_type: str, ids: Sequence[UUID], limit: int = 100) -> list[HistoryLine]:
    """Newest first, over a record and the ids merged into it. The caller has checked that the record is visible."""
    declared = record_type_of(record_type)
    rows = Change.objects.filter(record_id__in=ids).select_related("operation").order_by("-at", "-id")[:limit]
    lines = []
    for row in rows:
        fields = tuple(
            FieldChange(declared.field(name), name, row.before.get(name), value)
            for name, value in row.after.items()
            if policies.may_read_field(actor, declared, name)
        )
        if fields or not row.after:
            operation = row.operation
            lines.append(
                HistoryLine(
                    row.at,
                    operation.actor_name,
                    row.action,
                    operation.kind,
                    operation.label,
                    operation.id,
                    operation.undone_at is None and operation.kind != "undo",
                    fields,
                )
            )
    return lines


def operation(operation_id: UUID | None) -> Operation | None:
    return Operation.objects.filter(id=operation_id).first() if operation_id else None
