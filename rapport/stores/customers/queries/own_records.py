"""What records of other types know of customers: who a file means, and which of the workspace's own records are theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import OwnRecord
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers import policies as customer_policies
from rapport.stores.customers.extension_points import Holding
from rapport.stores.customers.models import Identity
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.stores.customers.types import IdentityKind


def customers_called(actor: Actor, texts: Sequence[str]) -> dict[str, list[UUID]]:
    """Customers by e-mail address, phone number or id in another system, as files call them. Three queries."""
    asked: dict[str, set[str]] = {}
    for text in texts:
        plain = text.strip()
        for value in {plain, normalised_email(plain), normalised_phone(plain)} - {None, ""}:
            asked.setdefault(str(value), set()).add(text)
    kinds = [kind for kind in IdentityKind if customer_policies.may_see_identity(actor, kind)]
    rows = list(Identity.objects.filter(value__in=list(asked), kind__in=kinds).values_list("value", "customer_id"))
    standing = surviving_ids({customer_id for _value, customer_id in rows})
    visible = set(policies.visible(actor, RECORD_TYPE).filter(pk__in=standing.values()).values_list("pk", flat=True))
    found: dict[str, set[UUID]] = {}
    for value, customer_id in rows:
        if standing[customer_id] in visible:
            for text in asked[value]:
                found.setdefault(text, set()).add(standing[customer_id])
    return {text: sorted(ids) for text, ids in found.items()}


def own_records_of(actor: Actor, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """The workspace's own records of a customer in JSON form, type by type, for an export of everything about them."""
    for name, declared in record_types.items():
        if not declared.is_own or declared.field("customer") is None or not actor.may(Action.EXPORT, name):
            continue
        fields = policies.readable_fields(actor, record_type(name))
        for record in policies.visible(actor, name, Action.EXPORT).filter(customer_id__in=list(ids)).order_by("pk"):
            yield {"record_type": name, "id": str(record.pk)} | {one.name: value_of(record, one) for one in fields}


def own_records_held(actor: Actor, ids: Sequence[UUID]) -> Holding:
    return Holding(
        _("records of your own"), OwnRecord.objects.filter(customer_id__in=list(ids), deleted_at=None).count()
    )


def used_by_own_records(operation_id: UUID) -> Exists:
    """Whether a customer has own records beside those of this operation."""
    return Exists(OwnRecord.objects.filter(customer_id=OuterRef("pk")).exclude(operation_id=operation_id))
