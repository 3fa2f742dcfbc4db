"""Taking an operation back, whatever it was: an edit, a bulk edit, a deletion, an import.

A field goes back to what it was before unless somebody changed it since: their work stays, and is counted as `kept`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import history_parts, record_types, undo_handlers, write_hooks
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.queries.history import FINAL
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.records.services.records import current_value
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.workspace.errors import Conflict, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor

BATCH = 500


@dataclass(frozen=True)
class Undone:
    """What undoing did: records set back, records removed, and values or records left because they changed since."""

    operation_id: UUID
    restored: int
    removed: int
    kept: int


@transaction.atomic
def undo(*, actor: Actor, operation_id: UUID) -> Undone:
    """Take back an operation. Errors: NotFound, NotAllowed, Conflict when it was undone before."""
    operation = Operation.objects.select_for_update().filter(id=operation_id).first()
    if operation is None or operation.record_type not in record_types:
        raise NotFound("There is no such operation.")
    require_undoable(actor, operation)
    reverse = open_operation(actor, "undo", operation.record_type, label=operation.label, undoes=operation.id)
    handler = undo_handlers.get(operation.kind)
    counts = handler(actor=actor, operation=operation, reverse=reverse) if handler else undo_changes(operation, reverse)
    operation.undone_at, operation.undone_by_name = clock.now(), actor.name
    operation.save(update_fields=["undone_at", "undone_by_name"])
    count(reverse, **counts)
    return Undone(reverse.id, counts.get("restored", 0), counts.get("removed", 0), counts.get("kept", 0))


def require_undoable(actor: Actor, operation: Operation) -> None:
    """Raises NotAllowed or Conflict unless the actor can take this operation back now."""
    policies.require(actor, Action.UPDATE, operation.record_type)
    own = operation.member_id is not None and operation.member_id == actor.member_id
    if not (own or actor.may(Action.DELETE, operation.record_type)):
        raise NotAllowed("Only the person who did this, or a manager, can undo it.")
    if operation.kind in FINAL:
        raise Conflict("This took something back. Do it again instead.")
    if operation.undone_at:
        raise Conflict("This was already undone.")


def undo_changes(operation: Operation, reverse: Operation) -> dict[str, int]:
    """Set changed fields back and remove what was created; what somebody changed since is kept."""
    restored, kept = _restore_fields(operation, reverse)
    created = write_hooks[operation.record_type].undo_created(operation.id) if operation.counts.get("created") else {}
    return {"restored": restored, "removed": created.get("removed", 0), "kept": kept + created.get("kept", 0)}


def _restore_fields(operation: Operation, reverse: Operation) -> tuple[int, int]:
    declared = record_type_of(operation.record_type)
    model, hook = declared.model(), write_hooks[operation.record_type]
    restored = kept = 0
    for batch in _batches(operation):
        rows: dict[UUID, Any] = {
            row.pk: row
            for row in model._default_manager.filter(pk__in=[c.record_id for c in batch]).select_for_update()
        }
        columns, names, changes, touched = {"updated_at", "version"}, set(), [], []
        for change in batch:
            row = rows.get(change.record_id)
            if row is None:
                kept += 1
                continue
            if getattr(row, "operation_id", None) == operation.id:
                continue  # what the operation itself added goes altogether
            before, after = {}, {}
            for name, was in change.before.items():
                if name in history_parts:
                    continue  # rows of their own, which the handler of the operation's kind takes back
                field = declared.field(name) or _plain(name)
                now_is = current_value(row, field)
                if now_is != change.after.get(name):
                    kept += 1
                    continue
                before[name], after[name] = now_is, was
                columns.add(_put_back(row, field, was))
            if after:
                names |= set(after)
                columns |= hook.before_save(row, set(after))
                row.version, row.updated_at = row.version + 1, clock.now()
                changes.append((row.pk, before, after))
                touched.append(row)
        if touched:
            model._default_manager.bulk_update(touched, sorted(columns), batch_size=BATCH)
            hook.after_save(touched, names, reverse.id)
            record_changes(reverse, "updated", changes)
            restored += len(touched)
    return restored, kept


def _batches(operation: Operation) -> Iterator[list[Change]]:
    """The newest first, so that a record the operation changed twice goes back twice."""
    last = None
    while True:
        rows = Change.objects.filter(operation=operation).order_by("-id")
        batch = list(rows.filter(id__lt=last)[:BATCH] if last else rows[:BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1].id


def _plain(name: str) -> Field:
    """Columns that are no fields of the type but appear in changes."""
    return Field(name=name, label=name, kind=FieldKind.INSTANT if name == "deleted_at" else FieldKind.TEXT)


def _put_back(row: Any, field: Field, was: Any) -> str:
    if field.custom:
        custom = {key: value for key, value in row.custom.items() if key != field.name}
        row.custom = custom if was is None else {**custom, field.name: was}
        return "custom"
    setattr(row, field.column or field.name, None if was is None else codec.decode(field, was))
    return field.column or field.name
