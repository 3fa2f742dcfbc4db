"""What the page Today shows of customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.policies import may_read_field, visible
from rapport.foundation.records.rules import conditions
from rapport.foundation.workspace.types import Actor

SHOWN = 6


@dataclass(frozen=True)
class Unowned:
    id: UUID
    name: str
    kind: str
    city: str
    created_at: datetime


@dataclass(frozen=True)
class Unattended:
    customers: list[Unowned]
    where: str  # the filter of the list that shows them all


def without_owner(actor: Actor) -> Unattended | None:
    """The newest customers that nobody looks after; None when there are none. One query, led by an index."""
    declared = record_types["customer"]  # only built-in fields are asked for
    if not may_read_field(actor, declared, "owner") or not may_read_field(actor, declared, "name"):
        return None
    rows = visible(actor, "customer").filter(owner=None).order_by("-created_at", "-id")
    sees_city = may_read_field(actor, declared, "city")
    found = [
        Unowned(pk, name, kind, city if sees_city else "", created_at)
        for pk, name, kind, city, created_at in rows.values_list("id", "name", "kind", "city", "created_at")[:SHOWN]
    ]
    condition = conditions.from_json({"field": "owner", "op": "is_empty"})
    return Unattended(found, conditions.encode(condition)) if found else None
