"""Subscriptions that renew, pause and end by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.commerce import tasks
from rapport.stores.commerce.models import PriceList, Subscription
from rapport.stores.commerce.rules.subscriptions import Standing, Step, next_step, renews_on
from rapport.stores.commerce.services import settings, subscriptions
from rapport.stores.commerce.services.renewals import has_due, renew_due
from rapport.stores.commerce.tests.factories import make_product
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.ledger.models import Retraction, Touchpoint

D = Decimal
BASE = "/w/kestrel"
JUNE = datetime(2026, 6, 15, 9, tzinfo=UTC)


@pytest.fixture
def marta(workspace: Any) -> Customer:
    return make_customer()


def start(customer: Customer, *, on: date = date(2026, 1, 31), **values: Any) -> Subscription:
    given = {"name": "Service plan", "amount": D("9.5"), "interval": "month", "currency": "EUR", **values}
    row, _ = subscriptions.start_subscription(actor=SYSTEM, customer_id=customer.pk, started_on=on, **given)
    return row


def told(kind: str = "subscription_renewed") -> list[Any]:
    gone = Retraction.objects.values_list("batch_id", flat=True)
    return list(Touchpoint.objects.filter(kind=kind).exclude(batch_id__in=list(gone)).order_by("occurred_at", "id"))


# When


@pytest.mark.parametrize(
    ("standing", "step"),
    [
        ({"status": "active", "renews_on": date(2026, 6, 15)}, Step.RENEW),
        ({"status": "active", "renews_on": date(2026, 6, 16)}, None),
        ({"status": "active", "renews_on": date(2026, 6, 1), "renews_itself": False}, None),
        ({"status": "paused", "renews_on": date(2026, 6, 1)}, None),
        ({"status": "active", "renews_on": date(2026, 6, 15), "ends_on": date(2026, 6, 15)}, Step.END),
        ({"status": "paused", "renews_on": date(2026, 6, 1), "ends_on": date(2026, 6, 1)}, Step.END),
        ({"status": "active", "renews_on": date(2026, 6, 1), "ends_on": date(2026, 6, 1), "renews_itself": False}, Step.END),
        ({"status": "active", "renews_on": date(2026, 6, 30), "ends_on": date(2026, 6, 30)}, None),
        ({"status": "ended", "renews_on": None}, None),
    ],
)  # fmt: skip
def test_what_is_due_on_a_day(standing: dict[str, Any], step: Step | None) -> None:
    assert next_step(Standing(**standing), date(2026, 6, 15)) is step


@given(
    start=st.dates(date(2020, 1, 1), date(2024, 12, 31)),
    interval=st.sampled_from(["month", "quarter", "year"]),
    looks=st.lists(st.integers(1, 200), min_size=1, max_size=20),
)
def test_each_interval_comes_once_however_seldom_one_looks(start: date, interval: str, looks: list[int]) -> None:
    renewals, days, day = 0, [], start
    for more in looks:
        day += timedelta(days=more)
        while next_step(Standing(status="active", renews_on=renews_on(start, interval, renewals)), day) is Step.RENEW:
            days.append(renews_on(start, interval, renewals))
            renewals += 1

    assert days == [one for n in range(len(days) + 5) if (one := renews_on(start, interval, n)) <= day]
    assert len(set(days)) == len(days)


# Renewing


@pytest.mark.django_db
def test_days_that_were_missed_are_made_up_for_each_interval_once(marta: Customer) -> None:
    row = start(marta)

    with clock.frozen(JUNE):
        first, again = renew_due(), renew_due()

    row.refresh_from_db()
    periods = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert (first.renewed, first.failed, again.renewed) == (4, 0, 0)
    assert (row.renewals, row.renewed_on, row.renews_on) == (4, date(2026, 5, 31), date(2026, 6, 30))
    assert [one.source_id for one in told()] == [f"{row.pk}:{period}" for period in periods]
    assert [(one.amount, one.currency) for one in told()] == [(D("9.5"), "EUR")] * 4
    assert told()[0].occurred_at.isoformat() == "2026-02-28T11:00:00+00:00"  # noon in Amsterdam
    assert Operation.objects.filter(kind="subscription_renewed", actor_name="Rapport").count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "now", "renewed"),
    [
        ("Pacific/Auckland", datetime(2026, 2, 27, 11, 30, tzinfo=UTC), 1),  # the 28th has begun there
        ("Pacific/Auckland", datetime(2026, 2, 27, 10, 30, tzinfo=UTC), 0),
        ("America/Los_Angeles", datetime(2026, 2, 28, 7, 30, tzinfo=UTC), 0),  # still the 27th
        ("America/Los_Angeles", datetime(2026, 2, 28, 8, 30, tzinfo=UTC), 1),
    ],
)
def test_a_day_begins_where_the_workspace_is(
    zone: str, now: datetime, renewed: int, marta: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(marta)
    monkeypatch.setattr(connection.tenant, "timezone", zone)

    with clock.frozen(now):
        done = renew_due()

    assert done.renewed == renewed
    assert [one.occurred_at for one in told()] == [now] * renewed


@pytest.mark.django_db
def test_what_another_system_renews_is_left_to_it(marta: Customer) -> None:
    start(marta, renews_itself=False)

    with clock.frozen(JUNE):
        assert not has_due()
        assert renew_due().renewed == 0


@pytest.mark.django_db
def test_a_paused_subscription_is_not_renewed_and_goes_on_from_the_day_it_is_resumed(
    actor: Actor, marta: Customer
) -> None:
    row = start(marta)
    with clock.frozen(datetime(2026, 2, 10, 9, tzinfo=UTC)):
        subscriptions.pause_subscription(actor=actor, subscription_id=row.pk)
    with clock.frozen(JUNE):
        assert renew_due().renewed == 0
        with pytest.raises(Invalid):
            subscriptions.renew_subscription(actor=actor, subscription_id=row.pk)

        resumed, _ = subscriptions.resume_subscription(actor=actor, subscription_id=row.pk)
        done = renew_due()

    row.refresh_from_db()
    assert (resumed.status, resumed.renews_on) == ("active", date(2026, 6, 15))
    assert done.renewed == 1
    assert (row.renewals, row.renewed_on, row.renews_on) == (1, date(2026, 6, 15), date(2026, 7, 15))
    assert [len(told(kind)) for kind in ("subscription_paused", "subscription_resumed")] == [1, 1]
    with clock.frozen(datetime(2026, 7, 16, 9, tzinfo=UTC)):
        assert renew_due().renewed == 1


@pytest.mark.django_db
def test_a_pause_within_what_is_paid_for_changes_no_day(actor: Actor, marta: Customer) -> None:
    row = start(marta)
    with clock.frozen(datetime(2026, 2, 10, 9, tzinfo=UTC)):
        subscriptions.pause_subscription(actor=actor, subscription_id=row.pk)
        resumed, _ = subscriptions.resume_subscription(actor=actor, subscription_id=row.pk)

    assert (resumed.renews_on, resumed.anchor_on) == (date(2026, 2, 28), None)


@pytest.mark.django_db
def test_it_ends_with_its_period_and_is_not_renewed(actor: Actor, marta: Customer) -> None:
    row = start(marta)
    with clock.frozen(datetime(2026, 2, 10, 9, tzinfo=UTC)):
        subscriptions.end_subscription(actor=actor, subscription_id=row.pk, reason="moved", with_period=True)
        row.refresh_from_db()
        assert (row.status, row.ends_on) == ("active", date(2026, 2, 28))
        assert renew_due().ended == 0
        with pytest.raises(Invalid):
            subscriptions.renew_subscription(actor=actor, subscription_id=row.pk)

    with clock.frozen(JUNE):
        done = renew_due()

    row.refresh_from_db()
    assert (done.renewed, done.ended) == (0, 1)
    assert (row.status, row.ended_on, row.renews_on, row.end_reason) == ("ended", date(2026, 2, 28), None, "moved")
    assert [len(told(kind)) for kind in ("subscription_cancelled", "subscription_ended")] == [1, 1]


@pytest.mark.django_db
def test_whoever_changes_their_mind_is_renewed_after_all(actor: Actor, marta: Customer) -> None:
    row = start(marta)
    with clock.frozen(datetime(2026, 2, 10, 9, tzinfo=UTC)):
        subscriptions.end_subscription(actor=actor, subscription_id=row.pk, with_period=True)
        subscriptions.resume_subscription(actor=actor, subscription_id=row.pk)

    with clock.frozen(datetime(2026, 2, 28, 9, tzinfo=UTC)):
        assert renew_due().renewed == 1


@pytest.mark.django_db
def test_each_renewal_costs_what_the_price_list_says_on_its_day_and_says_so_when_it_can_not(marta: Customer) -> None:
    plan = make_product("Plan", sku="PLAN", price="99", kind="service")
    lists = [
        settings.save_price_list(
            actor=SYSTEM, name=name, currency="EUR", valid_from=since, valid_until=until, is_standard=False
        )
        for name, since, until in (("Old", date(2026, 1, 1), date(2026, 4, 15)), ("Other", None, None))
    ]
    for held, amount in zip(lists, (D(30), D(7)), strict=True):
        settings.set_price(actor=SYSTEM, list_id=held.pk, product_id=plan.pk, amount=amount)
    row = start(marta, amount=None, product_id=plan.pk, price_list_id=lists[0].pk)
    settings.set_price(actor=SYSTEM, list_id=lists[0].pk, product_id=plan.pk, amount=D(33))

    with clock.frozen(JUNE):
        done = renew_due()
        row.refresh_from_db()
        failed = row.renewal_problem
        PriceList.objects.update(valid_until=None)
        healed = renew_due()

    assert (done.renewed, done.failed) == (2, 1)
    assert "price list has no price in EUR" in failed
    row.refresh_from_db()
    assert (healed.renewed, healed.failed, row.renewal_problem) == (2, 0, "")
    assert [one.amount for one in told("subscription_started")] == [D(30)]
    assert [one.amount for one in told()] == [D(33)] * 4


@pytest.mark.django_db
def test_a_price_list_and_an_amount_exclude_each_other(marta: Customer) -> None:
    held = settings.save_price_list(actor=SYSTEM, name="Old", currency="EUR")

    with pytest.raises(Invalid) as refused:
        start(marta, price_list_id=held.pk)

    assert set(refused.value.problems) == {"amount"}
    assert Subscription.objects.count() == 0


@pytest.mark.django_db
def test_a_renewal_that_was_taken_back_waits_for_a_person(actor: Actor, marta: Customer) -> None:
    row = start(marta)
    with clock.frozen(datetime(2026, 3, 1, 9, tzinfo=UTC)):
        renew_due()
        undo(actor=actor, operation_id=Operation.objects.get(kind="subscription_renewed").id)
        assert told() == []

        done = renew_due()

        row.refresh_from_db()
        assert (done.renewed, done.failed, row.renewals) == (0, 1, 0)
        assert "taken back" in row.renewal_problem
        assert told() == []

        subscriptions.renew_subscription(actor=actor, subscription_id=row.pk)

    row.refresh_from_db()
    assert (row.renewals, row.renewal_problem, len(told())) == (1, "", 1)


@pytest.mark.django_db
def test_one_that_can_not_be_renewed_hinders_no_other(marta: Customer) -> None:
    gone = start(make_customer("Jonas"))
    start(marta)
    Customer.objects.filter(pk=gone.customer_id).update(deleted_at=JUNE)

    with clock.frozen(JUNE):
        done = renew_due()

    gone.refresh_from_db()
    assert (done.renewed, done.failed) == (4, 1)
    assert "in the bin" in gone.renewal_problem
    assert gone.renewals == 0


@pytest.mark.django_db
def test_the_worker_looks_where_something_is_due_and_may_be_run_twice(workspace: Any, marta: Customer) -> None:
    row = start(marta, on=clock.now().date() - timedelta(days=40))
    before = connection.tenant

    tasks.look_for_renewals(timestamp=0)
    tasks.look_for_renewals(timestamp=0)
    jobs = list(ProcrastinateJob.objects.filter(task_name="commerce.renew").values_list("args", flat=True))
    for _ in range(2):
        tasks.renew(schema=workspace.schema_name)

    connection.set_tenant(before)
    row.refresh_from_db()
    assert jobs == [{"schema": workspace.schema_name}]
    assert row.renewals == 1
    assert len(told()) == 1


# Pages


@pytest.mark.django_db
def test_subscription_is_paused_resumed_and_ended_with_its_period_on_its_page(
    ada: User, client_for: Callable[..., Client], marta: Customer
) -> None:
    row = start(marta, on=clock.now().date())
    browser, url, acts = (
        client_for(ada),
        f"{BASE}/records/subscription/{row.pk}/",
        f"{BASE}/commerce/subscriptions/{row.pk}",
    )

    browser.post(f"{acts}/pause")
    paused = browser.get(url).content.decode()
    browser.post(f"{acts}/resume")
    resumed = browser.get(url).content.decode()
    browser.post(f"{acts}/end", {"with_period": "on", "reason": "moved"})
    ending = browser.get(url).content.decode()
    Subscription.objects.update(renewal_problem="The price list is empty.", renewal_tried_at=clock.now())
    failed = browser.get(url).content.decode()
    listed = browser.get(f"{BASE}/commerce/subscriptions/?view=not-renewed").content.decode()

    assert "Paid until" in paused
    assert "by itself" in resumed
    assert ">Ends<" in ending
    assert "moved" in ending
    assert "The price list is empty." in failed
    assert "Service plan" in listed
    row.refresh_from_db()
    assert (row.status, row.ends_on) == ("active", row.renews_on)
