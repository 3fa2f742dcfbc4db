"""Finding customers: by any of their ids, by what they are known by, and those who may be the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.foundation.lib.text import folded
from rapport.foundation.records import policies
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.models import Address, Customer, CustomerAlias, Identity, RelationshipType
from rapport.stores.customers.types import IdentityKind

RECORD_TYPE = "customer"


@dataclass(frozen=True)
class Twin:
    """A customer who may be the same as another, and why."""

    id: UUID
    name: str
    kind: str
    email: str
    city: str
    reason: str  # email, phone, name


def get_customer(*, actor: Actor, customer_id: UUID, action: Action = Action.READ) -> Customer:
    """The customer under this or any id merged into it. Errors: NotFound, NotAllowed."""
    return policies.get_record(actor, RECORD_TYPE, surviving_id(customer_id), action)


def surviving_id(customer_id: UUID) -> UUID:
    """The id that stands for this one now: itself unless it was merged."""
    found = CustomerAlias.objects.filter(absorbed_id=customer_id).values_list("surviving_id", flat=True).first()
    return found or customer_id


def surviving_ids(customer_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The standing id of each; ids that were never merged map to themselves."""
    wanted = list(customer_ids)
    found = dict(CustomerAlias.objects.filter(absorbed_id__in=wanted).values_list("absorbed_id", "surviving_id"))
    return {one: found.get(one, one) for one in wanted}


def all_ids(customer_id: UUID) -> list[UUID]:
    """Every id whose touch points, files and relationships are this customer's: its own first, then those absorbed."""
    absorbed = CustomerAlias.objects.filter(surviving_id=customer_id).values_list("absorbed_id", flat=True)
    return [customer_id, *absorbed]


def names_of(*, actor: Actor, customer_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names by the ids asked for, merged ones resolved; only of customers the actor may see."""
    standing = surviving_ids(customer_ids)
    names = dict(policies.visible(actor, RECORD_TYPE).filter(pk__in=set(standing.values())).values_list("pk", "name"))
    return {asked: names[now] for asked, now in standing.items() if now in names}


def customer_by_identity(*, actor: Actor, kind: str, value: str, namespace: str = "") -> Customer:
    """Errors: NotFound when nobody visible is known by it."""
    identity = Identity.objects.filter(kind=kind, value=value, namespace=namespace).first()
    if identity is None:
        raise NotFound("Nobody is known by this.")
    return get_customer(actor=actor, customer_id=identity.customer_id)


def possible_twins(
    *, actor: Actor, values: Mapping[str, Any], but_not: UUID | None = None, limit: int = 5
) -> list[Twin]:
    """Customers with the same e-mail, phone, or name: shown as a warning, never a hindrance. Three indexed queries at most."""
    found: dict[UUID, str] = {}
    keys = [
        (IdentityKind.EMAIL, normalised_email(str(values.get("email") or ""))),
        (IdentityKind.PHONE, normalised_phone(str(values.get("phone") or ""))),
    ]
    wanted = [(kind, value) for kind, value in keys if value]
    if wanted:
        either = Q()
        for kind, value in wanted:
            either |= Q(kind=kind, value=value, namespace="")
        hits = list(Identity.objects.filter(either).values_list("customer_id", "kind"))
        standing = surviving_ids(customer_id for customer_id, _ in hits)
        found.update({standing[customer_id]: kind for customer_id, kind in hits})
    rows = policies.visible(actor, RECORD_TYPE).exclude(pk=but_not) if but_not else policies.visible(actor, RECORD_TYPE)
    name = str(values.get("name") or "").strip()
    same = Q(pk__in=list(found))
    if len(folded(name)) > 2:
        same |= Q(name=name)
    if not found and len(folded(name)) <= 2:
        return []
    return [
        Twin(row.pk, row.name, row.kind, row.email, row.city, found.get(row.pk, "name"))
        for row in rows.filter(same).order_by("created_at")[:limit]
    ]


def identities_of(customer_ids: Sequence[UUID]) -> list[Identity]:
    """How a visible customer is recognised, over all its ids."""
    return list(Identity.objects.filter(customer_id__in=customer_ids).order_by("kind", "-is_primary", "created_at"))


def addresses_of(customer_ids: Sequence[UUID]) -> list[Address]:
    """Postal addresses of a visible customer, over all its ids."""
    return list(Address.objects.filter(customer_id__in=customer_ids).order_by("created_at", "id"))


def relationship_types() -> list[RelationshipType]:
    """Every way in which customers can be related, in the order people chose."""
    return list(RelationshipType.objects.all())
