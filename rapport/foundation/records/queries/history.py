"""What happened to a record: who, when, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import HistoryPart, history_parts, record_types
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.fields import custom_fields
from rapport.foundation.records.types import Field, RecordType
from rapport.foundation.workspace.types import Actor

FINAL = frozenset({"undo", "unmerge"})  # acts that themselves took something back


@dataclass(frozen=True)
class FieldChange:
    """One value before and after, in JSON form. `part` when it is not a field but something that hangs on the record."""

    field: Field | None
    name: str
    before: Any
    after: Any
    part: HistoryPart | None = None


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
    cursor: UUID | None = None  # history before this line
    undone_at: datetime | None = None
    undone_by: str = ""


def history(
    *, actor: Actor, record_type: str, ids: Sequence[UUID], limit: int = 100, before: UUID | None = None
) -> list[HistoryLine]:
    """Newest first, over a record and the ids merged into it, back to when it was added. The caller has checked that the
    record is visible. Three queries.
    """
    declared = known_type(record_type)
    rows = Change.objects.filter(record_id__in=ids).select_related("operation").order_by("-id")
    if before:
        rows = rows.filter(id__lt=before)
    found = list(rows[:limit])
    lines = [line for row in found if (line := _line(actor, declared, row))]
    return lines if len(found) == limit else [*lines, *_created(declared, ids)]


def known_type(record_type: str) -> RecordType:
    """The type with all fields that changes may name, retired ones too."""
    declared = record_types[record_type]
    return declared.with_fields(custom_fields(record_type, retired=True)) if declared.custom_fields else declared


def readable_changes(actor: Actor, declared: RecordType, row: Change) -> tuple[FieldChange, ...]:
    """What of a change the actor may read."""
    found = []
    for name, after in row.after.items():
        before, part = row.before.get(name), history_parts.get(name)
        if part and part.readable(actor, after or before):
            found.append(FieldChange(None, name, before, after, part))
        elif not part and policies.may_read_field(actor, declared, name):
            found.append(FieldChange(declared.field(name), name, before, after))
    return tuple(found)


def can_be_undone(operation: Operation) -> bool:
    return operation.undone_at is None and operation.kind not in FINAL


def operation(operation_id: UUID | None) -> Operation | None:
    return Operation.objects.filter(id=operation_id).first() if operation_id else None


def _line(actor: Actor, declared: RecordType, row: Change) -> HistoryLine | None:
    fields = readable_changes(actor, declared, row)
    if row.after and not fields:
        return None
    act = row.operation
    return HistoryLine(
        at=row.at,
        actor_name=act.actor_name,
        action=row.action,
        kind=act.kind,
        label=act.label,
        operation_id=act.id,
        can_undo=can_be_undone(act),
        fields=fields,
        cursor=row.id,
        undone_at=act.undone_at,
        undone_by=act.undone_by_name,
    )


def _created(declared: RecordType, ids: Sequence[UUID]) -> list[HistoryLine]:
    """A record that was added needs no change: it names the operation that made it."""
    rows = declared.model()._default_manager.filter(pk__in=ids).values_list("operation_id", "created_at")
    made = sorted(((at, operation_id) for operation_id, at in rows if operation_id), reverse=True)
    acts = Operation.objects.in_bulk([operation_id for _, operation_id in made])
    return [
        HistoryLine(
            at=at,
            actor_name=acts[operation_id].actor_name,
            action="created",
            kind=acts[operation_id].kind,
            label=acts[operation_id].label,
            operation_id=operation_id,
            can_undo=False,
            fields=(),
            undone_at=acts[operation_id].undone_at,
            undone_by=acts[operation_id].undone_by_name,
        )
        for at, operation_id in made
        if operation_id in acts
    ]
