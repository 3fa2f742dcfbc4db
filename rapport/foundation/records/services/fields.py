"""A workspace's own fields: adding, changing, retiring. Their values stay in the records whatever happens here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import CustomField
from rapport.foundation.records.policies import all_rows
from rapport.foundation.records.queries import frame
from rapport.foundation.records.queries.fields import columns_of
from rapport.foundation.records.rules import fields as rules
from rapport.foundation.records.types import FieldKind, RecordType
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power

CHANGEABLE = ("label", "kind", "choices", "target", "group", "help", "is_required", "in_list", "position")
_CHOOSING = (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)
# A path `custom__contains` would be read as a lookup of the JSON column instead of a field.
_LOOKUPS = frozenset(models.JSONField().get_lookups())


@transaction.atomic
def create_field(
    *,
    actor: Actor,
    record_type: str,
    label: str,
    kind: str,
    name: str = "",
    choices: Sequence[Mapping[str, Any]] = (),
    target: str = "",
    group: str = "",
    help: str = "",  # noqa: A002 (the name it has everywhere)
    is_required: bool = False,
    in_list: bool = True,
    operation_id: UUID | None = None,
) -> CustomField:
    """A new field of a record type. Without a name it gets one made of its label. Errors: NotAllowed, Invalid."""
    policies.require(actor, Power.MANAGE_FIELDS)
    declared = _declared(record_type)
    existing = CustomField.objects.select_for_update().filter(record_type=record_type)
    taken = (
        {row.name for row in existing} | {f.name for f in declared.fields} | {f.name for f in columns_of(record_type)}
    )
    taken |= _LOOKUPS | ({"customer"} if declared.is_own else set())  # which its records may belong to one day
    row = CustomField(
        record_type=record_type,
        name=name or rules.name_from(label, taken),
        label=label,
        kind=kind,
        choices=list(choices),
        target=target,
        group=group,
        help=help,
        is_required=is_required,
        in_list=in_list,
        operation_id=operation_id,
        created_at=clock.now(),
    )
    problems = _tidy(row, declared)
    if problem := rules.problem_with_name(row.name, taken):
        problems["name"] = problem
    if len(existing) >= rules.MOST_FIELDS:
        problems["label"] = _("At most %(number)s fields of your own.") % {"number": rules.MOST_FIELDS}
    if problems:
        raise Invalid(problems)
    row.position = (existing.aggregate(last=Max("position"))["last"] or 0) + 1
    row.save(force_insert=True)
    frame.forget()
    audit.record(
        "custom_field_created",
        actor=actor,
        subject=row.label,
        subject_type="custom_field",
        subject_id=row.id,
        after=_definition(row),
    )
    return row


@transaction.atomic
def update_field(*, actor: Actor, field_id: UUID, **values: Any) -> CustomField:
    """Change how a field is called, shown or checked. The name stays: programs and stored conditions know it.

    A field that is in use keeps its kind, unless every value is one of the new kind as it is; and a choice that is in
    use can't be taken away, only retired. Errors: NotAllowed, NotFound, Invalid.
    """
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(field_id)
    declared = _declared(row.record_type)
    before = _definition(row)
    for name in values:
        if name not in CHANGEABLE:
            raise Invalid({name: _("This can't be changed.")})
    for name, value in values.items():
        setattr(row, name, value)
    problems = _tidy(row, declared)
    was, now = FieldKind(before["kind"]), row.kind
    if "kind" not in problems and now != was and not rules.may_become(was, FieldKind(now)) and _is_used(row, declared):
        problems["kind"] = _("This field holds values already. Retire it and add another, so that none is lost.")
    if "choices" not in problems and was in _CHOOSING and now in _CHOOSING:
        gone = {c["value"]: c["label"] for c in before["choices"]}
        for kept in row.choices:
            gone.pop(kept["value"], None)
        used = [label for value, label in gone.items() if _is_choice_used(row, declared, value)]
        if used:
            problems["choices"] = _("Records use “%(label)s”. Retire it instead of taking it away.") % {
                "label": used[0]
            }
    if problems:
        raise Invalid(problems)
    after = _definition(row)
    if after != before:
        row.save(update_fields=sorted(CHANGEABLE))
        frame.forget()
        changed = [name for name in after if after[name] != before[name]]
        audit.record(
            "custom_field_changed",
            actor=actor,
            subject=row.label,
            subject_type="custom_field",
            subject_id=row.id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return row


@transaction.atomic
def retire_field(*, actor: Actor, field_id: UUID) -> CustomField:
    """The field leaves forms, lists and filters; records keep its values, and it can come back. Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(field_id)
    if row.retired_at is None:
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])
        frame.forget()
        audit.record(
            "custom_field_retired", actor=actor, subject=row.label, subject_type="custom_field", subject_id=row.id
        )
    return row


@transaction.atomic
def reinstate_field(*, actor: Actor, field_id: UUID) -> CustomField:
    """A retired field comes back with the values it had. Errors: NotAllowed, NotFound, Conflict."""
    policies.require(actor, Power.MANAGE_FIELDS)
    row = _get(field_id)
    if row.retired_at is not None:
        declared = _declared(row.record_type)
        if declared.field(row.name):
            raise Conflict(_("A built-in field has this name now."))
        row.retired_at = None
        row.save(update_fields=["retired_at"])
        frame.forget()
        audit.record(
            "custom_field_reinstated", actor=actor, subject=row.label, subject_type="custom_field", subject_id=row.id
        )
    return row


@transaction.atomic
def order_fields(*, actor: Actor, record_type: str, ids: Sequence[UUID]) -> None:
    """Put the fields into this order, in forms and on pages. Fields left out follow. Errors: NotAllowed."""
    policies.require(actor, Power.MANAGE_FIELDS)
    rows = {row.pk: row for row in CustomField.objects.select_for_update().filter(record_type=record_type)}
    wanted = [one for one in dict.fromkeys(ids) if one in rows]
    changed = []
    for position, one in enumerate([*wanted, *(pk for pk in rows if pk not in wanted)], start=1):
        if rows[one].position != position:
            rows[one].position = position
            changed.append(rows[one])
    CustomField.objects.bulk_update(changed, ["position"])


def _get(field_id: UUID) -> CustomField:
    row = CustomField.objects.select_for_update().filter(id=field_id).first()
    if row is None:
        raise NotFound(_("There is no such field."))
    return row


def _declared(record_type: str) -> RecordType:
    declared = record_types.get(record_type)
    if declared is None or not declared.custom_fields:
        raise Invalid({"record_type": _("These records have no fields of your own.")})
    return declared


def _tidy(row: CustomField, declared: RecordType) -> dict[str, str]:
    """Bring the definition into its stored form; returns what is wrong with it, by name."""
    problems = {}
    for name, longest in (("label", 120), ("group", 80), ("help", 200)):
        text = " ".join(str(getattr(row, name)).split())
        setattr(row, name, text)
        if len(text) > longest:
            problems[name] = _("At most %(number)s characters.") % {"number": longest}
    if not row.label:
        problems["label"] = _("Give the field a name.")
    if row.kind not in rules.USEFUL_KINDS:
        problems["kind"] = _("There is no such kind of field.")
        return problems
    row.kind = FieldKind(row.kind).value
    row.choices, problem = rules.checked_choices(row.choices if row.kind in _CHOOSING else [])
    if problem:
        problems["choices"] = problem
    elif row.kind in _CHOOSING and not any(not choice["retired"] for choice in row.choices):
        problems["choices"] = _("Give at least one choice.")
    if row.kind != FieldKind.RELATION:
        row.target = ""
    else:
        row.target = row.target or declared.name
        if row.target not in record_types:
            problems["target"] = _("There are no such records.")
    return problems


def _is_used(row: CustomField, declared: RecordType) -> bool:
    return bool(all_rows(declared).filter(custom__has_key=row.name).exists())


def _is_choice_used(row: CustomField, declared: RecordType, value: str) -> bool:
    """Asks through the containment index."""
    rows = all_rows(declared)
    return bool(
        rows.filter(custom__contains={row.name: value}).exists()
        or rows.filter(custom__contains={row.name: [value]}).exists()
    )


def _definition(row: CustomField) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", *CHANGEABLE)}
