"""What an operation brings beside records: fields, views, members. Undoing it finds them again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change, CustomField, Operation
from rapport.foundation.records.policies import all_rows
from rapport.foundation.records.queries import frame

CREATED = "created"


def note_created(operation: Operation, thing: str, ids: Sequence[UUID]) -> None:
    """Write down that the operation made these; `thing` says what they are."""
    at = clock.now()
    Change.objects.bulk_create(
        [Change(record_id=one, operation=operation, record_type=thing, action=CREATED, at=at) for one in ids]
    )


def created_by(operation: Operation, thing: str) -> list[UUID]:
    """What note_created wrote down."""
    rows = Change.objects.filter(operation=operation, record_type=thing, action=CREATED)
    return list(rows.values_list("record_id", flat=True))


def remove_fields(*, operation: Operation) -> int:
    """Take the operation's custom fields away, except those that records hold values of: somebody uses them by now."""
    removed = 0
    for field in CustomField.objects.filter(operation_id=operation.id):
        records = all_rows(record_types[field.record_type])
        # What the operation made is on its way out; its values keep no field alive.
        if not records.filter(custom__has_key=field.name).exclude(operation_id=operation.id).exists():
            removed += field.delete()[0]
    frame.forget()
    return removed
