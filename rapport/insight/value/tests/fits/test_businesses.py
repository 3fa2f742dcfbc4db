"""Businesses of contracts and of occasions: from what happened, through the nightly job, to a value on the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django_tenants.utils import schema_context
from procrastinate.contrib.django.models import ProcrastinateJob

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.insight.value import tasks
from rapport.insight.value.models import FitState, ModelFit
from rapport.insight.value.queries.settings import margin_rate
from rapport.insight.value.services import reading
from rapport.insight.value.services.settings import change_settings
from rapport.stores.commerce.models import Subscription
from rapport.stores.commerce.services import renewals, subscriptions, taking_up
from rapport.stores.customers.models import Customer, Score
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import CustomerRef, NewTouchpoint, new_touchpoint
from rapport.stores.warehouse.queries.engine import open_engine
from rapport.stores.warehouse.queries.marts import purchases
from rapport.stores.warehouse.services.writing import write

pytestmark = pytest.mark.django_db
CUSTOMERS = 320
PRICE = Decimal(120)
YEAR = 365


@pytest.fixture(autouse=True)
def lake_folder(settings: Any, tmp_path: Path) -> Path:
    settings.WAREHOUSE_PATH = tmp_path / "warehouse"
    return settings.WAREHOUSE_PATH


def nightly(workspace: Any) -> ModelFit:
    """What happens at night: one job for each workspace, worked on by the worker."""
    before = connection.tenant
    tasks.refresh_all(timestamp=0)
    (job,) = ProcrastinateJob.objects.filter(task_name="value.refresh", args={"schema": workspace.schema_name})
    tasks.refresh(**job.args)
    connection.set_tenant(before)
    row = ModelFit.objects.latest("started_at")
    assert row.state == FitState.DONE, row.problem
    return row


def tell(items: Iterator[NewTouchpoint]) -> None:
    everything = list(items)
    for begin in range(0, len(everything), 500):
        append(actor=SYSTEM, items=everything[begin : begin + 500], source="shop", batch_id=None)


def told(customer_id: UUID, kind: str, day: date, number: str = "", amount: Decimal | None = None) -> NewTouchpoint:
    said = {"subscription": number, "sku": "PLANP", "name": "Service plan", "interval": "year", "quantity": 1}
    return new_touchpoint(
        customer=CustomerRef(id=customer_id),
        channel="shop",
        kind=kind,
        occurred_at=datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=10),
        amount=amount,
        currency="EUR" if amount else "",
        properties=said if number else {},
    )


def plan(customer_id: UUID, number: str, begun: date, stays: int, *, ends: bool) -> Iterator[NewTouchpoint]:
    """A plan for a year, renewed so often."""
    yield told(customer_id, "subscription_started", begun, number, PRICE)
    for year in range(1, stays + 1):
        yield told(customer_id, "subscription_renewed", begun + timedelta(days=YEAR * year), number, PRICE)
    if ends:
        yield told(customer_id, "subscription_ended", begun + timedelta(days=YEAR * (stays + 1)), number)


def subscribers() -> list[UUID]:
    """Customers of a firm that sells plans by the year; some leave at each renewal."""
    today, g = reading.today(), np.random.default_rng(11)
    people = Customer.objects.bulk_create([Customer(name=f"Customer {n}") for n in range(CUSTOMERS)])
    leaves, ages = g.beta(1.1, 3.5, CUSTOMERS), g.integers(30, 6 * YEAR, CUSTOMERS)

    def lives() -> Iterator[NewTouchpoint]:
        for n, person in enumerate(people):
            chances = int(ages[n]) // YEAR
            stays = int(g.geometric(leaves[n])) - 1
            yield from plan(
                person.pk, f"P-{n}", today - timedelta(days=int(ages[n])), min(stays, chances), ends=stays < chances
            )

    tell(lives())
    return [person.pk for person in people]


def test_contracts_are_valued_by_sbg_and_the_customer_page_says_it(
    workspace: Any, actor: Actor, ada: User, client_for: Callable[..., Client]
) -> None:
    ids = subscribers()
    taking_up.take_up()
    change_settings(actor=actor, values={"business": "contracts", "period": "year"})
    write()

    row = nightly(workspace)

    assert not row.reason, row.gates
    assert (row.model, row.chosen_because, row.scored) == ("sbg", "only", CUSTOMERS)
    assert [each["model"] for each in row.candidates] == ["sbg"]
    assert row.calibration["customers"] > 100
    mean = row.parameters["alpha"] / (row.parameters["alpha"] + row.parameters["beta"])
    assert mean == pytest.approx(1.1 / 4.6, abs=0.06)  # the share that leaves at the first renewal
    ended = set(Subscription.objects.filter(status="ended").values_list("customer_id", flat=True))
    scores = {one.customer_id: one for one in Score.objects.all()}
    assert set(scores) == set(ids)
    assert 40 < len(ended) < CUSTOMERS - 100
    assert {(scores[one].lifetime_value, scores[one].churn_risk) for one in ended} == {(Decimal(0), 1.0)}
    running = [scores[one] for one in ids if one not in ended]
    assert all(one.lifetime_value > 0 and one.low <= one.lifetime_value <= one.high for one in running)
    assert all(one.next_order_on is not None and one.next_order_on >= reading.today() for one in running)
    loyal, fresh = (max(running, key=key) for key in (lambda one: one.frequency, lambda one: -one.frequency))
    assert loyal.churn_risk < fresh.churn_risk  # those who stayed are likelier to stay
    assert row.total == Score.objects.aggregate(total=Sum("lifetime_value"))["total"]
    browser = client_for(ada)
    overview = browser.get("/w/kestrel/insight/").content.decode()
    page = browser.get(f"/w/kestrel/customers/{loyal.customer_id}/").content.decode()
    assert "The model is sBG" in overview
    assert "It is the model for customers who buy this way." in overview
    assert f"€{round(loyal.lifetime_value):,}" in page


def test_renewals_of_our_own_count_like_those_told_by_others(workspace: Any, actor: Actor) -> None:
    subscribers()
    marta = Customer.objects.create(name="Marta")
    subscriptions.start_subscription(
        actor=actor, customer_id=marta.pk, name="Plan", interval="year", amount=PRICE, currency="EUR",
        started_on=reading.today() - timedelta(days=800),
    )  # fmt: skip
    assert renewals.renew_due().renewed == 2
    change_settings(actor=actor, values={"business": "contracts", "period": "year"})
    write()

    nightly(workspace)

    score = Score.objects.get(customer_id=marta.pk)
    assert score.frequency == 2
    assert score.lifetime_value > 0
    assert score.spent == round(3 * PRICE * Decimal("0.35"), 2)


def test_who_ends_one_of_two_contracts_stays_and_who_stops_paying_does_not(workspace: Any, actor: Actor) -> None:
    ids = subscribers()
    both, merged, twin = Customer.objects.bulk_create([Customer(name=f"Both {n}") for n in range(3)])
    begun = reading.today() - timedelta(days=3 * YEAR + 40)
    tell(plan(both.pk, "B-1", begun, 3, ends=False))
    tell(plan(both.pk, "B-2", begun, 1, ends=True))
    tell(plan(merged.pk, "M-1", begun, 0, ends=True))
    tell(plan(twin.pk, "M-2", begun, 3, ends=False))
    silent = Customer.objects.create(name="Silent")
    tell(plan(silent.pk, "S-1", begun, 1, ends=False))  # due two years ago, and nobody said anything
    merge_customers(actor=actor, surviving_id=merged.pk, absorbed_id=twin.pk)
    change_settings(actor=actor, values={"business": "contracts", "period": "year"})
    write()

    nightly(workspace)

    alike = Score.objects.get(customer_id=both.pk)
    one = Score.objects.get(customer_id=merged.pk)
    assert alike.lifetime_value == one.lifetime_value > 0
    assert (alike.frequency, alike.spent) == (3, round(6 * PRICE * Decimal("0.35"), 2))
    assert Score.objects.count() == len(ids) + 3
    quiet = Score.objects.get(customer_id=silent.pk)
    assert (quiet.lifetime_value, quiet.churn_risk, quiet.next_order_on) == (0, 1.0, None)


def test_contracts_that_renew_at_another_pace_than_the_settings_say_get_no_value(workspace: Any, actor: Actor) -> None:
    subscribers()
    change_settings(actor=actor, values={"business": "contracts", "period": "month"})
    write()

    row = nightly(workspace)

    assert row.reason == "other_period"
    assert row.total is None
    assert set(Score.objects.values_list("lifetime_value", "reason")) == {(None, "other_period")}


def donors() -> list[UUID]:
    """Customers who can order once a quarter, and do or do not, until they stop."""
    today, g = reading.today(), np.random.default_rng(5)
    people = Customer.objects.bulk_create([Customer(name=f"Donor {n}") for n in range(CUSTOMERS)])
    p, theta = g.beta(1.4, 1.0, CUSTOMERS), g.beta(0.6, 4.0, CUSTOMERS)

    def lives() -> Iterator[NewTouchpoint]:
        for n, person in enumerate(people):
            quarters, mean = int(g.integers(2, 14)), g.gamma(5.0, 16.0)
            for ago in range(quarters, 0, -1):
                if ago < quarters and g.random() < theta[n]:
                    break
                if ago == quarters or g.random() < p[n]:
                    month = today.year * 12 + today.month - 1 - 3 * ago
                    amount = Decimal(str(round(float(g.gamma(6.0, mean / 6)) + 1, 2)))
                    yield told(person.pk, "order_placed", date(month // 12, month % 12 + 1, 15), amount=amount)

    tell(lives())
    return [person.pk for person in people]


def test_occasions_are_valued_by_bg_bb_and_the_customer_page_says_it(
    workspace: Any, actor: Actor, ada: User, client_for: Callable[..., Client]
) -> None:
    ids = donors()
    change_settings(actor=actor, values={"business": "occasions", "period": "quarter"})
    write()

    row = nightly(workspace)

    assert not row.reason, row.gates
    assert (row.model, row.chosen_because, row.scored) == ("bg_bb", "only", CUSTOMERS)
    assert row.calibration["customers"] > 100
    assert abs(row.calibration["bias"]) < 0.25
    scores = {one.customer_id: one for one in Score.objects.all()}
    assert set(scores) == set(ids)
    assert all(one.lifetime_value >= 0 and 0 <= one.p_alive <= 1 for one in scores.values())
    days = {one: (reading.today() - score.last_order_on).days for one, score in scores.items()}
    recent = [score for one, score in scores.items() if days[one] < 200 and score.frequency > 3]
    silent = [score for one, score in scores.items() if days[one] > 700]
    assert recent
    assert silent
    assert min(one.p_alive for one in recent) > max(one.p_alive for one in silent)
    best = max(scores.values(), key=lambda one: one.lifetime_value)
    browser = client_for(ada)
    overview = browser.get("/w/kestrel/insight/").content.decode()
    page = browser.get(f"/w/kestrel/customers/{best.customer_id}/").content.decode()
    assert "The model is BG/BB" in overview
    assert f"€{round(best.lifetime_value):,}" in page


def test_the_margin_the_workspace_says_is_the_one_everything_counts_with(
    workspace: Any, other_workspace: Any, actor: Actor
) -> None:
    marta = Customer.objects.create(name="Marta")
    tell(iter([told(marta.pk, "order_placed", reading.today() - timedelta(days=9), amount=Decimal(200))]))
    write()

    def margin() -> float:
        with open_engine() as engine:
            (row,) = engine.run(purchases(engine)).to_pylist()
        return round(float(row["margin"]), 2)

    before = margin()
    change_settings(actor=actor, values={"margin_rate": Decimal("0.6")})

    assert (before, margin()) == (70.0, 120.0)
    nightly(workspace)
    assert Score.objects.get().spent == Decimal(120)
    with schema_context(other_workspace.schema_name):
        assert margin_rate() == 0.35
