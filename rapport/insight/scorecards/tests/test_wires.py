"""Trip-wires: one follow-up for one trip, and a new one only after recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import Actor
from rapport.insight.scorecards.models import Trip
from rapport.insight.scorecards.queries import wires as queries
from rapport.insight.scorecards.rules.wires import DEFAULTS, Wire, WireRule, is_tripped, problems
from rapport.insight.scorecards.services import wires
from rapport.stores.customers.models import Customer, FollowUp, Score, ScoreSnapshot
from rapport.stores.customers.services import phases
from rapport.stores.customers.services.followups import close_follow_up
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.phases.factories import buy
from rapport.stores.ledger.tests.factories import touch

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today(workspace: Workspace) -> Iterator[None]:
    from rapport.stores.customers.tests.phases import factories

    with clock.frozen(NOW):
        before, factories.NOW = factories.NOW, NOW
        yield
        factories.NOW = before


def regular(name: str = "Marta", *, every: float = 30, last: float = 40, times: int = 6, **columns: Any) -> Customer:
    """Somebody who bought every so many days until `last` days ago."""
    customer = make_customer(name)
    for n in range(times):
        buy(customer.pk, last + every * n)
    phases.tell([customer.pk])
    Customer.objects.filter(pk=customer.pk).update(**columns)
    return Customer.objects.get(pk=customer.pk)


def score(customer_id: UUID, **values: Any) -> Score:
    given = {
        "lifetime_value": 100,
        "p_alive": Decimal("0.9"),
        "tier": "gold",
        "last_order_on": NOW.date(),
        "latency_days": 30,
    }
    return Score.objects.create(customer_id=customer_id, run_id=uuid4(), at=NOW, currency="EUR", **{**given, **values})


def snapshot(customer_id: UUID, **values: Any) -> None:
    given = {"lifetime_value": 100, "p_alive": Decimal("0.9"), "tier": "gold", "period": date(2026, 5, 1)}
    ScoreSnapshot.objects.create(customer_id=customer_id, **{**given, **values})


def over(wire: Wire) -> set[UUID]:
    return set(Trip.objects.filter(wire=wire, recovered_at=None).values_list("customer_id", flat=True))


def test_gap_far_beyond_the_usual_trips() -> None:
    quiet, usual = regular("Quiet", last=50), regular("Usual", last=20)

    wires.watch(currency="EUR")

    assert over(Wire.GAP) == {quiet.pk}
    (row,) = FollowUp.objects.filter(rule="gap")
    assert (row.customer_id, row.opened_by, row.due_on) == (quiet.pk, "Scorecard", NOW.date() + timedelta(days=3))
    assert row.why == "50 days since the last purchase; usually it is 30."
    assert usual.pk not in over(Wire.GAP)


def test_lapsed_and_ended_customers_trip_nothing() -> None:
    regular(last=1500)

    wires.watch()

    assert not Trip.objects.exists()


def test_chance_that_fell_trips() -> None:
    fell, stayed = regular("Fell", last=10), regular("Stayed", last=10)
    for customer, now in ((fell, "0.61"), (stayed, "0.80")):
        score(customer.pk, p_alive=Decimal(now))
        snapshot(customer.pk)

    wires.watch()

    assert over(Wire.ALIVE_DROP) == {fell.pk}
    assert FollowUp.objects.get(rule="alive_drop").why == "The chance that they still buy fell from 90% to 61%."


def test_value_that_fell_trips_against_the_last_closed_month() -> None:
    customer = regular(last=10)
    score(customer.pk, lifetime_value=60)
    snapshot(customer.pk, period=date(2026, 4, 1), lifetime_value=50)
    snapshot(customer.pk, lifetime_value=100)

    wires.watch(currency="EUR")

    assert over(Wire.VALUE_FALLS) == {customer.pk}
    assert FollowUp.objects.get(rule="value_falls").why == "Lifetime value fell from €100 to €60."


def test_silence_counts_their_words_and_not_ours() -> None:
    silent, spoken, cheap = (regular(name, last=95, every=100) for name in ("Silent", "Spoken", "Cheap"))
    for customer, tier in ((silent, "platinum"), (spoken, "gold"), (cheap, "bronze")):
        score(customer.pk, tier=tier)
    touch(silent.pk, kind="email_sent", channel="email", direction="out", occurred_at=NOW - timedelta(days=2))
    touch(spoken.pk, kind="email_received", channel="email", direction="in", occurred_at=NOW - timedelta(days=2))
    Customer.objects.filter(pk__in=[silent.pk, cheap.pk]).update(created_at=NOW - timedelta(days=400))

    wires.watch()

    assert over(Wire.SILENCE) == {silent.pk}


def test_watching_twice_opens_nothing_twice() -> None:
    regular(last=50)

    first, second = wires.watch(), wires.watch()

    assert (first[Wire.GAP], second[Wire.GAP]) == (1, 0)
    assert FollowUp.objects.count() == Trip.objects.count() == 1


def test_closed_follow_up_is_not_opened_again_until_they_recovered(actor: Actor) -> None:
    customer = regular(last=50)
    wires.watch()
    close_follow_up(actor=actor, follow_up_id=FollowUp.objects.get().pk, outcome="no_answer")
    wires.watch()
    assert FollowUp.objects.count() == 1

    buy(customer.pk, 0)
    phases.tell([customer.pk])
    wires.watch()
    assert over(Wire.GAP) == set()
    with clock.frozen(NOW + timedelta(days=70)):
        phases.tell([customer.pk])
        wires.watch()

    assert over(Wire.GAP) == {customer.pk}
    assert FollowUp.objects.filter(rule="gap").count() == 2


def test_most_valuable_come_first_and_the_others_wait_for_the_next_day(actor: Actor) -> None:
    crowd = [regular(f"Customer {n}", last=50) for n in range(3)]
    for worth, customer in enumerate(crowd):
        score(customer.pk, lifetime_value=100 * worth)
    wires.save_rule(actor=actor, rule=WireRule(wire=Wire.GAP, threshold=Decimal("1.5"), most_a_day=2))

    wires.watch()
    assert set(FollowUp.objects.filter(rule="gap").values_list("customer_id", flat=True)) == {crowd[1].pk, crowd[2].pk}
    wires.watch()
    assert FollowUp.objects.filter(rule="gap").count() == 2
    assert queries.counts()["gap"].waiting == 1
    with clock.frozen(NOW + timedelta(days=1)):
        wires.watch()

    assert FollowUp.objects.filter(rule="gap").count() == 3


def test_every_follow_up_has_one_owner(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    bens = actor_for(ben).member_id
    owned, alone = regular("Owned", last=50, owner_id=bens), regular("Alone", last=50)

    wires.watch()

    owners = dict(FollowUp.objects.values_list("customer_id", "owner_id"))
    assert owners == {owned.pk: bens, alone.pk: actor.member_id}


def test_wire_that_is_off_recovers_everybody(actor: Actor) -> None:
    regular(last=50)
    wires.watch()

    wires.save_rule(actor=actor, rule=WireRule(wire=Wire.GAP, threshold=Decimal("1.5"), is_on=False))
    wires.watch()

    assert over(Wire.GAP) == set()


def test_rule_without_sense_is_refused(actor: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        wires.save_rule(actor=actor, rule=WireRule(wire=Wire.ALIVE_DROP, threshold=Decimal(7), owner_id=uuid4()))

    assert set(refused.value.problems) == {"threshold", "owner_id"}


def test_who_may_not_manage_sets_no_wire(ben: User, actor_for: Callable[[User], Actor]) -> None:
    with pytest.raises(NotAllowed):
        wires.save_rule(actor=actor_for(ben), rule=DEFAULTS[Wire.GAP])


def test_defaults_make_sense() -> None:
    assert {wire: problems(rule) for wire, rule in DEFAULTS.items()} == {wire: {} for wire in Wire}


@pytest.mark.parametrize("last", [20, 30.5, 31.5, 45, 60])
def test_statement_agrees_with_the_rule_in_the_database(last: float) -> None:
    customer = regular(every=30, last=last)
    rule = DEFAULTS[Wire.GAP]
    facts = {"days": last, "median": 30.0, "spread": 0.0}

    found = {one.customer_id for one in queries.tripping(rule, NOW)}

    assert (customer.pk in found) == is_tripped(rule, facts)
