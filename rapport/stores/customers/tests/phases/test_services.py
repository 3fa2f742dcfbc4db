"""The life cycle from the ledger to the customer's row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers import tasks
from rapport.stores.customers.models import Customer, CustomerPhase, Lifecycle, PhaseDue, PhaseSettings
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.rules.phases import PhaseRules
from rapport.stores.customers.services import phases
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.phases.factories import NOW, ago, buy, phase_of, phases_of
from rapport.stores.ledger.services.corrections import restore_touchpoint, retract_batch, retract_touchpoint
from rapport.stores.ledger.tests.factories import touch

Capture = Callable[..., Any]


@pytest.fixture(autouse=True)
def today(workspace: Workspace) -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def someone(name: str = "Marta Oliveira", known_days: float = 900) -> Customer:
    customer = make_customer(name)
    Customer.objects.filter(pk=customer.pk).update(created_at=ago(known_days))
    return customer


def marked() -> set[Any]:
    return set(PhaseDue.objects.values_list("customer_id", flat=True))


def test_purchase_marks_its_customer_and_nothing_else_does(django_capture_on_commit_callbacks: Capture) -> None:
    buyer, reader = someone(), someone("Koen Maas")

    with django_capture_on_commit_callbacks(execute=True):
        buy(buyer.pk, 10)
        touch(reader.pk, kind="page_viewed", occurred_at=ago(10))

    assert marked() == {buyer.pk}


def test_marks_become_phases_with_their_history() -> None:
    customer = someone()
    buy(customer.pk, 800, "Bikes", properties={"campaign": "spring"})
    buy(customer.pk, 700, "Bikes", "Locks")
    phases.mark_due([customer.pk])

    told = phases.tell_due()

    assert (told.looked_at, told.changed, marked()) == (1, 1, set())
    assert phases_of(customer.pk) == ["prospect", "onboarding", "growing", "at_risk", "lapsed"]
    row = Customer.objects.get(pk=customer.pk)
    assert (row.phase, row.phase_since, row.recruited_on) == ("lapsed", ago(160).date(), ago(800).date())
    life = Lifecycle.objects.get(pk=customer.pk)
    assert (life.recruited_through, life.recruited_campaign) == ("shop", "spring")
    assert [one["product"] for one in life.extensions] == ["Locks"]


def test_telling_twice_writes_nothing(django_assert_num_queries: Callable[..., Any]) -> None:
    customer = someone()
    buy(customer.pk, 30)
    phases.tell([customer.pk])
    before = Lifecycle.objects.values().get(pk=customer.pk)

    told = phases.tell([customer.pk])

    assert told.changed == 0
    assert Lifecycle.objects.values().get(pk=customer.pk) == before


def test_batch_costs_the_same_for_one_and_for_fifty(django_assert_max_num_queries: Callable[..., Any]) -> None:
    crowd = [someone(f"Customer {n}") for n in range(50)]
    for customer in crowd:
        buy(customer.pk, 30)

    with django_assert_max_num_queries(18):
        phases.tell([crowd[0].pk])
    with django_assert_max_num_queries(18):
        phases.tell([customer.pk for customer in crowd])


def test_killed_job_leaves_its_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = someone()
    buy(customer.pk, 30)
    phases.mark_due([customer.pk])
    monkeypatch.setattr(phases, "_write_columns", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        phases.tell_due()

    assert marked() == {customer.pk}
    assert not Lifecycle.objects.exists()


def test_silence_moves_customers_on_at_night() -> None:
    customer = someone()
    buy(customer.pk, 30)
    phases.tell([customer.pk])
    assert phase_of(customer.pk) == "onboarding"

    with clock.frozen(ago(-300)):
        phases.tell_all_due()

    assert phase_of(customer.pk) == "at_risk"
    assert Customer.objects.get(pk=customer.pk).phase_since == ago(30 - 270).date()


def test_sweep_finds_what_nobody_marked() -> None:
    customer = someone()
    phases.tell_all_due()
    with clock.frozen(ago(-1)):
        buy(customer.pk, 0)

        phases.tell_all_due()

    assert phase_of(customer.pk) == "onboarding"


def test_retracted_purchase_is_no_evidence(actor: Actor) -> None:
    customer = someone()
    outcome = buy(customer.pk, 30)
    assert outcome.id
    phases.tell([customer.pk])

    retract_touchpoint(actor=SYSTEM, customer_id=customer.pk, touchpoint_id=outcome.id)
    assert marked() == {customer.pk}
    phases.tell_due()
    assert phase_of(customer.pk) == "prospect"
    restore_touchpoint(actor=SYSTEM, customer_id=customer.pk, touchpoint_id=outcome.id)
    phases.tell_due()

    assert phase_of(customer.pk) == "onboarding"


def test_retracted_batch_marks_whom_it_told_of() -> None:
    customer, batch = someone(), uuid4()
    buy(customer.pk, 30, batch_id=batch)
    phases.tell([customer.pk])

    retract_batch(actor=SYSTEM, batch_id=batch)
    phases.tell_due()

    assert phases_of(customer.pk) == ["prospect"]


def test_import_of_old_orders_tells_the_same_history_as_if_they_had_been_there() -> None:
    early, late = someone("Early"), someone("Late")
    for days in (700, 400, 100):
        buy(early.pk, days)
    phases.tell([early.pk])
    buy(late.pk, 100)
    phases.tell([late.pk])
    for days in (400, 700):
        buy(late.pk, days)
        phases.tell([late.pk])

    first, second = (
        list(
            CustomerPhase.objects.filter(customer_id=one.pk).order_by("position").values_list("phase", "since", "until")
        )
        for one in (early, late)
    )

    assert first == second


def test_merge_joins_the_evidence_and_unmerge_parts_it_again(actor: Actor) -> None:
    one, other = someone("Marta Oliveira"), someone("M. Oliveira")
    buy(one.pk, 200)
    buy(other.pk, 20)
    phases.tell([one.pk, other.pk])

    merge = merge_customers(actor=actor, surviving_id=one.pk, absorbed_id=other.pk)
    phases.tell_due()

    assert phases_of(one.pk) == ["prospect", "onboarding", "loyal"]
    assert not Lifecycle.objects.filter(pk=other.pk).exists()
    assert phases_of(other.pk) == []

    unmerge_customers(actor=actor, merge_id=merge.id)
    phases.tell_due()

    assert (phase_of(one.pk), phase_of(other.pk)) == ("onboarding", "onboarding")


def test_ids_that_are_nobody_are_left_alone() -> None:
    phases.mark_due([uuid4()])

    assert phases.tell_due().changed == 0
    assert marked() == set()


# By hand


def test_phase_set_by_hand_shows_and_is_in_the_history(actor: Actor) -> None:
    customer = someone()
    buy(customer.pk, 30)
    phases.tell([customer.pk])

    _row, operation = phases.set_phase(actor=actor, customer_id=customer.pk, phase="ended", reason="Moved to Peru")

    assert phase_of(customer.pk) == "ended"
    last = CustomerPhase.objects.filter(customer_id=customer.pk).latest("position")
    assert (last.cause, last.by, last.reason) == ("by_hand", "Ada", "Moved to Peru")
    (line,) = [
        each for each in history(actor=actor, record_type="customer", ids=[customer.pk]) if each.kind == operation.kind
    ]
    part = line.fields[0].part
    assert part
    assert part.describe(line.fields[0].after) == f"Ended, {NOW.date()}: Moved to Peru"


def test_undo_lets_the_evidence_speak_again(actor: Actor) -> None:
    customer = someone()
    buy(customer.pk, 30)
    _row, operation = phases.set_phase(actor=actor, customer_id=customer.pk, phase="ended", reason="Moved")

    undo(actor=actor, operation_id=operation.id)

    assert phase_of(customer.pk) == "onboarding"
    assert Operation.objects.get(pk=operation.id).undone_at


def test_import_of_older_evidence_leaves_what_was_set(actor: Actor) -> None:
    customer = someone()
    phases.set_phase(actor=actor, customer_id=customer.pk, phase="loyal", reason="Customer of the old shop")
    buy(customer.pk, 5)
    phases.tell([customer.pk])
    assert phase_of(customer.pk) == "loyal"

    with clock.frozen(ago(-2)):
        buy(customer.pk, -1)
        phases.tell([customer.pk])

    assert phase_of(customer.pk) == "loyal"
    assert CustomerPhase.objects.filter(customer_id=customer.pk).latest("position").cause == "purchase"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phase": "champion", "reason": "x"}, "phase"),
        ({"phase": "lapsed", "reason": "  "}, "reason"),
        ({"phase": "lapsed", "reason": "a\x00b"}, "reason"),
        ({"phase": "lapsed", "reason": "x", "since": ago(-1)}, "since"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(actor: Actor, values: dict[str, Any], field: str) -> None:
    customer = someone()

    with pytest.raises(Invalid) as refused:
        phases.set_phase(actor=actor, customer_id=customer.pk, **values)

    assert set(refused.value.problems) == {field}
    assert phase_of(customer.pk) == "prospect"


def test_who_may_only_read_sets_nothing(
    ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    customer = someone()
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        phases.set_phase(actor=actor_for(ben), customer_id=customer.pk, phase="ended", reason="x")


# Rules and costs


def test_new_rules_tell_everyone_anew(actor: Actor) -> None:
    customer = someone()
    buy(customer.pk, 60)
    phases.tell_all_due()
    assert phase_of(customer.pk) == "onboarding"

    phases.save_settings(actor=actor, rules=PhaseRules(risk_days=10, lapse_days=20), source_field="source")
    phases.tell_all_due()

    assert phase_of(customer.pk) == "lapsed"
    assert PhaseSettings.objects.get().version == 2
    assert queries.settings().rules.lapse_days == 20


def test_own_kinds_count_as_purchases_and_endings(actor: Actor) -> None:
    customer = someone()
    buy(customer.pk, 60, kind="donation_given")
    buy(customer.pk, 30, kind="membership_left")

    rules = PhaseRules(purchase_kinds=("donation_given",), ended_kinds=("membership_left",))
    phases.save_settings(actor=actor, rules=rules, source_field="source")
    phases.tell_all_due()

    assert phases_of(customer.pk) == ["prospect", "onboarding", "ended"]


def test_cost_in_total_is_shared_by_those_recruited_in_its_time(actor: Actor) -> None:
    crowd = [make_customer(f"Customer {n}", source="Trade fair") for n in range(4)]
    for customer in crowd:
        buy(customer.pk, 30)
    phases.tell([customer.pk for customer in crowd])
    span = {"since": ago(60).date(), "until": NOW.date()}
    phases.add_source_cost(actor=actor, source="Trade fair", basis="total", amount=Decimal(100), **span)
    phases.add_source_cost(actor=actor, source="Trade fair", basis="each", amount=Decimal(5), since=date(2020, 1, 1))

    page = queries.sources_page(actor=actor)
    life = queries.life_by_id(actor=actor, customer_id=crowd[0].pk)

    assert life.recruited
    assert life.recruited.cost == Decimal(30)
    (line,) = page.lines
    assert (line.source, line.recruited, line.spent) == ("Trade fair", 4, Decimal(120))
    assert [cost.each for cost in page.costs] == [Decimal(25), Decimal(5)]


def test_total_without_an_end_is_refused(actor: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        phases.add_source_cost(
            actor=actor, source="Fair", basis="total", amount=Decimal(1), since=NOW.date(), until=None
        )

    assert set(refused.value.problems) == {"until"}


# The job


@pytest.mark.parametrize("everyone", [False, True])
def test_job_run_twice_does_the_same_as_once(workspace: Workspace, everyone: bool) -> None:
    customer = someone()
    buy(customer.pk, 30)
    phases.mark_due([customer.pk])

    for _ in range(2):
        tasks.tell_phases(schema=workspace.schema_name, everyone=everyone)

    assert phases_of(customer.pk) == ["prospect", "onboarding"]


def test_job_of_a_workspace_that_is_gone_does_nothing() -> None:
    tasks.tell_phases(schema="w_deadbeef")
