"""Records of an own type: written, searched, asked about, put away, like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.foundation.records import policies
from rapport.foundation.records.models import OwnRecord, OwnType
from rapport.foundation.records.queries.bin import binned, binned_types
from rapport.foundation.records.queries.conditions import matching
from rapport.foundation.records.queries.generic import find_in_all_types
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.queries.names import names_in
from rapport.foundation.records.queries.record_pages import related_groups
from rapport.foundation.records.queries.search import find_records
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.services import fields, own_types, records
from rapport.foundation.records.services.undo import undo
from rapport.foundation.records.tests.own_types.conftest import BOAT
from rapport.foundation.records.types import FieldKind
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.models import Role
from rapport.foundation.workspace.queries.members import role_policy
from rapport.foundation.workspace.rules import policy_to_json
from rapport.foundation.workspace.types import Action, Actor, RecordRules, RowRule, Rows
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers

pytestmark = pytest.mark.django_db


def found(actor: Actor, record_type: str, where: Any) -> set[str]:
    declared = readable_type(record_type, actor=actor)
    tree = Words(declared, actor).checked(where)
    return {str(record) for record in matching(tree, declared, actor=actor)}


def test_a_record_is_written_changed_and_set_back(actor: Actor, boat: Callable[..., Any]) -> None:
    seagull = boat(length="9.5", kind_of_hull="steel", tags=["fast"])

    _record, operation = records.update_record(
        actor=actor, record_type=BOAT, record_id=seagull.pk, values={"length": "11", "name": "Albatross"}
    )
    assert operation
    row = OwnRecord.objects.get()
    assert (row.title, row.custom, row.search) == ("Albatross", {"length": "11", "kind_of_hull": "steel"}, "albatross")

    undo(actor=actor, operation_id=operation.id)
    row.refresh_from_db()
    assert (row.title, row.custom["length"], row.search) == ("Seagull", "9.5", "seagull")
    lines = history(actor=actor, record_type=BOAT, ids=[row.pk])
    assert [line.action for line in lines] == ["updated", "updated", "created"]


def test_undoing_the_addition_removes_it(actor: Actor, boat: Callable[..., Any]) -> None:
    boat("Gone")
    kept, gone = boat("Kept"), OwnRecord.objects.get(title="Gone")
    records.update_record(actor=actor, record_type=BOAT, record_id=kept.pk, values={"length": "7"})

    undo(actor=actor, operation_id=gone.operation_id)
    undo(actor=actor, operation_id=kept.operation_id)

    assert [record.title for record in OwnRecord.objects.all()] == ["Kept"]
    assert OwnRecord.objects.get().deleted_at is not None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"length": "long"}, "length"),
        ({"kind_of_hull": "paper"}, "kind_of_hull"),
        ({"customer": "00000000-0000-7000-8000-000000000000"}, "customer"),
        ({"tender_of": "00000000-0000-7000-8000-000000000000"}, "tender_of"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_bad_values_are_refused_by_name(actor: Actor, boats: OwnType, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        records.create_record(actor=actor, record_type=BOAT, values={"name": "Seagull", **values})

    assert field in refused.value.problems
    assert not OwnRecord.objects.exists()


def test_where_the_customer_is_needed_it_is_asked_for(actor: Actor, boats: OwnType) -> None:
    own_types.update_type(actor=actor, type_id=boats.pk, link="must")

    with pytest.raises(Invalid) as refused:
        records.create_record(actor=actor, record_type=BOAT, values={"name": "Seagull"})

    assert set(refused.value.problems) == {"customer"}


def test_records_of_one_type_are_not_records_of_another(actor: Actor, boat: Callable[..., Any]) -> None:
    seagull = boat()
    own_types.create_type(actor=actor, label="Car", plural="Cars")
    fields.create_field(actor=actor, record_type="x_car", label="Carries", kind="relation", target="x_car")

    with pytest.raises(NotFound):
        policies.get_record(actor, "x_car", seagull.pk)
    with pytest.raises(NotFound):
        records.update_record(actor=actor, record_type="x_car", record_id=seagull.pk, values={"name": "Duck"})
    with pytest.raises(Invalid):
        records.create_record(actor=actor, record_type="x_car", values={"name": "Duck", "carries": str(seagull.pk)})
    records.bin_records(actor=actor, record_type=BOAT, ids=[seagull.pk])
    assert not binned(actor=actor, record_type="x_car")
    assert [row.title for row in binned(actor=actor, record_type=BOAT)] == ["Seagull"]
    assert BOAT in {each.name for each in binned_types(actor=actor)}


def test_found_by_words_and_by_slips(actor: Actor, boat: Callable[..., Any]) -> None:
    boat("Seagull", registration="NL-4711")
    boat("Albatross")

    assert [hit.label for hit in find_in_all_types(actor, "4711", 5)] == ["Seagull"]
    assert [hit.label for hit in find_in_all_types(actor, "seagul", 5)] == ["Seagull"]
    assert [hit.label for hit in find_in_all_types(actor, "segaull", 5)] == ["Seagull"]
    assert [each.label for each in find_records(actor=actor, record_type=BOAT, words="alba")] == ["Albatross"]
    hit = find_in_all_types(actor, "albatross", 5)[0]
    assert (hit.label, hit.hint) == ("Albatross", "Boat")


# Conditions


def test_customers_are_found_by_their_boats(
    actor: Actor, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    marta, jonas, _ann = customer(), customer("Jonas Berg"), customer("Ann")
    boat("Seagull", customer=str(marta.pk), length="9.5")
    boat("Albatross", customer=str(marta.pk), length="12")
    boat("Tern", customer=str(jonas.pk), length="4")
    boat("Nobody's", length="40")
    long = {"field": "length", "op": "more_than", "value": 9}

    def who(**rest: Any) -> set[str]:
        return found(actor, "customer", {"relation": "x_boat__customer", **rest})

    assert who(quantifier="any") == {"Marta Oliveira", "Jonas Berg"}
    assert who(quantifier="any", where=long) == {"Marta Oliveira"}
    assert who(quantifier="none") == {"Ann"}
    assert who(quantifier="none", where=long) == {"Jonas Berg", "Ann"}
    assert who(quantifier="count", op="at_least", value=2) == {"Marta Oliveira"}
    assert who(quantifier="count", op="at_most", value=1) == {"Jonas Berg", "Ann"}
    assert who(quantifier="count", op="is", value=0) == {"Ann"}
    not_any = {"not": {"relation": "x_boat__customer", "quantifier": "any", "where": long}}
    assert found(actor, "customer", not_any) == {"Jonas Berg", "Ann"}


def test_boats_are_found_by_their_customers_and_by_each_other(
    actor: Actor, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    marta = customer(city="Delft")
    seagull = boat("Seagull", customer=str(marta.pk))
    boat("Dinghy", tender_of=str(seagull.pk))
    in_delft = {"field": "city", "op": "is", "value": "Delft"}

    assert found(actor, BOAT, {"relation": "customer", "quantifier": "any", "where": in_delft}) == {"Seagull"}
    assert found(actor, BOAT, {"relation": "customer", "quantifier": "none"}) == {"Dinghy"}
    assert found(actor, BOAT, {"relation": "tender_of", "quantifier": "any"}) == {"Dinghy"}
    assert found(actor, BOAT, {"relation": "x_boat__tender_of", "quantifier": "count", "op": "is", "value": 1}) == {
        "Seagull"
    }
    deep = {"relation": "x_boat__customer", "quantifier": "any",
            "where": {"relation": "x_boat__tender_of", "quantifier": "any", "where": {"field": "name", "op": "contains", "value": "ding"}}}  # fmt: skip
    assert found(actor, "customer", deep) == {"Marta Oliveira"}


def test_the_sentence_names_them(actor: Actor, boats: OwnType) -> None:
    words = Words(readable_type("customer", actor=actor), actor)
    tree = conditions.from_json(
        {
            "relation": "x_boat__customer",
            "quantifier": "any",
            "where": {"field": "length", "op": "more_than", "value": 9},
        }
    )

    assert words.describe(tree).chips[0].text == "Boats any boat where Length is more than 9"


def test_binned_boats_do_not_count(actor: Actor, boat: Callable[..., Any], customer: Callable[..., Any]) -> None:
    marta = customer()
    seagull = boat("Seagull", customer=str(marta.pk))

    records.bin_records(actor=actor, record_type=BOAT, ids=[seagull.pk])

    assert found(actor, "customer", {"relation": "x_boat__customer", "quantifier": "any"}) == set()


def test_merged_customers_keep_their_boats_and_part_with_them_again(
    actor: Actor, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    marta, twin = customer(), customer("M. Oliveira")
    boat("Seagull", customer=str(marta.pk))
    boat("Tern", customer=str(twin.pk))
    before = list(OwnRecord.objects.order_by("title").values_list("customer_id", flat=True))

    merge = merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    two = {"relation": "x_boat__customer", "quantifier": "count", "op": "is", "value": 2}
    assert found(actor, "customer", two) == {"Marta Oliveira"}
    named = {"field": "customer", "op": "is", "value": str(marta.pk)}
    assert found(actor, BOAT, named) == {"Seagull", "Tern"}
    forward = {
        "relation": "customer",
        "quantifier": "any",
        "where": {"field": "name", "op": "contains", "value": "Marta"},
    }
    assert found(actor, BOAT, forward) == {"Seagull", "Tern"}
    field = readable_type(BOAT, actor=actor).field("customer")
    assert field
    names = names_in(actor=actor, fields=[field], values=[{"customer": str(twin.pk)}])
    assert names.records[str(twin.pk)][0] == "Marta Oliveira"
    group = related_groups(actor=actor, record_type_name="customer", ids=[marta.pk, twin.pk], only_own=True)[0]
    assert (group.count, {each.title for each in group.records}) == (2, {"Seagull", "Tern"})

    unmerge_customers(actor=actor, merge_id=merge.id)
    assert found(actor, BOAT, named) == {"Seagull"}
    assert list(OwnRecord.objects.order_by("title").values_list("customer_id", flat=True)) == before


# Roles


def restricted(ben: User, rules: RecordRules, set_role: Callable[[User, str], None]) -> None:
    from dataclasses import replace

    policy = role_policy("member")
    assert policy
    policy = replace(policy, key="sailor", name="Sailor", records={**policy.records, BOAT: rules})
    Role.objects.create(key="sailor", name="Sailor", policy=policy_to_json(policy))
    set_role(ben, "sailor")


def test_row_and_field_rules_hold(
    actor: Actor,
    ben: User,
    boat: Callable[..., Any],
    customer: Callable[..., Any],
    set_role: Callable[[User, str], None],
    actor_for: Callable[[User], Actor],
) -> None:
    from rapport.foundation.workspace.types import FieldAccess

    marta = customer()
    boat("Seagull", length="12", registration="NL-1", customer=str(marta.pk))
    boat("Tern", length="4", registration="NL-2")
    short = RowRule(Rows.CONDITION, {"field": "length", "op": "less_than", "value": 9})
    rules = RecordRules(
        actions={Action.READ: short, Action.UPDATE: short},
        fields={"registration": FieldAccess.HIDDEN, "length": FieldAccess.READ},
    )
    restricted(ben, rules, set_role)
    bens = actor_for(ben)

    assert [str(row) for row in policies.visible(bens, BOAT)] == ["Tern"]
    assert readable_type(BOAT, actor=bens).field("registration") is None
    assert [hit.label for hit in find_in_all_types(bens, "tern", 5)] == ["Tern"]
    assert find_in_all_types(bens, "seagull", 5) == []
    assert find_in_all_types(bens, "NL-2", 5) == []
    assert found(bens, "customer", {"relation": "x_boat__customer", "quantifier": "any"}) == set()
    assert related_groups(actor=bens, record_type_name="customer", ids=[marta.pk], only_own=True) == []
    with pytest.raises(Invalid):
        records.update_record(
            actor=bens, record_type=BOAT, record_id=OwnRecord.objects.get(title="Tern").pk, values={"length": "20"}
        )


def test_who_may_not_read_boats_is_offered_no_relation_to_them(
    actor: Actor, ben: User, boats: OwnType, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    restricted(ben, RecordRules(), set_role)

    names = {relation.name for relation in readable_type("customer", actor=actor_for(ben)).relations}

    assert "x_boat__customer" not in names
    assert "x_boat__customer" in {relation.name for relation in readable_type("customer", actor=actor).relations}


def test_related_records_cost_the_same_for_many_types(
    actor: Actor,
    boat: Callable[..., Any],
    customer: Callable[..., Any],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    marta = customer()
    boat("Seagull", customer=str(marta.pk))
    related_groups(actor=actor, record_type_name="customer", ids=[marta.pk], only_own=True)

    with django_assert_num_queries(1) as few:
        related_groups(actor=actor, record_type_name="customer", ids=[marta.pk], only_own=True)
    for n in range(6):
        own_types.create_type(actor=actor, label=f"Thing {n}", plural=f"Things {n}")
        for at in range(8):
            records.create_record(
                actor=actor, record_type=f"x_thing_{n}", values={"name": f"{n}.{at}", "customer": str(marta.pk)}
            )
    related_groups(actor=actor, record_type_name="customer", ids=[marta.pk], only_own=True)  # reads the types again
    with django_assert_num_queries(len(few)):
        groups = related_groups(actor=actor, record_type_name="customer", ids=[marta.pk], only_own=True)

    assert [group.count for group in groups] == [1, 8, 8, 8, 8, 8, 8]
    assert [len(group.records) for group in groups] == [1, 6, 6, 6, 6, 6, 6]


def test_every_kind_of_field_can_be_asked_about(
    actor: Actor, boats: OwnType, client_for: Callable[..., Client]
) -> None:
    for kind in FieldKind:
        if kind in (FieldKind.TAGS, FieldKind.CHOICE, FieldKind.MULTI_CHOICE):
            continue
        fields.create_field(
            actor=actor, record_type=BOAT, label=f"A {kind}", kind=kind, target=BOAT if kind == "relation" else ""
        )
    declared = readable_type(BOAT, actor=actor)

    for field in declared.fields:
        tree = Words(declared, actor).checked({"field": field.name, "op": "is_not_empty"})
        assert list(matching(tree, declared, actor=actor)) == []
