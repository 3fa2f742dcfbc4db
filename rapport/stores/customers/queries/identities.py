"""What is known of identities: who holds them, which ids stand for whom, and which pairs may be one customer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.foundation.records import policies
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, CustomerAlias, DuplicateProposal
from rapport.stores.customers.queries.customers import RECORD_TYPE, surviving_ids
from rapport.stores.customers.rules.identities import Known
from rapport.stores.customers.types import KNOWN, IdentityKey


@dataclass(frozen=True)
class Proposal:
    """A pair that one event named together. People decide whether they are the same."""

    id: UUID
    first_id: UUID
    first_name: str
    second_id: UUID
    second_name: str
    evidence: tuple[dict[str, Any], ...]
    source: str
    proposed_at: datetime


def known_identities(
    keys: Collection[IdentityKey], customer_ids: Collection[UUID] = (), *, browsers: bool = True
) -> Known:
    """Owners of the keys, with aliases and records as far as a decision needs them: one to three statements.

    `browsers` False skips the last two: a batch of lone keys needs nothing but their owners.
    """
    known = Known(owners=_owners(keys))
    concerned = {*customer_ids, *known.owners.values()} if browsers else set(customer_ids)
    if concerned:
        rows = CustomerAlias.objects.filter(absorbed_id__in=concerned).values_list("absorbed_id", "surviving_id")
        known.aliases.update(rows)
        unsure = {one for key, one in known.owners.items() if key.kind not in KNOWN and one not in known.aliases}
        unsure.update(customer_ids, (known.aliases[one] for one in customer_ids if one in known.aliases))
        if unsure:
            known.people.update(Customer.objects.filter(pk__in=unsure).values_list("pk", flat=True))
    return known


def _owners(keys: Collection[IdentityKey]) -> dict[IdentityKey, UUID]:
    if not keys:
        return {}
    with connection.cursor() as cursor:
        # By value alone, which leads the index; a value that is known in several kinds is told apart here.
        cursor.execute(
            "select value, kind, namespace, customer_id from customers_identity where value = any(%s::text[])",
            [_array([key.value for key in keys])],
        )
        rows = cursor.fetchall()
    return {IdentityKey(value, kind, namespace): customer_id for value, kind, namespace, customer_id in rows}


def _array(values: list[str]) -> list[str] | str:
    """Texts as PostgreSQL writes an array of them. The driver would quote each by itself, which costs as much as finding them."""
    text = '","'.join(values)
    if "\\" in text or text.count('"') != 2 * (len(values) - 1):
        return values
    return f'{{"{text}"}}'


def open_proposals(*, actor: Actor, limit: int = 50) -> list[Proposal]:
    """Pairs nobody has decided about, newest first; only those whose two customers the actor may see."""
    rows = list(DuplicateProposal.objects.filter(decided_at=None).order_by("-proposed_at")[: limit * 2])
    standing = surviving_ids({one for row in rows for one in (row.first_id, row.second_id)})
    names = dict(policies.visible(actor, RECORD_TYPE).filter(pk__in=set(standing.values())).values_list("pk", "name"))
    found = []
    for row in rows:
        first, second = standing[row.first_id], standing[row.second_id]
        if first != second and first in names and second in names:
            evidence = tuple(row.evidence)
            found.append(
                Proposal(row.id, first, names[first], second, names[second], evidence, row.source, row.proposed_at)
            )
    return found[:limit]


def anonymous_ids(customer_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the ids that are visitors nobody has named yet."""
    wanted = set(customer_ids)
    named = set(CustomerAlias.objects.filter(absorbed_id__in=wanted).values_list("absorbed_id", flat=True))
    named.update(Customer.objects.filter(pk__in=wanted - named).values_list("pk", flat=True))
    return wanted - named
