"""Writing customers: what happens beside storing their fields. Create, update and bin through foundation.records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change
from rapport.foundation.records.services import records
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.extension_points import customer_uses
from rapport.stores.customers.models import (
    Address,
    Customer,
    CustomerAlias,
    CustomerPhase,
    FollowUp,
    Identity,
    Lifecycle,
    PhaseByHand,
    Relationship,
)
from rapport.stores.customers.rules import customers as rules
from rapport.stores.customers.types import IdentityKind

SEARCHED = {"name", "given_name", "family_name", "email", "phone", "organisation_name", "city"}


class CustomerWrites:
    """The customers' write hook: name and search text are derived, primary identities follow the columns."""

    def check(self, values: Mapping[str, Any], instance: Any) -> dict[str, str]:
        def value(name: str) -> Any:
            return values.get(name, getattr(instance, name) if instance else "")

        named = ("name", "given_name", "family_name", "email", "phone")
        if any(name in values for name in named) or instance is None:
            if not any(value(name) for name in named):
                return {"name": "Give a name, an e-mail address or a phone number."}
        return {}

    def before_save(self, instance: Any, changed: set[str]) -> set[str]:
        customer: Customer = instance
        derived: set[str] = set()
        if {"given_name", "family_name"} & changed and "name" not in changed:
            customer.name = (
                " ".join(part for part in (customer.given_name, customer.family_name) if part) or customer.name
            )
            derived.add("name")
        if not customer.name:
            customer.name = rules.display_name(vars(customer))
            derived.add("name")
        if SEARCHED & (changed | derived) or not customer.search:
            customer.search = rules.search_text(
                name=customer.name,
                email=customer.email,
                phone=customer.phone,
                organisation_name=customer.organisation_name,
                city=customer.city,
            )
            derived.add("search")
        return derived

    def after_save(self, instances: Sequence[Any], changed: set[str], operation_id: UUID) -> None:
        for column, kind in (("email", IdentityKind.EMAIL), ("phone", IdentityKind.PHONE)):
            if column in changed:
                _follow_column(instances, column, kind, operation_id)

    def undo_created(self, operation_id: UUID) -> dict[str, int]:
        """Remove the customers an operation created; those worked on since go to the bin instead, with what they hold."""
        created = Customer.objects.filter(operation_id=operation_id)
        used: Any = (
            Exists(Change.objects.filter(record_id=OuterRef("pk")).exclude(operation_id=operation_id))
            | Q(merged_into__isnull=False)
            | Exists(CustomerAlias.objects.filter(surviving_id=OuterRef("pk")))
        )
        for end in ("from_customer_id", "to_customer_id"):
            others = Relationship.objects.filter(**{end: OuterRef("pk")}).exclude(operation_id=operation_id)
            used |= Exists(others)
        for use in customer_uses.values():
            used |= use(operation_id)
        kept_ids = list(created.filter(used).values_list("pk", flat=True))
        kept = Customer.objects.filter(pk__in=kept_ids, deleted_at=None).update(deleted_at=clock.now())
        gone = created.exclude(pk__in=kept_ids)
        for rows in (Identity, Address, CustomerPhase, Lifecycle, PhaseByHand, FollowUp):
            delete_at_once(rows.objects.filter(customer_id__in=gone.values("pk")))
        delete_at_once(Relationship.objects.filter(operation_id=operation_id))
        return {"removed": delete_at_once(gone), "kept": kept}


def create_customer(*, actor: Actor, values: Mapping[str, Any]) -> Customer:
    """A new person, organisation or household. Errors: NotAllowed, Invalid."""
    return records.create_record(actor=actor, record_type="customer", values=values)


def _follow_column(customers: Sequence[Customer], column: str, kind: IdentityKind, operation_id: UUID) -> None:
    """The primary identity of each customer becomes the column's value. An identity of somebody else stays with them:
    that is a possible duplicate, which people decide on."""
    owners = {customer.pk: getattr(customer, column) for customer in customers}
    Identity.objects.filter(customer_id__in=owners, kind=kind, is_primary=True).update(is_primary=False)
    Identity.objects.bulk_create(
        [
            Identity(kind=kind, value=value, customer_id=customer_id, is_primary=True, operation_id=operation_id)
            for customer_id, value in owners.items()
            if value
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    own = Q()
    for customer_id, value in owners.items():
        if value:
            own |= Q(customer_id=customer_id, value=value)
    if own:
        Identity.objects.filter(own, kind=kind).update(is_primary=True)
