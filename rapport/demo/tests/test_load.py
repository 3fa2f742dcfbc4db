"""Loading the simulated firm into a workspace, and taking it out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django_tenants.utils import schema_context

from rapport.applications.sales.models import Deal, DealStage
from rapport.demo.load import load
from rapport.demo.queries import standing_demo
from rapport.demo.types import SOURCE, Firm
from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.records.models import CustomField, SavedView, ViewMark
from rapport.foundation.records.policies import visible
from rapport.foundation.records.queries.conditions import compile_rule
from rapport.foundation.records.services.records import create_record, update_record
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Conflict, NotAllowed
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Address, Customer, CustomerAlias, FollowUp, Identity, Relationship
from rapport.stores.customers.queries.customers import all_ids
from rapport.stores.ledger.models import Touchpoint, TouchpointContent, Words
from rapport.stores.ledger.queries.touchpoints import standing
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import new_touchpoint

COUNTED = (Customer, Identity, Address, Relationship, CustomerAlias, CustomField, SavedView, ViewMark, Member, Words)


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in COUNTED}


def by_name(name: str) -> Customer:
    return Customer.objects.get(name=name)


def test_everything_simulated_is_in_the_workspace(actor: Actor, firm: Firm) -> None:
    before = counts()

    operation = load(actor=actor, firm=firm)

    after = counts()
    assert operation.counts == {"created": 2_000, "touchpoints": 60_000}
    assert after["Customer"] - before["Customer"] == 2_000
    assert after["Address"] - before["Address"] == 2_000
    assert after["Relationship"] - before["Relationship"] == len(firm.links)
    assert after["CustomField"] - before["CustomField"] == len(firm.fields)
    assert after["SavedView"] - before["SavedView"] == len(firm.views)
    assert after["Member"] - before["Member"] == 4
    assert after["Identity"] - before["Identity"] == len(firm.visitors) + sum(
        len(customer.identities) for customer in firm.customers
    )
    assert Touchpoint.objects.filter(batch_id=operation.id).count() == 60_000
    assert set(Touchpoint.objects.values_list("source", flat=True).distinct()) == {SOURCE}
    assert set(Customer.objects.values_list("source", flat=True).distinct()) == {SOURCE}
    assert TouchpointContent.objects.count() == sum(1 for touch in firm.touches if touch.body)
    with clock.frozen(firm.until):
        for view in firm.views:
            condition = compile_rule(view.condition, "customer", actor=actor, now=clock.now())
            assert 0 < visible(actor, "customer").filter(condition).count() < 1_000, view.name


def test_what_is_stored_is_what_was_simulated(actor: Actor, small_firm: Firm) -> None:
    load(actor=actor, firm=small_firm)

    marta, simulated = by_name("Marta Oliveira"), next(c for c in small_firm.customers if c.name == "Marta Oliveira")
    told = [touch for touch in small_firm.touches if touch.party == simulated.key]
    stored = Touchpoint.objects.filter(customer_id=marta.pk).order_by("occurred_at", "id")
    assert [(t.occurred_at, t.kind, t.subject, t.amount, dict(t.properties)) for t in stored] == [
        (t.at, t.kind, t.subject, t.amount, dict(t.properties)) for t in told
    ]
    assert marta.owner is not None
    assert marta.owner.name == "Ines Duarte"
    assert marta.search.startswith("marta oliveira")
    assert by_name("Pedal & Post Couriers").custom["fleet_size"] == "46"
    orders = Touchpoint.objects.filter(kind="order_placed")
    assert sum(row.amount or 0 for row in orders) == sum(
        t.amount or 0 for t in small_firm.touches if t.kind == "order_placed"
    )


def test_anonymous_visits_joined_the_person(actor: Actor, small_firm: Firm) -> None:
    load(actor=actor, firm=small_firm)

    visitor = next(one for one in small_firm.visitors if one.customer)
    person = next(one for one in small_firm.customers if one.key == visitor.customer)
    customer = Identity.objects.get(kind="email", value=person.email).customer_id
    ids = all_ids(customer)
    told = [touch for touch in small_firm.touches if touch.party in (visitor.key, visitor.customer)]
    assert len(ids) == 2
    assert Touchpoint.objects.filter(customer_id__in=ids).count() == len(told)


def test_removing_leaves_the_workspace_as_it_was(actor: Actor, small_firm: Firm) -> None:
    create_record(actor=actor, record_type="customer", values={"name": "Real customer", "email": "real@example.org"})
    before = counts()
    operation = load(actor=actor, firm=small_firm)

    undone = undo(actor=actor, operation_id=operation.id)

    assert counts() == before
    assert (undone.removed, undone.kept) == (150, 0)
    assert standing_demo() is None
    assert [row.name for row in visible(actor, "customer")] == ["Real customer"]


def test_it_can_be_loaded_again_after_it_was_removed(actor: Actor, small_firm: Firm) -> None:
    first = load(actor=actor, firm=small_firm)
    undo(actor=actor, operation_id=first.id)

    second = load(actor=actor, firm=small_firm)

    assert Customer.objects.count() == 150
    assert Touchpoint.objects.filter(batch_id=second.id).count() == len(small_firm.touches)
    assert Words.objects.filter(source=SOURCE).exists()


def test_customers_somebody_worked_on_go_to_the_bin_instead(actor: Actor, small_firm: Firm) -> None:
    operation = load(actor=actor, firm=small_firm)
    marta = by_name("Marta Oliveira")
    update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"job_title": "Head of fleet"})

    undone = undo(actor=actor, operation_id=operation.id)

    assert undone.kept == 1
    assert [row.name for row in Customer.objects.all()] == ["Marta Oliveira"]
    assert not visible(actor, "customer").exists()
    left = Customer.objects.get()
    assert left.owner_id is None
    assert Member.objects.filter(user_id=None).count() == 0
    assert not CustomField.objects.exists()


def test_a_note_counts_as_work(actor: Actor, small_firm: Firm) -> None:
    operation = load(actor=actor, firm=small_firm)
    marta = by_name("Marta Oliveira")
    note = new_touchpoint(customer_id=marta.pk, channel="note", kind="note_added", content="Likes the new quote.")
    append(actor=actor, items=[note], source="rapport")

    undone = undo(actor=actor, operation_id=operation.id)

    assert undone.kept == 1
    assert [row.name for row in Customer.objects.all()] == ["Marta Oliveira"]
    assert TouchpointContent.objects.filter(body="Likes the new quote.").exists()


def test_what_others_use_of_the_demo_stays(actor: Actor, small_firm: Firm) -> None:
    operation = load(actor=actor, firm=small_firm)
    tomas = Member.objects.get(name="Tomas Lindqvist")
    values = {"name": "Real customer", "fleet_size": "12", "owner": str(tomas.pk)}
    real = create_record(actor=actor, record_type="customer", values=values)

    undo(actor=actor, operation_id=operation.id)

    real.refresh_from_db()
    assert real.owner_id is None
    assert real.custom == {"fleet_size": "12"}
    assert list(CustomField.objects.values_list("name", flat=True)) == ["fleet_size"]


def test_identities_that_are_somebody_elses_stay_theirs(actor: Actor, small_firm: Firm) -> None:
    marta = next(customer for customer in small_firm.customers if customer.name == "Marta Oliveira")
    real = create_record(actor=actor, record_type="customer", values={"name": "Real", "email": marta.email})

    load(actor=actor, firm=small_firm)

    assert Identity.objects.get(kind="email", value=marta.email).customer_id == real.pk


def test_it_is_loaded_once(actor: Actor, small_firm: Firm) -> None:
    load(actor=actor, firm=small_firm)

    with pytest.raises(Conflict):
        load(actor=actor, firm=small_firm)
    assert Customer.objects.count() == 150


def test_only_who_manages_the_workspace_may_load(
    ben: User, actor_for: Callable[[User], Actor], small_firm: Firm
) -> None:
    with pytest.raises(NotAllowed):
        load(actor=actor_for(ben), firm=small_firm)
    assert not Customer.objects.exists()


def test_another_workspace_sees_nothing_of_it(actor: Actor, small_firm: Firm, other_workspace: Workspace) -> None:
    load(actor=actor, firm=small_firm)

    with schema_context(other_workspace.schema_name):
        assert not Customer.objects.exists()
        assert not Touchpoint.objects.exists()


def test_whoever_bears_a_colleagues_name_takes_their_seat(actor: Actor, small_firm: Firm) -> None:
    before = Member.objects.count()

    operation = load(actor=replace(actor, name="Ines Duarte"), firm=small_firm)

    assert Member.objects.count() == before + 3
    assert Customer.objects.filter(owner_id=actor.member_id).count() > 5
    assert Touchpoint.objects.filter(member_id=actor.member_id, kind="call_made").exists()
    undo(actor=actor, operation_id=operation.id)
    assert Member.objects.count() == before


def test_queries_do_not_grow_with_the_customers(
    actor: Actor, small_firm: Firm, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(290):
        load(actor=actor, firm=small_firm)


def test_kinds_are_noted(actor: Actor, small_firm: Firm) -> None:
    load(actor=actor, firm=small_firm)

    told = Counter(touch.kind for touch in small_firm.touches)
    assert set(Words.objects.filter(source=SOURCE).values_list("kind", flat=True)) == set(told)
    assert connection.schema_name == "w_00000001"


def test_deals_come_with_their_pasts_and_go_again(actor: Actor, small_firm: Firm) -> None:
    operation = load(actor=actor, firm=small_firm)

    deals = Deal.objects.count()
    told = standing(Touchpoint.objects.filter(channel="sales")).count()
    steps = FollowUp.objects.filter(about_type="deal").count()
    undo(actor=actor, operation_id=operation.id)

    assert deals == len(small_firm.deals) > 5
    assert told == sum(touch.channel == "sales" for touch in small_firm.touches)
    assert steps == sum(deal.next_step is not None for deal in small_firm.deals)
    assert not Deal.objects.exists()
    assert not DealStage.objects.exists()
    assert not FollowUp.objects.filter(about_type="deal").exists()
    assert not standing(Touchpoint.objects.filter(channel="sales")).exists()
