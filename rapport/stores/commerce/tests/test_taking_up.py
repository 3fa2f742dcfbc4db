"""Touch points become orders: each exactly once, whoever is killed or late, and the ledger is only read."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce import tasks
from rapport.stores.commerce.models import Order, OrderLine, Shipment, Subscription, TakenTouchpoint, TakeUpMark
from rapport.stores.commerce.services import orders, taking_up
from rapport.stores.commerce.tests.factories import make_order, make_product
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.services import corrections
from rapport.stores.ledger.tests.factories import NOON, touch

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def marta(workspace: Any) -> Customer:
    return make_customer()


def placed(
    customer: Customer | UUID, number: str = "K-1", *lines: dict[str, Any], source: str = "shop", **values: Any
) -> Any:
    said = values.pop("properties", {})
    items = list(lines) or [{"sku": "BELL", "name": "Bell", "quantity": 2, "unit_price": "10"}]
    given_values = {"channel": "shop", "kind": "order_placed", "amount": D(20), "currency": "EUR", **values}
    return touch(
        customer if isinstance(customer, UUID) else customer.pk,
        source=source, properties={"order": number, "lines": items, **said}, **given_values,
    )  # fmt: skip


def tell(
    customer: Customer, kind: str, number: str = "K-1", *, source: str = "shop", amount: Any = None, **values: Any
) -> Any:
    at = values.pop("at", NOON + timedelta(hours=1))
    return touch(
        customer.pk, source=source, channel="shop", kind=kind, occurred_at=at, amount=amount,
        currency="EUR" if amount is not None else "", properties={"order": number, **values},
    )  # fmt: skip


def test_touch_point_with_lines_makes_the_order(marta: Customer) -> None:
    product = make_product("Bell", sku="BELL", cost="4", tax_percent="21")

    row = placed(marta)
    taking_up.take_up()

    order = Order.objects.get()
    line = order.lines.get()
    assert (order.number, order.status, order.total, order.source) == ("K-1", "placed", D(20), "shop")
    assert order.touchpoint_id == row.id
    assert (line.product_id, line.tax_rate, order.net, order.margin) == (product.pk, D("0.21"), D("16.53"), D("8.53"))
    assert Touchpoint.objects.count() == 1


def test_touch_point_without_lines_stays_a_touch_point(marta: Customer) -> None:
    touch(marta.pk, kind="order_placed", amount=D(20), currency="EUR", properties={"order": "K-1"})

    assert taking_up.take_up() == 0
    assert not Order.objects.exists()


def test_what_is_told_later_happens_to_the_order_in_whatever_sequence_it_arrives(marta: Customer) -> None:
    tell(marta, "order_delivered", at=NOON + timedelta(days=2), promised_on="2026-11-21")
    tell(marta, "invoice_paid", amount=D(20), method="card")
    taking_up.take_up()
    waiting = TakenTouchpoint.objects.filter(outcome="waiting").count()
    tell(marta, "order_shipped", at=NOON + timedelta(days=1), carrier="Post", tracking="3S1")

    with clock.frozen(NOON + timedelta(days=9)):
        placed(marta)
        taking_up.take_up()

    order, shipment = Order.objects.get(), Shipment.objects.get()
    assert waiting == 2
    assert (order.status, order.delivery, order.paid) == ("completed", "delivered", D(20))
    assert (shipment.carrier, shipment.tracking, str(shipment.promised_on)) == ("Post", "3S1", "2026-11-21")
    assert set(TakenTouchpoint.objects.values_list("outcome", flat=True)) == {"done"}


def test_part_comes_back_by_sku_and_is_refunded(marta: Customer) -> None:
    placed(marta)
    tell(marta, "order_shipped")
    tell(marta, "order_returned", sku="BELL", quantity=1, at=NOON + timedelta(hours=2))
    tell(marta, "refund_paid", amount=D(10), at=NOON + timedelta(hours=3))

    taking_up.take_up()

    order = Order.objects.get()
    assert (order.status, order.refunded, order.lines.get().returned) == ("shipped", D(10), D(1))


@pytest.mark.parametrize(
    ("tells", "field"),
    [
        (lambda c: placed(c, amount=D(-20)), "total"),
        (lambda c: placed(c, currency="XXX"), "currency"),
        (lambda c: placed(c, "K-1", {"sku": "BELL", "quantity": -2, "unit_price": 10}), "lines.0.quantity"),
        (lambda c: placed(c, "K-1", {"sku": "BELL", "quantity": 2}), "lines.0.unit_price"),
        (lambda c: placed(c, amount=D("20.001")), "total"),
        (lambda c: placed(c, "K-1", {"sku": "BELL", "quantity": 1, "unit_price": "1e13"}), "lines.0.unit_price"),
    ],
)
def test_what_can_not_be_an_order_is_listed_with_its_reason(marta: Customer, tells: Any, field: str) -> None:
    tells(marta)

    taking_up.take_up()

    row = TakenTouchpoint.objects.get()
    assert row.outcome == "refused"
    assert [name for name, _reason in row.problems] == [field]
    assert not Order.objects.exists()
    assert taking_up.take_up() == 0


@pytest.mark.parametrize(
    ("tells", "field"),
    [
        (lambda c: tell(c, "refund_paid", amount=D(21)), "amount"),
        (lambda c: tell(c, "invoice_paid", amount=D(0)), "amount"),
        (lambda c: tell(c, "order_returned", sku="HORN"), "sku"),
        (lambda c: tell(c, "order_returned", sku="BELL"), "order"),
        (lambda c: touch(c.pk, source="shop", kind="invoice_paid", amount=D(5), currency="USD", properties={"order": "K-1"}), "currency"),
    ],
)  # fmt: skip
def test_what_contradicts_the_order_is_listed_with_its_reason(marta: Customer, tells: Any, field: str) -> None:
    placed(marta)
    tells(marta)

    taking_up.take_up()

    row = TakenTouchpoint.objects.get(outcome="refused")
    assert [name for name, _reason in row.problems] == [field]
    assert Order.objects.get().status == "placed"


def test_two_shops_may_use_the_same_number_and_each_keeps_its_own(marta: Customer) -> None:
    placed(marta, "1001", source="north")
    placed(marta, "1001", source="south")
    tell(marta, "order_cancelled", "1001", source="south")

    taking_up.take_up()

    north, south = Order.objects.get(source="north"), Order.objects.get(source="south")
    assert sorted([north.number, south.number]) == ["1001", "1001 (2)"]
    assert (north.status, south.status) == ("placed", "cancelled")


def test_shop_may_tell_of_an_order_that_was_placed_here(marta: Customer) -> None:
    order = make_order(marta)

    with clock.frozen(clock.now() + timedelta(hours=1)):
        tell(marta, "order_shipped", order.number, source="carrier", at=clock.now(), tracking="3S9")
        taking_up.take_up()

    assert Order.objects.get().status == "shipped"
    assert Shipment.objects.get().tracking == "3S9"


def test_retracted_touch_point_takes_its_order_along_and_restored_brings_it_back(marta: Customer, actor: Actor) -> None:
    row = placed(marta)
    paid = tell(marta, "invoice_paid", amount=D(20))
    taking_up.take_up()

    corrections.retract_touchpoint(actor=actor, customer_id=marta.pk, touchpoint_id=paid.id)
    taking_up.take_up()
    unpaid = Order.objects.get().paid
    corrections.retract_touchpoint(actor=actor, customer_id=marta.pk, touchpoint_id=row.id)
    taking_up.take_up()
    gone = Order.objects.filter(deleted_at=None).count()
    corrections.restore_touchpoint(actor=actor, customer_id=marta.pk, touchpoint_id=row.id)
    corrections.restore_touchpoint(actor=actor, customer_id=marta.pk, touchpoint_id=paid.id)
    taking_up.take_up()

    assert (unpaid, gone) == (D(0), 0)
    assert [(one.paid, one.status) for one in Order.objects.filter(deleted_at=None)] == [(D(20), "paid")]


def test_retracted_batch_takes_its_orders_along(marta: Customer, actor: Actor) -> None:
    batch = uuid4()
    placed(marta, "K-1", batch_id=batch)
    placed(marta, "K-2", batch_id=batch)
    placed(marta, "K-3")
    taking_up.take_up()
    worked_on = Order.objects.get(number="K-2")
    orders.cancel_order(actor=actor, order_id=worked_on.pk)

    corrections.retract_batch(actor=actor, batch_id=batch)
    taking_up.take_up()

    assert list(Order.objects.filter(deleted_at=None).values_list("number", flat=True)) == ["K-3"]
    assert Order.objects.filter(number="K-2").exists()
    assert OrderLine.objects.filter(order__number="K-1").count() == 0


def test_subscriptions_start_renew_and_end_by_touch_points(marta: Customer) -> None:
    product = make_product("Plan", sku="PLAN", kind="service")
    say = {"subscription": "A-1", "sku": "PLAN", "interval": "year"}

    def touch_on(kind: str, at: Any, amount: Any = None) -> None:
        touch(
            marta.pk,
            source="shop",
            kind=kind,
            occurred_at=at,
            amount=amount,
            currency="EUR" if amount else "",
            properties=say,
        )

    touch_on("subscription_renewed", NOON - timedelta(days=100))
    taking_up.take_up()
    touch_on("subscription_started", NOON - timedelta(days=465), D(390))
    taking_up.take_up()
    renewed = Subscription.objects.get()
    touch_on("subscription_ended", NOON)
    taking_up.take_up()

    ended = Subscription.objects.get()
    assert (renewed.product_id, renewed.renewals, str(renewed.renews_on)) == (product.pk, 1, "2027-08-12")
    assert (ended.status, str(ended.ended_on), ended.renews_on) == ("ended", "2026-11-20", None)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_touch_point_with_lines_ends_in_exactly_one_order_whatever_happens(
    workspace: Workspace, data: st.DataObject
) -> None:
    """Touch points arrive in any sequence, doubled, late and early; the worker is killed before it ends, or is not woken."""
    with transaction.atomic():
        point = transaction.savepoint()
        marta = make_customer()
        sent = 0
        plan = data.draw(
            st.lists(st.sampled_from(["order", "same", "bad", "pay", "ship", "work", "killed", "place"]), max_size=14)
        )
        for n, step in enumerate(plan):
            at = NOON + timedelta(minutes=data.draw(st.integers(-500, 500)))
            number = f"N-{data.draw(st.integers(0, 4))}"
            if step == "order":
                placed(marta, number, source_id=f"o{n}", occurred_at=at)
                sent += 1
            elif step == "same" and sent:
                placed(marta, number, source_id="again", occurred_at=at)
            elif step == "bad":
                placed(marta, number, {"sku": "B", "quantity": -1, "unit_price": 2}, occurred_at=at)
            elif step == "pay":
                tell(marta, "invoice_paid", number, amount=D(20), at=at)
            elif step == "ship":
                tell(marta, "order_shipped", number, at=at)
            elif step == "place":
                make_order(marta)
            elif step == "work":
                taking_up.take_up()
            elif step == "killed":
                _killed_at_work()
        in_ledger = Touchpoint.objects.count()
        taking_up.take_up()
        taking_up.take_up()

        with_lines = [
            row.id
            for row in Touchpoint.objects.filter(kind="order_placed").exclude(source="orders")
            if "lines" in row.properties
        ]
        made = list(Order.objects.exclude(source="orders").values_list("touchpoint_id", flat=True))
        refused = list(
            TakenTouchpoint.objects.filter(kind="order_placed", outcome="refused").values_list(
                "touchpoint_id", flat=True
            )
        )
        assert sorted(made + refused) == sorted(with_lines)
        assert len(set(made)) == len(made)
        assert Touchpoint.objects.count() == in_ledger
        numbers = list(Order.objects.values_list("number", flat=True))
        assert len(numbers) == len(set(numbers))
        transaction.savepoint_rollback(point)


def _killed_at_work() -> None:
    """All that a worker wrote before it was killed is gone with its transaction."""
    point = transaction.savepoint()
    taking_up.take_up()
    transaction.savepoint_rollback(point)


def test_mark_lies_before_whatever_is_still_being_written(marta: Customer) -> None:
    placed(marta)
    taking_up.take_up()

    mark = TakeUpMark.objects.get().recorded_until

    assert mark is not None
    assert mark <= clock.now() - timedelta(minutes=5)


def test_touch_point_that_appears_late_is_found_though_the_mark_has_passed_others(marta: Customer) -> None:
    """It was recorded a while ago, by a transaction that only now ends."""
    taking_up.take_up()
    with clock.frozen(clock.now() - timedelta(minutes=4)):
        placed(marta)

    assert taking_up.take_up() == 1


def test_number_of_statements_does_not_grow_with_touch_points(
    marta: Customer, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for size in (2, 40):
        dice = random.Random(size)
        for n in range(size):
            placed(marta, f"{size}-{n}", occurred_at=NOON - timedelta(minutes=dice.randint(10, 500)))
            tell(marta, "order_shipped", f"{size}-{n}")
            tell(marta, "invoice_paid", f"{size}-{n}", amount=D(20))
        with django_assert_max_num_queries(40) as found:
            taking_up.take_up()
        counts.append(len(found))

    assert Order.objects.filter(status="shipped", paid=D(20)).count() == 42
    assert counts[1] <= counts[0]


def test_worker_is_woken_once_and_takes_up(
    marta: Customer, workspace: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        placed(marta, "K-1")
        placed(marta, "K-2")
        touch(marta.pk, kind="page_viewed")
    jobs = ProcrastinateJob.objects.filter(task_name="commerce.take_up")
    waiting = [job.args for job in jobs]

    tasks.take_up(**waiting[0])

    assert waiting == [{"schema": workspace.schema_name}]
    assert Order.objects.count() == 2


def test_worker_looks_by_itself_in_every_workspace(marta: Customer) -> None:
    placed(marta)

    tasks.catch_up(0)

    assert Order.objects.count() == 1


def test_whoever_is_begun_by_the_touch_point_has_the_order(workspace: Any) -> None:
    lines = [{"name": "Bell", "quantity": 2, "unit_price": 10}]
    row = touch(
        None, email="new@example.com", channel="shop", kind="order_placed", amount=D(20), currency="EUR",
        properties={"order": "K-9", "lines": lines},
    )  # fmt: skip

    taking_up.take_up()

    assert Order.objects.get().customer_id == row.customer_id
