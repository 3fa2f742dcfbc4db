"""Merging and unmerging, as anybody may do it in any order: what comes back is what was there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.lib import ids
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.workspace.errors import Conflict
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer, CustomerAlias, Identity, Merge, Relationship
from rapport.stores.customers.queries.customers import all_ids, surviving_id
from rapport.stores.customers.queries.detail import dossier
from rapport.stores.customers.services.customers import create_customer
from rapport.stores.customers.services.identities import resolve_identities
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers
from rapport.stores.customers.services.relationships import add_relationship
from rapport.stores.customers.types import IdentityKey, IdentitySet

Run = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

texts = st.text("abc ñß<", max_size=6)
people = st.fixed_dictionaries(
    {
        "name": st.text("abcd", min_size=1, max_size=5),
        "city": texts,
        "job_title": texts,
        "tags": st.lists(st.sampled_from(["vip", "fleet", "new"]), max_size=3),
        "notes": texts,
    }
)
sides = st.dictionaries(
    st.sampled_from(["name", "city", "job_title", "tags", "notes"]), st.sampled_from(["surviving", "absorbed"])
)


@contextmanager
def undone_afterwards() -> Iterator[None]:
    """Each example leaves the database as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def everything() -> dict[str, Any]:
    """All that merging could touch, apart from the records of the merges themselves."""
    declared = record_type("customer")
    rows = {
        str(row.pk): {field.name: value_of(row, field) for field in declared.fields if field.editable}
        | {"into": row.merged_into_id, "search": row.search}
        for row in Customer.objects.all()
    }
    return {
        "customers": rows,
        "aliases": sorted(CustomerAlias.objects.values_list("absorbed_id", "surviving_id", "direct_id")),
        "identities": sorted(Identity.objects.values_list("kind", "value", "customer_id")),
        "relationships": sorted(Relationship.objects.values_list("from_customer_id", "type_id", "to_customer_id")),
    }


def cast(number: int, values: list[dict[str, Any]]) -> list[UUID]:
    made = []
    for at in range(number):
        given_values = {**values[at % len(values)], "email": f"c{at}-{ids.new_id().hex[-8:]}@x.example"}
        made.append(create_customer(actor=SYSTEM, values=given_values).pk)
    for one, other in pairwise(made):
        add_relationship(actor=SYSTEM, from_id=one, type_name="knows", to_id=other)
    return made


@Run
@given(values=st.lists(people, min_size=2, max_size=2), chosen=sides)
def test_unmerging_at_once_restores_exactly(
    workspace: object, values: list[dict[str, Any]], chosen: dict[str, str]
) -> None:
    with undone_afterwards():
        one, other = cast(2, values)
        before = everything()

        merge = merge_customers(actor=SYSTEM, surviving_id=one, absorbed_id=other, chosen=chosen)
        assert surviving_id(other) == one
        unmerge_customers(actor=SYSTEM, merge_id=merge.id)

        assert everything() == before


@Run
@given(
    values=st.lists(people, min_size=1, max_size=4),
    number=st.integers(2, 5),
    data=st.data(),
)
def test_any_tree_of_merges_comes_apart_in_turn(
    workspace: object, values: list[dict[str, Any]], number: int, data: st.DataObject
) -> None:
    """A into B, B into C and so on, in any shape; taken back from the last to the first."""
    with undone_afterwards():
        standing = cast(number, values)
        states, merges = [everything()], []
        while len(standing) > 1:
            into, gone = data.draw(st.permutations(standing))[:2]
            merges.append(merge_customers(actor=SYSTEM, surviving_id=into, absorbed_id=gone, chosen=data.draw(sides)))
            standing.remove(gone)
            states.append(everything())
        # Whatever the shape, every id leads to the one that is left in one step.
        assert set(all_ids(standing[0])) == set(Customer.objects.values_list("pk", flat=True))

        for merge in reversed(merges):
            assert everything() == states.pop()
            unmerge_customers(actor=SYSTEM, merge_id=merge.id)

        assert everything() == states.pop()


@Run
@given(data=st.data(), values=st.lists(people, min_size=3, max_size=5))
def test_merges_of_one_survivor_come_apart_in_any_order(
    workspace: object, data: st.DataObject, values: list[dict[str, Any]]
) -> None:
    with undone_afterwards():
        everybody = cast(len(values), values)
        before = everything()
        merges = [
            merge_customers(actor=SYSTEM, surviving_id=everybody[0], absorbed_id=gone, chosen=data.draw(sides))
            for gone in everybody[1:]
        ]

        for merge in data.draw(st.permutations(merges)):
            unmerge_customers(actor=SYSTEM, merge_id=merge.id)

        assert everything() == before


def test_inner_merge_waits_for_the_outer_one(actor: Actor) -> None:
    a, b, c = cast(3, [{"name": "Ann"}])
    inner = merge_customers(actor=actor, surviving_id=b, absorbed_id=a)
    outer = merge_customers(actor=actor, surviving_id=c, absorbed_id=b)

    with pytest.raises(Conflict):
        unmerge_customers(actor=actor, merge_id=inner.id)
    assert (surviving_id(a), surviving_id(b)) == (c, c)

    unmerge_customers(actor=actor, merge_id=outer.id)
    assert (surviving_id(a), surviving_id(b)) == (b, b)
    unmerge_customers(actor=actor, merge_id=inner.id)
    assert (surviving_id(a), surviving_id(b)) == (a, b)
    with pytest.raises(Conflict):
        unmerge_customers(actor=actor, merge_id=inner.id)
    assert Merge.objects.filter(undone_at=None).count() == 0


@Run
@given(data=st.data())
def test_what_arrives_in_between_stays_with_whom_it_names(workspace: object, data: st.DataObject) -> None:
    """Events keep naming either by their own address; afterwards each has its own again, new browsers included."""
    with undone_afterwards():
        one, other = cast(2, [{"name": "Ann"}, {"name": "Bea"}])
        addresses = dict(Identity.objects.filter(kind="email").values_list("customer_id", "value"))
        merge = merge_customers(actor=SYSTEM, surviving_id=one, absorbed_id=other)
        named = data.draw(st.lists(st.sampled_from([one, other]), min_size=1, max_size=6))
        sets = [
            IdentitySet(keys=(IdentityKey(addresses[who], "email"), IdentityKey(f"browser-{at:04}", "cookie")))
            for at, who in enumerate(named)
        ]

        answers = [answer.customer_id for answer in resolve_identities(sets, actor=SYSTEM, source="web")]
        assert all(answer is not None and surviving_id(answer) == one for answer in answers)
        assert dossier(actor=SYSTEM, customer_id=one).browsers == len(named)

        unmerge_customers(actor=SYSTEM, merge_id=merge.id)

        assert [surviving_id(answer) for answer in answers if answer] == named
        for who in (one, other):
            assert dossier(actor=SYSTEM, customer_id=who).browsers == named.count(who)


@Run
@given(
    changed=st.dictionaries(
        st.sampled_from(["city", "notes", "job_title"]), st.text("xyz", min_size=1, max_size=4), min_size=1
    )
)
def test_what_somebody_changed_since_stays(workspace: object, changed: dict[str, str]) -> None:
    from rapport.foundation.records.services.records import update_record

    with undone_afterwards():
        one, other = cast(2, [{"name": "Ann"}, {"name": "Bea", "city": "Delft", "notes": "hers", "job_title": "Lead"}])
        before = Customer.objects.values("city", "notes", "job_title").get(pk=one)
        merge = merge_customers(actor=SYSTEM, surviving_id=one, absorbed_id=other)
        update_record(actor=SYSTEM, record_type="customer", record_id=one, values=changed)

        unmerge_customers(actor=SYSTEM, merge_id=merge.id)

        after = Customer.objects.values("city", "notes", "job_title").get(pk=one)
        assert after == {**before, **changed}
        assert Customer.objects.values_list("city", "notes", "job_title").get(pk=other) == ("Delft", "hers", "Lead")
