"""Values of a customer in their JSON form, as far as the actor may read them."""

from __future__ import annotations

from typing import Any

from rapport.foundation.records import policies
from rapport.foundation.records.queries.fields import value_of
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer


def values_of(customer: Customer, record_type: RecordType, *, actor: Actor) -> dict[str, Any]:
    return {field.name: value_of(customer, field) for field in policies.readable_fields(actor, record_type)}
