"""Finding customers: by any of their ids, by what they are known by, and those who may be the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Lookup, OuterRef, Q, UUIDField

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.foundation.lib.text import folded
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers import policies as customer_policies
from rapport.stores.customers.models import Address, Customer, CustomerAlias, Identity, RelationshipType
from rapport.stores.customers.rules.customers import display_name
from rapport.stores.customers.types import IdentityKind

RECORD_TYPE = "customer"


@UUIDField.register_lookup
class InArray(Lookup):
    """`id = ANY(array)`: beside another condition the planner still uses the index, as it would not for IN (subquery)."""

    lookup_name = "in_array"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_params = self.process_lhs(compiler, connection)
        array, array_params = self.process_rhs(compiler, connection)
        return f"{column} = ANY({array})", (*column_params, *array_params)


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


def all_ids_of(customer_id: UUID) -> Callable[[str], Q]:
    """A filter by all ids of a standing customer, for any column that holds one, without asking for the ids first."""
    absorbed = CustomerAlias.objects.filter(surviving_id=customer_id).values("absorbed_id")
    return lambda column: Q(**{column: customer_id}) | Q(**{f"{column}__in_array": ArraySubquery(absorbed)})


def names_of(*, actor: Actor, customer_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names by the ids asked for, merged ones resolved; only of customers the actor may see. One query."""
    wanted = set(customer_ids)
    if not wanted:
        return {}
    absorbed = CustomerAlias.objects.filter(absorbed_id__in=wanted)
    mine = ArraySubquery(absorbed.filter(surviving_id=OuterRef("pk")).values("absorbed_id"))
    standing = ArraySubquery(absorbed.values("surviving_id"))
    rows = policies.visible(actor, RECORD_TYPE).filter(Q(pk__in=wanted) | Q(pk__in_array=standing))
    names: dict[UUID, str] = {}
    for pk, name, also in rows.annotate(also=mine).values_list("pk", "name", "also"):
        names |= dict.fromkeys((one for one in (pk, *(also or [])) if one in wanted), name)
    return names


def customer_by_identity(*, actor: Actor, kind: str, value: str, namespace: str = "") -> Customer:
    """Errors: NotFound when nobody visible is known by it."""
    identity = Identity.objects.filter(kind=kind, value=value, namespace=namespace).first()
    if identity is None:
        raise NotFound("Nobody is known by this.")
    return get_customer(actor=actor, customer_id=identity.customer_id)


def possible_twins(
    *, actor: Actor, values: Mapping[str, Any], but_not: UUID | None = None, region: str = "", limit: int = 5
) -> list[Twin]:
    """Customers with the same e-mail, phone, or name: shown as a warning, never a hindrance. Three indexed queries at most.

    `region` reads national phone numbers. What a role hides is not compared, or asking would tell it.
    """
    found: dict[UUID, str] = {}
    keys = [
        (IdentityKind.EMAIL, normalised_email(str(values.get("email") or ""))),
        (IdentityKind.PHONE, normalised_phone(str(values.get("phone") or ""), region)),
    ]
    wanted = [(kind, value) for kind, value in keys if value and customer_policies.may_see_identity(actor, kind)]
    if wanted:
        either = Q()
        for kind, value in wanted:
            either |= Q(kind=kind, value=value, namespace="")
        hits = list(Identity.objects.filter(either).values_list("customer_id", "kind"))
        standing = surviving_ids(customer_id for customer_id, _ in hits)
        found.update({standing[customer_id]: kind for customer_id, kind in hits})
    name = folded(display_name({**values, "email": "", "phone": ""}).replace("\x00", ""))
    if not found and len(name) <= 2:
        return []
    same = Q(pk__in=list(found))
    if len(name) > 2:
        same |= Q(search__startswith=name)
    rows = policies.visible(actor, RECORD_TYPE).filter(same).order_by("created_at")
    rows = rows.exclude(pk=but_not) if but_not else rows
    hidden = {f for f in ("email", "city") if not policies.may_read_field(actor, record_types[RECORD_TYPE], f)}
    return [
        Twin(
            row.pk,
            row.name,
            row.kind,
            "" if "email" in hidden else row.email,
            "" if "city" in hidden else row.city,
            found.get(row.pk, "name"),
        )
        for row in rows[: 4 * limit]
        if row.pk in found or folded(row.name) == name
    ][:limit]


def emails_of(customer_id: UUID) -> list[str]:
    """E-mail addresses of a visible, standing customer, the primary first. One query."""
    rows = Identity.objects.filter(all_ids_of(customer_id)("customer_id"), kind=IdentityKind.EMAIL)
    return list(rows.order_by("-is_primary", "created_at").values_list("value", flat=True))


def identities_of(customer_ids: Sequence[UUID]) -> list[Identity]:
    """How a visible customer is recognised, over all its ids."""
    return list(Identity.objects.filter(customer_id__in=customer_ids).order_by("kind", "-is_primary", "created_at"))


def addresses_of(customer_ids: Sequence[UUID]) -> list[Address]:
    """Postal addresses of a visible customer, over all its ids."""
    return list(Address.objects.filter(customer_id__in=customer_ids).order_by("created_at", "id"))


def relationship_types() -> list[RelationshipType]:
    """Every way in which customers can be related, in the order people chose."""
    return list(RelationshipType.objects.all())
