"""Customers for tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rapport.foundation.records.models import Change
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.services.customers import create_customer
from rapport.stores.customers.services.relationships import add_relationship


def make_customer(name: str = "Marta Oliveira", actor: Actor = SYSTEM, **values: Any) -> Customer:
    return create_customer(actor=actor, values={"name": name, **values})


def make_organisation(name: str = "Pedal & Post", **values: Any) -> Customer:
    return make_customer(name, kind="organisation", **values)


def make_relation(one: Customer, type_name: str, other: Customer, **values: Any) -> UUID:
    return add_relationship(actor=SYSTEM, from_id=one.pk, type_name=type_name, to_id=other.pk, **values)[0].pk


def changes_of(*customers: Customer) -> int:
    return Change.objects.filter(record_id__in=[each.pk for each in customers]).count()
