"""Opening operations and writing down changes: every other service of records stands on these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.workspace.types import Actor

BATCH = 1000


def open_operation(
    actor: Actor, kind: str, record_type: str, *, label: str = "", undoes: UUID | None = None
) -> Operation:
    """Write down that an act begins; its counts follow."""
    return Operation.objects.create(
        kind=kind,
        record_type=record_type,
        label=label[:200],
        member_id=actor.member_id,
        actor_name=actor.name[:150],
        at=clock.now(),
        undoes_id=undoes,
    )


def record_changes(
    operation: Operation, action: str, changes: Iterable[tuple[UUID, Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """Write down what the operation did: (record id, before, after) each, in JSON form."""
    at = clock.now()
    Change.objects.bulk_create(
        [
            Change(
                record_id=record_id,
                operation=operation,
                record_type=operation.record_type,
                action=action,
                at=at,
                before=dict(before),
                after=dict(after),
            )
            for record_id, before, after in changes
        ],
        batch_size=BATCH,
    )


def count(operation: Operation, **counts: int) -> None:
    """Add to the operation's counts."""
    for name, value in counts.items():
        operation.counts[name] = operation.counts.get(name, 0) + value
    operation.save(update_fields=["counts"])
