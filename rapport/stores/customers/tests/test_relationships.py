from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor, RecordRules, RolePolicy, RowRule, Rows
from rapport.stores.customers.models import Customer, Relationship, RelationshipType
from rapport.stores.customers.queries.relationships import ids_with_people, related_to
from rapport.stores.customers.services import relationships
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import changes_of, make_customer, make_organisation, make_relation


def read(actor: Actor, *customers: Customer) -> list[tuple[str, str]]:
    return [(each.label, each.name) for each in related_to(actor=actor, ids=[one.pk for one in customers])]


def test_relationship_reads_from_both_ends(actor: Actor) -> None:
    marta, firm = make_customer(), make_organisation()

    relationships.add_relationship(
        actor=actor, from_id=marta.pk, type_name="works_at", to_id=firm.pk, role="Fleet lead", since=date(2022, 3, 14)
    )

    assert read(actor, marta) == [("works at", "Pedal & Post")]
    assert read(actor, firm) == [("employs", "Marta Oliveira")]
    marta.refresh_from_db()
    assert marta.organisation_name == "Pedal & Post"
    for one in (marta, firm):
        lines = history(actor=actor, record_type="customer", ids=[one.pk])
        change = next(line.fields[0] for line in lines if line.fields and line.fields[0].part)
        assert change.part is not None
        assert change.part.describe(change.after) == "Marta Oliveira works at Pedal & Post (Fleet lead), 2022-03-14"


def test_symmetric_relationship_reads_alike_and_is_told_once(actor: Actor) -> None:
    marta, rui = make_customer(), make_customer("Rui")
    make_relation(marta, "married_to", rui)

    with pytest.raises(Invalid):
        make_relation(rui, "married_to", marta)

    assert (read(actor, marta), read(actor, rui)) == ([("is married to", "Rui")], [("is married to", "Marta Oliveira")])


def test_removal_is_taken_back_with_employer_untouched(actor: Actor) -> None:
    marta, firm = make_customer(), make_organisation()
    row_id = make_relation(marta, "works_at", firm, role="Lead")

    operation = relationships.remove_relationship(actor=actor, customer_id=firm.pk, relationship_id=row_id)
    assert read(actor, marta) == []
    undo(actor=actor, operation_id=operation.id)

    assert Relationship.objects.get(pk=row_id).role == "Lead"


def test_undo_of_adding_clears_the_employer_again(actor: Actor) -> None:
    marta, firm = make_customer(), make_organisation()
    _, operation = relationships.add_relationship(actor=actor, from_id=marta.pk, type_name="works_at", to_id=firm.pk)

    undo(actor=actor, operation_id=operation.id)

    marta.refresh_from_db()
    assert (marta.organisation_name, Relationship.objects.count()) == ("", 0)


def test_changed_role_can_be_taken_back(actor: Actor) -> None:
    marta, firm = make_customer(), make_organisation()
    row_id = make_relation(marta, "works_at", firm, role="Lead")

    operation = relationships.update_relationship(
        actor=actor, customer_id=marta.pk, relationship_id=row_id, role="CFO", since=None, until=date(2026, 1, 1)
    )
    assert operation is not None
    undo(actor=actor, operation_id=operation.id)

    row = Relationship.objects.get()
    assert (row.role, row.until) == ("Lead", None)


@pytest.mark.parametrize("case", ["self", "type", "dates", "role", "nobody"])
def test_refused_relationship_changes_nothing(actor: Actor, case: str) -> None:
    marta, firm = make_customer(), make_organisation()
    values = {"from_id": marta.pk, "type_name": "works_at", "to_id": firm.pk}
    values |= {
        "self": {"to_id": marta.pk},
        "type": {"type_name": "owes"},
        "dates": {"since": date(2026, 2, 1), "until": date(2026, 1, 1)},
        "role": {"role": "x" * 121},
        "nobody": {"to_id": uuid4()},
    }[case]

    with pytest.raises((Invalid, NotFound)):
        relationships.add_relationship(actor=actor, **values)  # type: ignore[arg-type]  # some of them are wrong on purpose

    assert (Relationship.objects.count(), changes_of(marta, firm)) == (0, 0)


def test_merged_ends_are_resolved_and_told_once(actor: Actor) -> None:
    marta, twin, firm, same_firm = (
        make_customer(),
        make_customer("M. Oliveira"),
        make_organisation(),
        make_organisation("P&P"),
    )
    make_relation(marta, "works_at", firm)
    make_relation(twin, "works_at", same_firm)
    make_relation(marta, "knows", twin)

    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)
    merge_customers(actor=actor, surviving_id=firm.pk, absorbed_id=same_firm.pk)

    assert read(actor, marta, twin) == [("works at", "Pedal & Post")]
    assert read(actor, firm, same_firm) == [("employs", "Marta Oliveira")]


def test_people_of_an_organisation_bring_their_ids(actor: Actor) -> None:
    firm, marta, twin, rui = make_organisation(), make_customer(), make_customer("M. Oliveira"), make_customer("Rui")
    make_relation(marta, "works_at", firm)
    make_relation(rui, "knows", firm)
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    ids = ids_with_people(actor=actor, customer_id=firm.pk, kind="organisation")

    assert set(ids) == {firm.pk, marta.pk, twin.pk}
    assert ids_with_people(actor=actor, customer_id=rui.pk, kind="person") == [rui.pk]


def test_customer_whom_a_colleague_may_not_see_is_not_named(
    actor: Actor, ben: User, actor_for: Callable[[User], Actor]
) -> None:
    own = RolePolicy(
        "own", "Own", default=RecordRules({Action.READ: RowRule(Rows.OWN), Action.UPDATE: RowRule(Rows.OWN)})
    )
    colleague = replace(actor_for(ben), role=own)
    mine, theirs = make_customer("Mine", owner=str(colleague.member_id)), make_customer("Secret")
    row_id = make_relation(mine, "knows", theirs)

    assert read(colleague, mine) == []
    assert [line.action for line in history(actor=colleague, record_type="customer", ids=[mine.pk])] == ["created"]
    with pytest.raises(NotFound):
        relationships.add_relationship(actor=colleague, from_id=mine.pk, type_name="works_at", to_id=theirs.pk)
    with pytest.raises(NotFound):
        relationships.remove_relationship(actor=colleague, customer_id=theirs.pk, relationship_id=row_id)


def test_number_of_queries_does_not_grow(actor: Actor, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    firm = make_organisation()
    for number in range(8):
        make_relation(make_customer(f"Person {number}"), "works_at", firm)

    with django_assert_num_queries(1):
        assert len(related_to(actor=actor, ids=[firm.pk])) == 8


def test_workspace_adds_its_own_kinds(actor: Actor) -> None:
    kind = relationships.create_type(actor=actor, label="Godparent of", inverse_label="Godchild of")
    marta, rui = make_customer(), make_customer("Rui")
    make_relation(marta, kind.name, rui)

    assert read(actor, rui) == [("Godchild of", "Marta Oliveira")]
    relationships.update_type(actor=actor, name=kind.name, label="is godparent of", inverse_label="is godchild of")
    assert read(actor, rui) == [("is godchild of", "Marta Oliveira")]
    with pytest.raises(Invalid):
        relationships.remove_type(actor=actor, name=kind.name)
    with pytest.raises(Invalid):
        relationships.create_type(actor=actor, label="WORKS AT", inverse_label="employs")


def test_unused_kind_can_go(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    relationships.create_type(actor=actor, label="Neighbour of", is_symmetric=True)

    with pytest.raises(NotAllowed):
        relationships.remove_type(actor=actor_for(ben), name="neighbour_of")
    relationships.remove_type(actor=actor, name="neighbour_of")

    assert not RelationshipType.objects.filter(name="neighbour_of").exists()
