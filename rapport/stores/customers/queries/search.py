"""Finding customers by what people type: a name with a slip in it, a phone number in any grouping, an id of a shop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from rapport.foundation.lib.contact import normalised_email, normalised_phone
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.search import search_ids
from rapport.foundation.records.types import FoundRecord
from rapport.foundation.ui.types import Hit
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import Identity
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.stores.customers.types import CustomerKind, IdentityKind

SEARCHED = ("name", "email", "phone", "organisation_name", "city")  # what the search text is made of
ICONS = {CustomerKind.PERSON: "user", CustomerKind.ORGANISATION: "building", CustomerKind.HOUSEHOLD: "home"}


def find_customers(actor: Actor, words: str, limit: int) -> list[FoundRecord]:
    """Best first: who is known by exactly this, then by words."""
    return [FoundRecord(row["pk"], row["name"], _hint(row), row["kind"]) for row in _found(actor, words, limit)]


def customer_hits(actor: Actor, words: str, limit: int) -> list[Hit]:
    """The same for the palette and the search page."""
    return [
        Hit(
            label=row["name"],
            url=reverse("customers:detail", args=[row["pk"]]),
            icon=ICONS[row["kind"]],
            hint=_hint(row),
        )
        for row in _found(actor, words, limit)
    ]


def _found(actor: Actor, words: str, limit: int) -> list[dict[str, Any]]:
    known = _known_by(actor, words)
    found = search_ids(
        actor=actor, record_type=RECORD_TYPE, words=words, limit=limit, readable=_readable(actor), alike=not known
    )
    ids = list(dict.fromkeys([*known, *found]))
    if not ids:
        return []
    columns = [
        "pk",
        "name",
        "kind",
        *(name for name in ("job_title", "organisation_name", "city") if _may_read(actor, name)),
    ]
    rows = {row["pk"]: row for row in record_policies.visible(actor, RECORD_TYPE).filter(pk__in=ids).values(*columns)}
    return [rows[one] for one in ids if one in rows][:limit]


def _known_by(actor: Actor, words: str) -> list[UUID]:
    """Customers with exactly this e-mail address, phone number or external id, also a second one."""
    said = words.replace("\x00", "").strip()
    if not said or len(said) > 254:
        return []
    keys = {
        IdentityKind.EXTERNAL: said,
        IdentityKind.EMAIL: normalised_email(said) or "",
        IdentityKind.PHONE: normalised_phone(said) or "",
    }
    wanted = {kind: value for kind, value in keys.items() if value and policies.may_see_identity(actor, kind)}
    hits = Identity.objects.filter(value__in=set(wanted.values())).values_list("kind", "value", "customer_id")
    mine = [customer_id for kind, value, customer_id in hits if wanted.get(IdentityKind(kind)) == value]
    standing = surviving_ids(mine) if mine else {}
    return list(dict.fromkeys(standing[one] for one in mine))


def _hint(row: dict[str, Any]) -> str:
    parts: Sequence[str] = [row.get("organisation_name") or row.get("job_title") or "", row.get("city") or ""]
    return ", ".join(part for part in parts if part)


def _readable(actor: Actor) -> list[str] | None:
    """None when the actor may read all that the search text holds; otherwise only the columns they may."""
    allowed = [name for name in SEARCHED if _may_read(actor, name)]
    return None if len(allowed) == len(SEARCHED) else allowed


def _may_read(actor: Actor, name: str) -> bool:
    return record_policies.may_read_field(actor, record_types[RECORD_TYPE], name)
