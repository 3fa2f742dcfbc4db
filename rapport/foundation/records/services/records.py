"""Creating, changing, binning and restoring records of any type. One set of rules for pages, API, bulk edits and imports.

Values come in their JSON form by field name. Every function opens an operation (or continues the given one), so that
everything can be seen in the history and taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types, write_hooks
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.queries.fields import value_of as current_value
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Action, Actor

__all__ = [
    "bin_records", "create_record", "current_value", "decoded_values", "put_values", "restore_records", "update_record",
    "update_records",
]  # fmt: skip

Edit = Callable[[Any], Mapping[str, Any]]  # from the record to the values it shall have


@transaction.atomic
def create_record(
    *, actor: Actor, record_type: str, values: Mapping[str, Any], operation: Operation | None = None
) -> Any:
    """A new record. Errors: NotAllowed, Invalid."""
    policies.require(actor, Action.CREATE, record_type)
    declared = record_type_of(record_type)
    decoded = decoded_values(actor, declared, values)
    problems = {f.name: "This is needed." for f in declared.fields if f.required and decoded.get(f.name) in codec.EMPTY}
    problems |= {name: why for name, value in decoded.items() if (why := _retired(_known(declared, name), value))}
    hook = write_hooks[record_type]
    problems |= hook.check(decoded, None)
    if problems:
        raise Invalid(problems)
    operation = operation or open_operation(actor, "create", record_type)
    instance: Any = declared.model()(**declared.scope)
    for name, value in decoded.items():
        _assign(instance, _known(declared, name), value)
    instance.operation_id = operation.id
    instance.created_at = instance.updated_at = clock.now()
    hook.before_save(instance, set(decoded))
    instance.save(force_insert=True)
    hook.after_save([instance], set(decoded), operation.id)
    count(operation, created=1)
    return instance


@transaction.atomic
def update_record(
    *,
    actor: Actor,
    record_type: str,
    record_id: UUID,
    values: Mapping[str, Any],
    expected_version: int | None = None,
    seen: Mapping[str, Any] | None = None,
    operation: Operation | None = None,
) -> tuple[Any, Operation | None]:
    """Change some fields of one record. Returns it and the operation (None when nothing differed).

    Errors: NotFound, NotAllowed, Invalid; Conflict when somebody else changed the record since `expected_version`. Who
    says which values they have `seen` in these fields meets a conflict only when one of just these was changed.
    """
    declared = record_type_of(record_type)
    instance = policies.get_record(actor, record_type, record_id, Action.UPDATE, lock=True)
    decoded = decoded_values(actor, declared, values)
    if expected_version is not None and instance.version != expected_version:
        current = {name: current_value(instance, _known(declared, name)) for name in decoded}
        if seen is None or any(value != seen.get(name) for name, value in current.items()):
            raise Conflict("Somebody else changed this meanwhile.", current | {"version": instance.version})
    operations = _edit(actor, declared, [instance], lambda _: decoded, "edit", operation)
    return instance, operations


@transaction.atomic
def update_records(
    *,
    actor: Actor,
    record_type: str,
    ids: Sequence[UUID],
    values: Mapping[str, Any] | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    label: str = "",
    operation: Operation | None = None,
) -> Operation | None:
    """Change fields or tags of many records in one operation. Rows the actor may not change are left alone and counted."""
    declared = record_type_of(record_type)
    decoded = decoded_values(actor, declared, values or {})
    if (add_tags or remove_tags) and not policies.may_write_field(actor, declared, "tags"):
        raise Invalid({"tags": "Your role does not let you change this."})

    def edit(instance: Any) -> Mapping[str, Any]:
        if not (add_tags or remove_tags):
            return decoded
        tags = [tag for tag in instance.tags if tag not in remove_tags]
        return {**decoded, "tags": list(dict.fromkeys([*tags, *add_tags]))}

    rows = list(
        policies.visible(actor, record_type, Action.UPDATE)
        .filter(pk__in=ids)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    operation = _edit(actor, declared, rows, edit, "bulk_edit", operation, label=label)
    if operation and len(rows) < len(ids):
        count(operation, refused=len(ids) - len(rows))
    return operation


@transaction.atomic
def bin_records(
    *, actor: Actor, record_type: str, ids: Sequence[UUID], label: str = "", operation: Operation | None = None
) -> Operation | None:
    """Put records into the bin."""
    policies.require(actor, Action.DELETE, record_type)
    rows = list(policies.visible(actor, record_type, Action.DELETE).filter(pk__in=ids).select_for_update(of=("self",)))
    return _set_binned(actor, record_type, rows, binned=True, kind="delete", label=label, operation=operation)


@transaction.atomic
def restore_records(
    *, actor: Actor, record_type: str, ids: Sequence[UUID], operation: Operation | None = None
) -> Operation | None:
    """Take records out of the bin."""
    policies.require(actor, Action.DELETE, record_type)
    rows = list(
        policies.visible(actor, record_type, Action.DELETE, binned=True)
        .filter(pk__in=ids)
        .select_for_update(of=("self",))
    )
    return _set_binned(actor, record_type, rows, binned=False, kind="restore", operation=operation)


def decoded_values(actor: Actor, declared: RecordType, values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as Python values, by field name. Errors: Invalid naming each field that can't be taken."""
    problems, decoded = {}, {}
    for name, raw in values.items():
        known = declared.field(name)
        if known is None:
            problems[name] = "There is no such field."
        elif not policies.may_write_field(actor, declared, name):
            problems[name] = "You may not change this field."
        else:
            try:
                decoded[name] = codec.decode_custom(known, raw) if known.custom else codec.decode(known, raw)
            except codec.BadValue as error:
                problems[name] = str(error)
            else:
                if known.required and decoded[name] in codec.EMPTY:
                    problems[name] = "This is needed."
    problems |= _unknown_references(declared, decoded)
    if problems:
        raise Invalid(problems)
    return decoded


def put_values(instance: Any, declared: RecordType, values: Mapping[str, Any], *, operation_id: UUID) -> None:
    """Set JSON values that once passed the checks, with all that follows from them. The caller writes the changes down."""
    hook = write_hooks[declared.name]
    for name, value in values.items():
        field = _known(declared, name)
        _assign(instance, field, value if field.custom else codec.decode(field, value))
    columns = {"custom" if _known(declared, name).custom else _attribute(_known(declared, name)) for name in values}
    columns |= hook.before_save(instance, set(values)) | {"updated_at", "version"}
    instance.updated_at, instance.version = clock.now(), instance.version + 1
    instance.save(update_fields=sorted(columns))
    hook.after_save([instance], set(values), operation_id)


def _unknown_references(declared: RecordType, decoded: Mapping[str, Any]) -> dict[str, str]:
    problems = {}
    for name, value in decoded.items():
        field = _known(declared, name)
        if value in codec.EMPTY:
            continue
        if field.kind is FieldKind.MEMBER and not Member.objects.filter(id=value).exists():
            problems[name] = "There is no such colleague in this workspace."
        elif field.kind is FieldKind.RELATION:
            target = record_types.get(field.target or declared.name)
            if target is None or not policies.all_rows(target).filter(pk=value, **target.live).exists():
                problems[name] = "There is no such record."
    return problems


def _retired(field: Field, new: Any, old: Any = None) -> str:
    """Why a choice can't be picked anew. A record that has it keeps it."""
    if not field.choices:
        return ""
    had = old if isinstance(old, list) else [old]
    for value in new if isinstance(new, list) else [new]:
        choice = field.choice(value) if value else None
        if choice and choice.retired and value not in had:
            return f"“{choice.label}” is no longer in use."
    return ""


def _edit(
    actor: Actor,
    declared: RecordType,
    rows: Iterable[Any],
    edit: Edit,
    kind: str,
    operation: Operation | None,
    label: str = "",
) -> Operation | None:
    hook = write_hooks[declared.name]
    changed_rows: list[Model] = []
    changes = []
    changed_names: set[str] = set()
    columns = {"updated_at", "version"}
    now = clock.now()
    for instance in rows:
        wanted = edit(instance)
        problems = hook.check(wanted, instance)
        if problems:
            raise Invalid(problems)
        before, after = {}, {}
        for name, value in wanted.items():
            field = _known(declared, name)
            old, new = current_value(instance, field), codec.encode(value)
            if old != new:
                if why := _retired(field, new, old):
                    raise Invalid({name: why})
                before[name], after[name] = old, new
                _assign(instance, field, value)
                columns.add("custom" if field.custom else _attribute(field))
        if after:
            columns |= hook.before_save(instance, set(after))
            instance.updated_at, instance.version = now, instance.version + 1
            changed_rows.append(instance)
            changed_names |= set(after)
            changes.append((instance.pk, before, after))
    if not changes:
        return operation
    operation = operation or open_operation(actor, kind, declared.name, label=label)
    declared.model()._default_manager.bulk_update(changed_rows, sorted(columns), batch_size=500)
    hook.after_save(changed_rows, changed_names, operation.id)
    record_changes(operation, "updated", changes)
    count(operation, updated=len(changes))
    return operation


def _set_binned(
    actor: Actor,
    record_type: str,
    rows: Sequence[Any],
    *,
    binned: bool,
    kind: str,
    label: str = "",
    operation: Operation | None = None,
) -> Operation | None:
    if not rows:
        return operation
    operation = operation or open_operation(actor, kind, record_type, label=label)
    now = clock.now()
    changes = []
    for row in rows:
        before, row.deleted_at = row.deleted_at, now if binned else None
        row.version += 1
        changes.append((row.pk, {"deleted_at": codec.encode(before)}, {"deleted_at": codec.encode(row.deleted_at)}))
    type(rows[0])._default_manager.bulk_update(rows, ["deleted_at", "version"], batch_size=1000)
    record_changes(operation, "deleted" if binned else "restored", changes)
    count(operation, **{"deleted" if binned else "restored": len(rows)})
    return operation


def _known(declared: RecordType, name: str) -> Field:
    field = declared.field(name)
    if field is None:
        raise Invalid({name: "There is no such field."})
    return field


def _attribute(field: Field) -> str:
    """The model attribute that holds a built-in field."""
    return field.column or field.name


def _assign(instance: Any, field: Field, value: Any) -> None:
    if not field.custom:
        setattr(instance, _attribute(field), value)
    elif value is None:
        instance.custom.pop(field.name, None)
    else:
        instance.custom = {**instance.custom, field.name: value}
