from collections.abc import Callable

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, DuplicateProposal
from rapport.stores.customers.queries.identities import open_proposals
from rapport.stores.customers.services.duplicates import find_exact_duplicates
from rapport.stores.customers.services.identities import dismiss_proposal
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation


def pairs(actor: Actor) -> set[frozenset[str]]:
    return {frozenset((each.first_name, each.second_name)) for each in open_proposals(actor=actor)}


def test_same_address_number_or_name_and_place_are_proposed(actor: Actor) -> None:
    make_customer("Marta", email="m@pedal.example")
    make_customer("M. Oliveira", email="m@pedal.example")
    make_customer("Rui Costa", city="Porto")
    make_customer("rui costa", city="porto")
    make_customer("Rui Costa", city="Lisbon")
    make_customer("Joost", phone="+31205550100")
    make_customer("Joost Prins", phone="+31205550100")
    make_organisation("Rui Costa", city="Porto")
    make_customer("Nobody")
    make_customer("Nobody")

    found = find_exact_duplicates(actor=actor)

    assert found == 3
    assert pairs(actor) == {
        frozenset({"Marta", "M. Oliveira"}),
        frozenset({"Rui Costa", "rui costa"}),
        frozenset({"Joost", "Joost Prins"}),
    }
    evidence = DuplicateProposal.objects.get(evidence__0__kind="email").evidence
    assert [(each["kind"], each["value"]) for each in evidence] == [("email", "m@pedal.example")]


def test_looking_again_finds_nothing_new_and_leaves_decisions(actor: Actor) -> None:
    make_customer("Marta", email="m@pedal.example")
    make_customer("M. Oliveira", email="m@pedal.example")
    find_exact_duplicates(actor=actor)
    dismiss_proposal(actor=actor, proposal_id=DuplicateProposal.objects.get().id)

    assert find_exact_duplicates(actor=actor) == 0
    assert open_proposals(actor=actor) == []


def test_group_that_shares_a_switchboard_says_nothing(actor: Actor) -> None:
    Customer.objects.bulk_create([Customer(name=f"Person {number}", phone="+31205550100") for number in range(51)])

    assert find_exact_duplicates(actor=actor) == 0


def test_larger_group_is_paired_with_its_oldest(actor: Actor) -> None:
    names = ["First", "Second", "Third", "Fourth"]
    for name in names:
        make_customer(name, email="same@pedal.example")

    find_exact_duplicates(actor=actor)

    assert pairs(actor) == {frozenset({"First", other}) for other in names[1:]}


def test_merging_decides_and_unmerging_asks_again(actor: Actor) -> None:
    one, other = make_customer("Marta", email="m@pedal.example"), make_customer("M. Oliveira", email="m@pedal.example")
    find_exact_duplicates(actor=actor)

    merge = merge_customers(actor=actor, surviving_id=one.pk, absorbed_id=other.pk)
    decided = DuplicateProposal.objects.get()
    assert (decided.decision, decided.decided_by_name, open_proposals(actor=actor)) == ("merged", "Ada", [])

    unmerge_customers(actor=actor, merge_id=merge.id)

    assert pairs(actor) == {frozenset({"Marta", "M. Oliveira"})}


def test_who_may_not_merge_may_not_look(
    actor_for: Callable[[User], Actor], ben: User, set_role: Callable[[User, str], None]
) -> None:
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        find_exact_duplicates(actor=actor_for(ben))
