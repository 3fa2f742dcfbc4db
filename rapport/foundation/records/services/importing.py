"""Files into records of any type: what every importer does that nobody wrote by hand.

New rows go in together; what is here already is found by the chosen key, compared and changed, with history; rows that
can't be taken say why; undo sets everything back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types, write_hooks
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
from rapport.foundation.records.rules.mapping import Guess, SourceColumn
from rapport.foundation.records.rules.records import key_fields
from rapport.foundation.records.rules.values import parse_id
from rapport.foundation.records.services.import_rows import (
    PlannedRun,
    existing_question,
    field_targets,
    is_id,
    tags_of,
    waves,
)
from rapport.foundation.records.services.operations import record_changes
from rapport.foundation.records.services.undo import undo_changes
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.workspace.types import Action, Actor

ID = "id"
BATCH = 1_000


def generic_importer(name: str) -> GenericImporter | None:
    """For a record type that people write and that registers no importer."""
    declared = record_types.get(name)
    return GenericImporter(name) if declared is not None and declared.is_written else None


class GenericImporter:
    """Fills records.extension_points.importers for one record type."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.raw_log: Sequence[str] = ()
        self.new_fields = "field" if record_types[name].custom_fields else ""

    def targets(self, actor: Actor) -> Sequence[ImportTarget]:
        return [*field_targets(actor, record_type(self.name)), ImportTarget(field=_id_field(), parse=parse_id)]

    def key_fields(self) -> Sequence[Field]:
        return [*key_fields(record_type(self.name)), _id_field()]

    def questions(self, actor: Actor) -> Sequence[Field]:
        declared = record_types[self.name]
        asked = [existing_question(lazy("Records that are here already"))]
        if policies.may_write_field(actor, declared, "tags"):
            asked.append(
                Field(name="tags", label=lazy("Tags for all rows"), kind=FieldKind.TEXT, help=lazy("Parted by commas"))
            )
        return asked

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        return {"existing": "update", "tags": ""}

    def settle(self, guess: Guess) -> Guess:
        return guess

    def problems(self, plan: ImportPlan) -> Mapping[str, str]:
        declared = record_type(self.name)
        found = {}
        title = declared.field(declared.title_field)
        if title and title.required and not plan.targets & {title.name, ID}:
            found["columns"] = _("Choose a column for “%(field)s”.") % {"field": title.label}
        if plan.key_field and plan.key_field not in plan.targets:
            found["key_field"] = _("No column goes to this field, so nothing can be recognised by it.")
        try:
            tags_of(plan)
        except codec.BadValue as bad:
            found["tags"] = str(bad)
        return found

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> GenericRun:
        policies.require(actor, Action.IMPORT, self.name)
        return GenericRun(self.name, plan, actor, operation_id)

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        return undo_changes(operation, reverse)


class GenericRun(PlannedRun):
    """Fills records.extension_points.ImportRun."""

    def __init__(self, name: str, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        super().__init__(name, plan, actor, operation_id)
        self.required = [one for one in self.declared.fields if one.required and one.editable]

    # ImportRun

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        return {}

    def claims(self, rows: Rows) -> frozenset[Any]:
        return frozenset(one for one in self._keys(rows) if one is not None)

    def check(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(rows, outcome)
        known = self._known(rows, lock=False)
        contents = list(zip(*rows.values.values(), strict=True)) if rows.values else []
        hook = write_hooks[self.declared.name]
        for position, key in enumerate(self._keys(rows)):
            record = self._record(rows, position, known, outcome)
            repeats = self._repeats.met_before(key, contents[position])
            if record is _REFUSED:
                continue
            if record is not None:
                wanted = self._compared(rows, position, record)
                if self._is_refused(hook, wanted, record, rows.numbers[position], outcome):
                    continue
                changes = bool(wanted) and not repeats
                outcome.updated += changes
                outcome.unchanged += not changes
            elif repeats is not None:
                outcome.unchanged += repeats
                outcome.updated += not repeats
            else:
                outcome.new += self._values(rows, position, hook, outcome) is not None
        return outcome

    def write(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        rows = self._with_relations(rows, outcome)
        for wave in waves(self._keys(rows)):
            self._write_wave(rows.take(wave), outcome)
        return outcome

    # Who is here already

    def _keys(self, rows: Rows) -> list[Any]:
        if not self._is_keyed(rows):
            return [None] * len(rows)
        return [_plain_key(one) for one in rows.column(self.plan.key_field)]

    def _known(self, rows: Rows, *, lock: bool) -> dict[Any, list[Any]]:
        """Records by key, those in the bin too."""
        keys = {key for key in self._keys(rows) if key is not None}
        if not keys:
            return {}
        found = policies.all_rows(self.declared)
        if self.plan.key_field == ID:
            found = found.filter(pk__in=[UUID(key) for key in keys if is_id(key)])
        else:
            field = self._key_field()
            path = field.path if not field.custom else f"custom__{field.name}"
            found = found.filter(**{f"{path}__in": sorted(keys, key=str)})
        found = found.order_by("pk").select_for_update(of=("self",)) if lock else found
        known: dict[Any, list[Any]] = {}
        for record in found:
            key = str(record.pk) if self.plan.key_field == ID else _plain_key(value_of(record, self._key_field()))
            known.setdefault(key, []).append(record)
        reachable = set(
            policies.visible(self.actor, self.declared.name, Action.UPDATE)
            .filter(pk__in=[one.pk for several in known.values() for one in several])
            .values_list("pk", flat=True)
        )
        for several in known.values():
            live = [one for one in several if one.deleted_at is None]
            several[:] = live or several
            for one in several:
                one.import_may_change = one.pk in reachable
        return known

    def _key_field(self) -> Field:
        return next(one for one in self.fields if one.name == self.plan.key_field)

    def _record(self, rows: Rows, position: int, known: Mapping[Any, Sequence[Any]], outcome: Outcome) -> Any:
        """The record a row is about, None for a new one, or _REFUSED."""
        key = _plain_key(rows.column(self.plan.key_field)[position]) if self._is_keyed(rows) else None
        several = known.get(key, ()) if key is not None else ()
        number, heading = rows.numbers[position], self.plan.key_heading
        if len(several) > 1:
            outcome.refuse(number, _("Several records have this. Use a field that only one of them has."), heading, key)
        elif several and several[0].deleted_at is not None:
            outcome.refuse(
                number, _("This record is in the bin. Restore it first, or leave the row out."), heading, key
            )
        elif several and not several[0].import_may_change:
            outcome.refuse(number, _("There is no record like this, or you may not change it."), heading, key)
        elif several:
            return several[0]
        elif key is not None and self.plan.key_field == ID:
            outcome.refuse(number, _("There is no record like this, or you may not change it."), heading, key)
        elif not self.may_create:
            outcome.refuse(number, _("This record is not here yet, and your role does not let you add any."))
        else:
            return None
        return _REFUSED

    def _is_keyed(self, rows: Rows) -> bool:
        return bool(self.plan.key_field) and rows.has(self.plan.key_field)

    # What a row says

    def _compared(self, rows: Rows, position: int, record: Any) -> dict[str, Any]:
        """New values by field, in the form they are stored in."""
        if self.existing == "leave":
            return {}
        wanted: dict[str, Any] = {}
        for one, now, after in self._wanted(rows, position, partial(value_of, record)):
            if not _same(one, now, after):
                wanted[one.name] = after
        if self.tags:
            now = wanted.get("tags", record.tags)
            if missing := [tag for tag in self.tags if tag not in now]:
                wanted["tags"] = [*now, *missing]
        return wanted

    def _values(self, rows: Rows, position: int, hook: Any, outcome: Outcome) -> dict[str, Any] | None:
        """The values of a new record as Python has them; None when it can't be taken."""
        values = {
            one.name: _stored(one, codec.encode(value))
            for one in self.fields
            if (value := rows.values[one.name][position]) not in codec.EMPTY
        }
        if self.tags:
            had = values.get("tags", [])
            values["tags"] = [*had, *(tag for tag in self.tags if tag not in had)]
        owner = next((one for one in self.declared.fields if one.column == self.declared.owner_column), None)
        if self.owner and owner and owner.name not in values:
            values[owner.name] = self.owner
        missing = next((one for one in self.required if values.get(one.name) in codec.EMPTY), None)
        if missing is not None:
            outcome.refuse(rows.numbers[position], _("This is needed."), str(missing.label))
            return None
        return None if self._is_refused(hook, values, None, rows.numbers[position], outcome) else values

    def _is_refused(self, hook: Any, wanted: Mapping[str, Any], record: Any, number: int, outcome: Outcome) -> bool:
        if record is not None:
            wanted = {
                name: _stored(known, value) for name, value in wanted.items() if (known := self.declared.field(name))
            }
        problems = hook.check(wanted, record)
        for name, reason in problems.items():
            known = self.declared.field(name)
            outcome.refuse(number, reason, str(known.label) if known else name)
        return bool(problems)

    # Writing

    def _write_wave(self, rows: Rows, outcome: Outcome) -> None:
        if not len(rows):
            return
        known = self._known(rows, lock=True)
        hook = write_hooks[self.declared.name]
        new: list[dict[str, Any]] = []
        changes: list[tuple[Any, dict[str, Any]]] = []
        for position in range(len(rows)):
            record = self._record(rows, position, known, outcome)
            if record is None:
                values = self._values(rows, position, hook, outcome)
                if values is not None:
                    new.append(values)
            elif record is not _REFUSED:
                wanted = self._compared(rows, position, record)
                if not self._is_refused(hook, wanted, record, rows.numbers[position], outcome):
                    changes.append((record, wanted))
        self._insert(new, hook)
        outcome.new += len(new)
        changed = [(record, wanted) for record, wanted in changes if wanted]
        self._update(changed, hook)
        outcome.updated += len(changed)
        outcome.unchanged += len(changes) - len(changed)

    def _insert(self, new: Sequence[Mapping[str, Any]], hook: Any) -> None:
        if not new:
            return
        operation_id = self._operation()
        made = []
        names: set[str] = set()
        for values in new:
            instance: Any = self.declared.model()(**self.declared.scope)
            _put(instance, self.declared, values)
            instance.operation_id = operation_id
            instance.created_at = instance.updated_at = self.now
            hook.before_save(instance, {*values, self.declared.title_field})
            names |= set(values)
            made.append(instance)
        self.declared.model()._default_manager.bulk_create(made, batch_size=BATCH)
        hook.after_save(made, names, operation_id)

    def _update(self, changes: Sequence[tuple[Any, Mapping[str, Any]]], hook: Any) -> None:
        if not changes:
            return
        operation_id = self._operation()
        columns, names, written = {"updated_at", "version"}, set(), []
        for record, wanted in changes:
            known = {name: field for name in wanted if (field := self.declared.field(name))}
            before = {name: value_of(record, field) for name, field in known.items()}
            _put(record, self.declared, {name: _stored(field, wanted[name]) for name, field in known.items()})
            record.updated_at, record.version = self.now, record.version + 1
            columns |= {"custom" if field.custom else field.column or field.name for field in known.values()}
            columns |= hook.before_save(record, set(wanted))
            names |= set(wanted)
            written.append((record.pk, before, dict(wanted)))
        records = [record for record, _wanted in changes]
        self.declared.model()._default_manager.bulk_update(records, sorted(columns), batch_size=500)
        hook.after_save(records, names, operation_id)
        record_changes(Operation(id=operation_id, record_type=self.declared.name), "updated", written)


_REFUSED = object()


def _id_field() -> Field:
    return Field(
        name=ID,
        label=lazy("Id in Rapport"),
        kind=FieldKind.RELATION,
        group=lazy("Beside the fields"),
        key=True,
        aliases=("rapport id",),
    )


def _plain_key(value: Any) -> Any:
    return codec.encode(value) if value not in codec.EMPTY else None


def _stored(field: Field, value: Any) -> Any:
    """A value in its JSON form as it lies in the record: JSON for own fields, Python for columns."""
    return value if field.custom else codec.decode(field, value)


def _put(instance: Any, declared: RecordType, values: Mapping[str, Any]) -> None:
    custom = dict(instance.custom) if declared.custom_fields else {}
    for name, value in values.items():
        field = declared.field(name)
        if field is None:
            continue
        if not field.custom:
            setattr(instance, field.column or field.name, value)
        elif value in codec.EMPTY:
            custom.pop(name, None)
        else:
            custom[name] = value
    if declared.custom_fields:
        instance.custom = custom


def _same(field: Field, now: Any, after: Any) -> bool:
    if field.kind is FieldKind.NUMBER and now and after:
        return bool(codec.decode(field, now) == codec.decode(field, after))
    return bool(now == after)
