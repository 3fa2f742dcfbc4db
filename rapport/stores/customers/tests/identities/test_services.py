from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection, transaction

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import ids
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import NotAllowed, NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer, CustomerAlias, DuplicateProposal, Identity
from rapport.stores.customers.queries.customers import all_ids, surviving_id
from rapport.stores.customers.queries.identities import anonymous_ids, open_proposals
from rapport.stores.customers.services.identities import dismiss_proposal, resolve_identities
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers
from rapport.stores.customers.types import IdentityKey, IdentitySet
from rapport.waiting import eventually

EMAIL = IdentityKey("marta@pedal.example", "email")
OTHER = IdentityKey("rui@pedal.example", "email")
PHONE = IdentityKey("+31105550142", "phone")
SHOP = IdentityKey("1181", "external", "shopify")
COOKIE = IdentityKey("cookie-of-marta", "cookie")


def resolve(*keys: IdentityKey, actor: Actor = SYSTEM, fields: dict[str, str] | None = None, **options: bool) -> UUID:
    with transaction.atomic():
        (answer,) = resolve_identities([IdentitySet(keys, None, fields or {})], actor=actor, source="shop", **options)
    assert answer.customer_id is not None, answer.problem
    return answer.customer_id


def test_a_new_address_begins_a_customer_in_an_operation_that_can_be_undone(actor: Actor) -> None:
    person = resolve(EMAIL, PHONE, actor=actor, fields={"given_name": "Marta", "family_name": "Oliveira"})

    customer = Customer.objects.get(pk=person)
    assert (customer.name, customer.email, customer.phone, customer.source) == (
        "Marta Oliveira",
        EMAIL.value,
        PHONE.value,
        "shop",
    )
    assert "marta oliveira" in customer.search
    assert set(Identity.objects.filter(customer_id=person).values_list("value", "is_primary")) == {
        (EMAIL.value, True),
        (PHONE.value, True),
    }
    operation = Operation.objects.get(id=customer.operation_id)
    assert (operation.kind, operation.actor_name, operation.counts) == ("create", "Ada", {"created": 1})

    undo(actor=actor, operation_id=operation.id)
    assert not Customer.objects.filter(pk=person).exists()
    assert not Identity.objects.filter(customer_id=person).exists()


def test_someone_known_only_by_a_foreign_id_is_named_after_it(workspace: Workspace) -> None:
    assert Customer.objects.get(pk=resolve(SHOP)).name == "1181"


def test_visits_join_and_the_first_name_told_replaces_the_address_shown_instead_of_one(actor: Actor) -> None:
    visitor = resolve(COOKIE, actor=actor)
    assert anonymous_ids([visitor]) == {visitor}

    person = resolve(COOKIE, EMAIL, actor=actor)
    assert all_ids(person) == [person, visitor]
    assert Customer.objects.get(pk=person).name == EMAIL.value

    resolve(EMAIL, actor=actor, fields={"given_name": "Marta", "city": "Rotterdam"})
    resolve(EMAIL, actor=actor, fields={"given_name": "Mallory", "name": "Mallory", "city": "Berlin"}, trusted=False)
    customer = Customer.objects.get(pk=person)
    assert (customer.name, customer.given_name, customer.city) == ("Marta", "Marta", "Rotterdam")
    change = Change.objects.get(record_id=person)
    assert change.after == {"name": "Marta", "given_name": "Marta", "city": "Rotterdam"}


def test_a_phone_number_told_with_a_known_address_becomes_the_customers(actor: Actor) -> None:
    person = resolve(EMAIL, actor=actor)

    resolve(EMAIL, PHONE, actor=actor)

    assert Customer.objects.get(pk=person).phone == PHONE.value
    assert Identity.objects.get(value=PHONE.value).is_primary


def test_a_browser_cannot_give_a_customer_another_address(actor: Actor) -> None:
    person = resolve(SHOP, actor=actor)

    resolve(SHOP, EMAIL, COOKIE, actor=actor, trusted=False)

    assert Customer.objects.get(pk=person).email == ""
    assert not Identity.objects.filter(value=EMAIL.value).exists()
    assert surviving_id(Identity.objects.get(value=COOKIE.value).customer_id) == person


def test_two_known_people_are_proposed_once_and_a_person_decides(
    actor: Actor, ben: User, actor_for: Callable, set_role: Callable
) -> None:
    marta, rui = resolve(EMAIL, actor=actor), resolve(OTHER, actor=actor)

    resolve(EMAIL, OTHER, actor=actor)
    resolve(OTHER, EMAIL, actor=actor)

    (proposal,) = open_proposals(actor=actor)
    assert {proposal.first_id, proposal.second_id} == {marta, rui}
    assert {each["value"] for each in proposal.evidence} == {EMAIL.value, OTHER.value}
    set_role(ben, "read_only")
    with pytest.raises(NotAllowed):
        dismiss_proposal(actor=actor_for(ben), proposal_id=proposal.id)
    dismiss_proposal(actor=actor, proposal_id=proposal.id)
    resolve(EMAIL, OTHER, actor=actor)
    assert open_proposals(actor=actor) == []
    with pytest.raises(NotFound):
        dismiss_proposal(actor=actor, proposal_id=proposal.id)


def test_a_proposal_is_gone_once_the_two_were_merged(actor: Actor) -> None:
    marta, rui = resolve(EMAIL, actor=actor), resolve(OTHER, actor=actor)
    resolve(EMAIL, OTHER, actor=actor)

    merge_customers(actor=actor, surviving_id=marta, absorbed_id=rui)

    assert open_proposals(actor=actor) == []


def test_what_was_recognised_after_a_merge_goes_back_with_whom_it_named(actor: Actor) -> None:
    marta, rui = resolve(EMAIL, actor=actor), resolve(OTHER, actor=actor)
    merge = merge_customers(actor=actor, surviving_id=marta, absorbed_id=rui)

    visitor = resolve(COOKIE, actor=actor)
    assert resolve(COOKIE, OTHER, actor=actor) == rui
    assert set(all_ids(marta)) == {marta, rui, visitor}

    unmerge_customers(actor=actor, merge_id=merge.id)
    assert set(all_ids(rui)) == {rui, visitor}
    assert all_ids(marta) == [marta]


def test_a_batch_of_known_people_costs_one_statement(workspace: Workspace, django_assert_num_queries: Callable) -> None:
    keys = [IdentityKey(f"p{n}@example.org", "email") for n in range(200)]
    sets = [IdentitySet((key,)) for key in keys]
    with transaction.atomic():
        first = resolve_identities(sets, actor=SYSTEM, source="shop")

        with django_assert_num_queries(1):
            again = resolve_identities(sets, actor=SYSTEM, source="shop")

    assert again == first


def test_a_batch_of_new_people_costs_no_more_statements_than_one(
    workspace: Workspace, django_assert_max_num_queries: Callable
) -> None:
    sets = [IdentitySet((IdentityKey(f"p{n}@example.org", "email"),)) for n in range(500)]

    with transaction.atomic(), django_assert_max_num_queries(8):
        resolve_identities(sets, actor=SYSTEM, source="shop")


@pytest.mark.django_db(transaction=True)
def test_requests_racing_for_the_same_new_people_agree_on_them(workspace: Workspace) -> None:
    sets = [
        IdentitySet((IdentityKey(f"p{n}@example.org", "email"), IdentityKey(f"browser-{n:04}", "cookie")))
        for n in range(40)
    ]
    answers: list[list[UUID | None]] = []
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def send(order: int) -> None:
        try:
            connection.set_tenant(workspace)
            mine = sets if order % 2 else sets[::-1]
            start.wait()
            with transaction.atomic():
                got = resolve_identities(mine, actor=SYSTEM, source="shop")
            answers.append([one.customer_id for one in (got if order % 2 else got[::-1])])
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len({tuple(one) for one in answers}) == 1
    assert Customer.objects.count() == 40
    assert CustomerAlias.objects.count() == 40
    assert DuplicateProposal.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_merge_that_happens_meanwhile_is_seen(workspace: Workspace, actor: Actor) -> None:
    """The visitor is joined to whoever the person is at the moment of writing, never to a record that was just absorbed."""
    marta, rui = resolve(EMAIL, actor=actor), resolve(OTHER, actor=actor)
    visitor = resolve(COOKIE, actor=actor)
    merged, recognised = threading.Event(), threading.Event()

    def recognise() -> None:
        try:
            connection.set_tenant(workspace)
            merged.wait()
            with transaction.atomic():
                resolve_identities([IdentitySet((COOKIE, OTHER))], actor=SYSTEM, source="shop")  # waits for the merge
            recognised.set()
        finally:
            connection.close()

    def is_waited_for() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "select exists(select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
            )
            return bool(cursor.fetchone()[0])

    thread = threading.Thread(target=recognise)
    thread.start()
    with transaction.atomic():
        merge_customers(actor=actor, surviving_id=marta, absorbed_id=rui)
        merged.set()
        eventually(is_waited_for, for_what="the other to wait for the merge")
        assert not recognised.is_set()
    thread.join()

    alias = CustomerAlias.objects.get(absorbed_id=visitor)
    assert (alias.surviving_id, alias.direct_id) == (marta, rui)


def test_ids_of_strangers_are_refused(workspace: Workspace) -> None:
    with transaction.atomic():
        (answer,) = resolve_identities([IdentitySet((), ids.new_id())], actor=SYSTEM, source="shop")

    assert answer.customer_id is None
