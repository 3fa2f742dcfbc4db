"""Possible duplicates: looking for them, and deciding about them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection, transaction

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.models import DuplicateProposal
from rapport.stores.customers.policies import RECORD_TYPE

MOST_PAIRS = 2000
SOURCE = "exact"

# Every member of a group is paired with its oldest (ids begin with the time): merging along these pairs joins the group.
_PAIRS = """
with grouped as (
  select {key} as value, kind, min(id::text)::uuid as oldest
  from customers_customer
  where deleted_at is null and merged_into_id is null and {holds}
  group by {key}, kind having count(*) between 2 and 50
), pairs as (
  select least(g.oldest, c.id) as first_id, greatest(g.oldest, c.id) as second_id, c.id as other, g.value
  from grouped g join customers_customer c on {key_of_c} = g.value and c.kind = g.kind and c.id <> g.oldest
  where c.deleted_at is null and c.merged_into_id is null
)
select p.first_id, p.second_id, p.other, p.value from pairs p
where not exists (
  select 1 from customers_duplicateproposal d where d.first_id = p.first_id and d.second_id = p.second_id
)
limit %s
"""
_NAME_AND_PLACE = "lower({t}name) || chr(31) || lower({t}city) || chr(31) || lower({t}organisation_name)"
_RULES = {
    "email": ("{t}email", "email <> ''"),
    "phone": ("{t}phone", "phone <> ''"),
    "name": (_NAME_AND_PLACE, "name <> '' and (city <> '' or organisation_name <> '')"),
}


@transaction.atomic
def find_exact_duplicates(*, actor: Actor) -> int:
    """Propose customers of one kind who have the same e-mail address, phone number, or name and place; returns how many
    pairs are new. A group of more than fifty shares a switchboard or a placeholder, and says nothing.

    Errors: NotAllowed.
    """
    policies.require(actor, Action.MERGE, RECORD_TYPE)
    found: dict[tuple[UUID, UUID], list[dict[str, str]]] = {}
    for kind, (key, holds) in _RULES.items():
        statement = _PAIRS.format(key=key.format(t=""), key_of_c=key.format(t="c."), holds=holds)
        with connection.cursor() as cursor:
            cursor.execute(statement, [MOST_PAIRS])
            for first, second, other, value in cursor.fetchall():
                evidence = {"kind": kind, "namespace": "", "value": value.split("\x1f")[0], "customer_id": str(other)}
                found.setdefault((first, second), []).append(evidence)
    now = clock.now()
    before = DuplicateProposal.objects.filter(source=SOURCE).count()
    DuplicateProposal.objects.bulk_create(
        [
            DuplicateProposal(
                id=ids.new_id(), first_id=first, second_id=second, evidence=evidence, source=SOURCE, proposed_at=now
            )
            for (first, second), evidence in found.items()
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return DuplicateProposal.objects.filter(source=SOURCE).count() - before


def settle_merged(*, actor: Actor, ids_: Collection[UUID]) -> None:
    """All these are one customer now: what was proposed among them is decided."""
    DuplicateProposal.objects.filter(first_id__in=ids_, second_id__in=ids_, decided_at=None).update(
        decision="merged", decided_at=clock.now(), decided_by_name=actor.name
    )


def reopen(*, one: Collection[UUID], other: Collection[UUID]) -> None:
    """Two customers again: the question whether they are one is open again."""
    pairs = DuplicateProposal.objects.filter(decision="merged")
    either = pairs.filter(first_id__in=one, second_id__in=other) | pairs.filter(first_id__in=other, second_id__in=one)
    either.update(decision="", decided_at=None, decided_by_name="")
