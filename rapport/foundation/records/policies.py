"""Who may see and change which records and fields. Every query starts at `visible`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import condition_compilers, record_types
from rapport.foundation.records.types import Field, RecordType
from rapport.foundation.workspace.errors import NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, Rows


def require(actor: Actor, action: Action, record_type: str) -> None:
    """Raises NotAllowed unless the actor's role allows the action on at least some rows."""
    if not actor.may(action, record_type):
        raise NotAllowed(f"Your role does not let you {action} these records.")


def visible(actor: Actor, record_type: str, action: Action = Action.READ, *, binned: bool = False) -> QuerySet[Any]:
    """The live rows (or those in the bin) that the actor reaches with the action."""
    declared = record_types[record_type]
    rows = all_rows(declared)
    if binned:
        rows = rows.filter(deleted_at__isnull=False)
    elif declared.live:
        rows = rows.filter(**declared.live)
    return _within_rule(rows, actor, action, declared)


def all_rows(declared: RecordType) -> QuerySet[Any]:
    """Every row of the type, binned ones too, whoever asks."""
    rows = declared.model()._default_manager.all()
    return rows.filter(**declared.scope) if declared.scope else rows


def _within_rule(rows: QuerySet[Any], actor: Actor, action: Action, declared: RecordType) -> QuerySet[Any]:
    rule = actor.row_rule(action, declared.name)
    if rule.rows is Rows.NONE:
        return rows.none()
    if _is_narrowed_by_parent(actor, declared):
        rows = rows.filter(**{f"{declared.parent_column}__in": visible(actor, declared.parent).values("pk")})
    if rule.rows is Rows.OWN:
        if not declared.owner_column:
            return rows if declared.parent else rows.none()
        return rows.filter(**{declared.owner_column: actor.member_id}) if actor.member_id else rows.none()
    if rule.rows is Rows.CONDITION:
        compiled = condition_compilers["orm"](rule.condition or {}, declared.name, actor=actor, now=clock.now())
        return rows.filter(compiled)
    return rows


def _is_narrowed_by_parent(actor: Actor, declared: RecordType) -> bool:
    """Whether the actor sees only some of the records that these belong to."""
    if not declared.parent or actor.is_system:
        return False
    return actor.row_rule(Action.READ, declared.parent).rows is not Rows.ALL


def get_record(
    actor: Actor,
    record_type: str,
    record_id: UUID,
    action: Action = Action.READ,
    *,
    lock: bool = False,
    binned: bool = False,
) -> Any:
    """The record, locked for the transaction when `lock`. Errors: NotFound, or NotAllowed when it may be seen but not this."""
    rows = visible(actor, record_type, action, binned=binned)
    if lock:
        rows = rows.select_for_update(of=("self",))
    record: Model | None = rows.filter(pk=record_id).first()
    if record is not None:
        return record
    if action is not Action.READ and visible(actor, record_type, binned=binned).filter(pk=record_id).exists():
        raise NotAllowed(f"Your role does not let you {action} this record.")
    raise NotFound("There is no such record, or you may not see it.")


def may_on(actor: Actor, action: Action, record_type: str, record: Any) -> bool:
    """Whether the actor may do this with a record they see. A query only where a rule asks for more than the record tells."""
    rule, declared = actor.row_rule(action, record_type), record_types[record_type]
    if rule.rows is Rows.CONDITION or _is_narrowed_by_parent(actor, declared):
        return bool(visible(actor, record_type, action).filter(pk=record.pk).exists())
    if rule.rows is not Rows.OWN:
        return rule.rows is Rows.ALL
    if not declared.owner_column:
        return bool(declared.parent)  # they are whose the parent is, and the actor sees every one of those
    return bool(actor.member_id) and getattr(record, declared.owner_column) == actor.member_id


def readable_fields(actor: Actor, record_type: RecordType) -> tuple[Field, ...]:
    return tuple(
        f for f in record_type.fields if actor.field_access(record_type.name, f.name) is not FieldAccess.HIDDEN
    )


def may_read_field(actor: Actor, record_type: RecordType, name: str) -> bool:
    return actor.field_access(record_type.name, name) is not FieldAccess.HIDDEN


def may_write_field(actor: Actor, record_type: RecordType, name: str) -> bool:
    declared = record_type.field(name)
    return (
        declared is not None and declared.editable and actor.field_access(record_type.name, name) is FieldAccess.WRITE
    )
