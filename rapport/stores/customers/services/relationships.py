"""Relationships between customers, and the types of them that a workspace knows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.rules.fields import name_from
from rapport.foundation.records.services import records
from rapport.foundation.records.services.operations import open_operation
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Action, Actor, Power
from rapport.stores.customers import policies
from rapport.stores.customers.models import Customer, Relationship, RelationshipType
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import all_ids, surviving_id
from rapport.stores.customers.services import parts
from rapport.stores.customers.types import CustomerKind

MOST_TYPES = 100
WORKS_AT = "works_at"


@transaction.atomic
def add_relationship(
    *,
    actor: Actor,
    from_id: UUID,
    type_name: str,
    to_id: UUID,
    role: str = "",
    since: date | None = None,
    until: date | None = None,
) -> tuple[Relationship, Operation]:
    """`from` <type> `to`: Marta works at Pedal & Post. The actor must be allowed to change one of them and to see the other.

    Errors: NotFound, NotAllowed, Invalid.
    """
    kind = RelationshipType.objects.filter(name=type_name).first()
    if kind is None:
        raise Invalid({"type": _("Choose how the two are related.")})
    (customer, ids), (other, other_ids) = _lock_ends(actor, from_id, to_id)
    if other.pk == customer.pk:
        raise Invalid({"to": _("A customer can't be related to itself.")})
    values = _checked(role, since, until)
    _refuse_twice(kind, ids, other_ids)
    row = Relationship(
        type=kind, from_customer_id=customer.pk, to_customer_id=other.pk, created_at=clock.now(), **values
    )
    operation = open_operation(actor, "relationship", RECORD_TYPE, label=f"{customer.name} {kind.label} {other.name}")
    row.operation_id = operation.id
    row.save(force_insert=True)
    parts.write_down(
        actor,
        "relationship",
        [customer.pk, other.pk],
        before=None,
        after=_snapshot(row, kind, customer.name, other.name),
        operation=operation,
    )
    _name_employer(actor, kind, customer, other, operation)
    return row, operation


@transaction.atomic
def update_relationship(
    *, actor: Actor, customer_id: UUID, relationship_id: UUID, role: str, since: date | None, until: date | None
) -> Operation | None:
    """Errors: NotFound, NotAllowed, Invalid."""
    row, ends = _get(actor, customer_id, relationship_id)
    before = _snapshot(row, row.type, *ends)
    for name, value in _checked(role, since, until).items():
        setattr(row, name, value)
    after = _snapshot(row, row.type, *ends)
    if before == after:
        return None
    row.save(update_fields=["role", "since", "until"])
    return parts.write_down(
        actor, "relationship", _ends(row), before=before, after=after, label=f"{ends[0]} {row.type.label} {ends[1]}"
    )


@transaction.atomic
def remove_relationship(*, actor: Actor, customer_id: UUID, relationship_id: UUID) -> Operation:
    """Errors: NotFound, NotAllowed."""
    row, ends = _get(actor, customer_id, relationship_id)
    before, customers = _snapshot(row, row.type, *ends), _ends(row)
    row.delete()
    return parts.write_down(
        actor, "relationship", customers, before=before, after=None, label=f"{ends[0]} {row.type.label} {ends[1]}"
    )


@transaction.atomic
def create_type(*, actor: Actor, label: str, inverse_label: str = "", is_symmetric: bool = False) -> RelationshipType:
    """A kind of relationship of the workspace's own. Errors: NotAllowed, Invalid."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    label, inverse_label = _labels(label, inverse_label, is_symmetric)
    existing = list(RelationshipType.objects.select_for_update())
    if len(existing) >= MOST_TYPES:
        raise Invalid({"label": _("At most %(number)s kinds of relationship.") % {"number": MOST_TYPES}})
    _refuse_same(existing, label, inverse_label)
    row = RelationshipType.objects.create(
        name=name_from(label, {each.name for each in existing}),
        label=label,
        inverse_label=inverse_label,
        is_symmetric=is_symmetric,
        position=(RelationshipType.objects.aggregate(last=Max("position"))["last"] or 0) + 1,
    )
    audit.record(
        "relationship_type_created", actor=actor, subject=label, subject_type="relationship_type", subject_id=row.name
    )
    return row


@transaction.atomic
def update_type(*, actor: Actor, name: str, label: str, inverse_label: str) -> RelationshipType:
    """Call it otherwise. Whether it reads alike from both ends stays: relationships were made with it. Errors: NotAllowed, NotFound, Invalid."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    row = _type(name)
    label, inverse_label = _labels(label, inverse_label, row.is_symmetric)
    _refuse_same(list(RelationshipType.objects.exclude(name=name)), label, inverse_label)
    before = [row.label, row.inverse_label]
    row.label, row.inverse_label = label, inverse_label
    row.save(update_fields=["label", "inverse_label"])
    audit.record(
        "relationship_type_changed",
        actor=actor,
        subject=label,
        subject_type="relationship_type",
        subject_id=name,
        before=before,
        after=[label, inverse_label],
    )
    return row


@transaction.atomic
def remove_type(*, actor: Actor, name: str) -> None:
    """Take a kind of relationship away that no relationship is of. Errors: NotAllowed, NotFound, Invalid."""
    workspace_policies.require(actor, Power.MANAGE_FIELDS)
    row = _type(name)
    if Relationship.objects.filter(type=row).exists():
        raise Invalid({"name": _("Customers are related in this way. Remove those relationships first.")})
    row.delete()
    audit.record(
        "relationship_type_removed", actor=actor, subject=row.label, subject_type="relationship_type", subject_id=name
    )


def _type(name: str) -> RelationshipType:
    row = RelationshipType.objects.select_for_update().filter(name=name).first()
    if row is None:
        raise NotFound(_("There is no such kind of relationship."))
    return row


def _labels(label: str, inverse_label: str, is_symmetric: bool) -> tuple[str, str]:
    label, inverse_label = " ".join(label.split()), " ".join(inverse_label.split())
    if is_symmetric:
        inverse_label = label
    problems = {}
    for name, text in (("label", label), ("inverse_label", inverse_label)):
        if not text:
            problems[name] = _("Say how it reads, such as “works at”.")
        elif len(text) > 80:
            problems[name] = _("At most %(number)s characters.") % {"number": 80}
    if problems:
        raise Invalid(problems)
    return label, inverse_label


def _refuse_same(existing: list[RelationshipType], label: str, inverse_label: str) -> None:
    for each in existing:
        if (each.label.casefold(), each.inverse_label.casefold()) == (label.casefold(), inverse_label.casefold()):
            raise Invalid({"label": _("This kind of relationship is there already.")})


def _lock_ends(
    actor: Actor, from_id: UUID, to_id: UUID
) -> tuple[tuple[Customer, list[UUID]], tuple[Customer, list[UUID]]]:
    """Both customers with all their ids: the one the actor may change is locked, the other only needs to be seen."""

    def seen(customer_id: UUID) -> tuple[Customer, list[UUID]]:
        found = record_policies.get_record(actor, RECORD_TYPE, surviving_id(customer_id), Action.READ)
        return found, all_ids(found.pk)

    try:
        return policies.lock_customer(actor, from_id), seen(to_id)
    except NotAllowed:
        changed = policies.lock_customer(actor, to_id)
        return seen(from_id), changed


def _get(actor: Actor, customer_id: UUID, relationship_id: UUID) -> tuple[Relationship, tuple[str, str]]:
    """The relationship, locked, and the names of both ends. Either end may be the customer."""
    _customer, ids = policies.lock_customer(actor, customer_id)
    rows = Relationship.objects.select_related("type").select_for_update(of=("self",))
    row = rows.filter(Q(from_customer_id__in=ids) | Q(to_customer_id__in=ids), pk=relationship_id).first()
    if row is None:
        raise NotFound(_("There is no such relationship."))
    names = dict(Customer.objects.filter(pk__in=_ends(row)).values_list("pk", "name"))
    return row, (names.get(row.from_customer_id, ""), names.get(row.to_customer_id, ""))


def _ends(row: Relationship) -> list[UUID]:
    """Both ends as they stand now: that is where the history belongs."""
    return [surviving_id(row.from_customer_id), surviving_id(row.to_customer_id)]


def _snapshot(row: Relationship, kind: RelationshipType, from_name: str, to_name: str) -> dict[str, Any]:
    """With the names as they were, for the history; taking back reads only the columns."""
    return {**parts.snapshot("relationship", row), "label": kind.label, "from_name": from_name, "to_name": to_name}


def _checked(role: str, since: date | None, until: date | None) -> dict[str, Any]:
    role = " ".join(role.split())
    if len(role) > 120:
        raise Invalid({"role": _("At most %(number)s characters.") % {"number": 120}})
    if since and until and until < since:
        raise Invalid({"until": _("This is before it began.")})
    return {"role": role, "since": since, "until": until}


def _refuse_twice(kind: RelationshipType, ids: list[UUID], other_ids: list[UUID]) -> None:
    same = Q(from_customer_id__in=ids, to_customer_id__in=other_ids)
    if kind.is_symmetric:
        same |= Q(from_customer_id__in=other_ids, to_customer_id__in=ids)
    if Relationship.objects.filter(same, type=kind).exists():
        raise Invalid({"to": _("The two are related in this way already.")})


def _name_employer(
    actor: Actor, kind: RelationshipType, customer: Customer, other: Customer, operation: Operation
) -> None:
    """Lists show where somebody works from a column; an empty one is filled."""
    if kind.name != WORKS_AT or customer.organisation_name or other.kind != CustomerKind.ORGANISATION:
        return
    if record_policies.may_write_field(actor, record_type_of(RECORD_TYPE), "organisation_name"):
        records.update_record(
            actor=actor,
            record_type=RECORD_TYPE,
            record_id=customer.pk,
            values={"organisation_name": other.name},
            operation=operation,
        )
