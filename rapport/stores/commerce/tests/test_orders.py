"""Orders that people place: each act is written down, stands in the ledger and can be taken back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.commerce.models import Order, OrderLine, Payment, Shipment
from rapport.stores.commerce.services import orders, taking_up
from rapport.stores.commerce.tests.factories import draft, line, make_order, make_product
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.touchpoints import standing

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def marta(workspace: Any) -> Customer:
    return make_customer()


def told(order: Order) -> list[str]:
    rows = standing(Touchpoint.objects.filter(customer_id=order.customer_id)).order_by("occurred_at", "id")
    return [row.kind for row in rows]


def test_order_takes_price_tax_and_cost_from_its_product_and_writes_its_touch_point(marta: Customer) -> None:
    product = make_product(category="Bikes/Cargo")

    order = make_order(marta, {"sku": "LT3", "quantity": 2}, {"name": "Bell", "unit_price": "20", "unit_cost": "5"})

    row = Touchpoint.objects.get(customer_id=marta.pk)
    assert (order.status, order.total, order.net) == ("placed", D("10720"), D("8862.98"))
    assert order.margin == D("8862.98") - D("6405")
    assert (row.kind, row.source, row.source_id, row.amount) == ("order_placed", "orders", str(order.pk), D("10720"))
    assert order.touchpoint_id == row.id
    assert row.properties["number"] == order.number
    assert row.properties["lines"][0] == {
        "sku": "LT3", "name": "Longtail 3", "category": "Bikes / Cargo", "quantity": "2", "unit_price": "5350.00", "discount": "0.00",
    }  # fmt: skip
    assert OrderLine.objects.filter(product_id=product.pk).count() == 1


def test_order_goes_from_placed_to_completed_and_tells_each_step(marta: Customer) -> None:
    order = make_order(marta, line(quantity=3))

    orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(60), method="card")
    line_id = str(order.lines.get().pk)
    orders.ship_order(actor=SYSTEM, order_id=order.pk, items={line_id: D(1)}, carrier="Post", tracking="3S1")
    partly, _ = orders.ship_order(actor=SYSTEM, order_id=order.pk)
    for shipment in Shipment.objects.filter(order=order):
        done, _ = orders.deliver_shipment(actor=SYSTEM, order_id=order.pk, shipment_id=shipment.pk)

    assert (partly.status, partly.delivery) == ("shipped", "under_way")
    assert (done.status, done.delivery, done.paid) == ("completed", "delivered", D(60))
    assert told(order) == [
        "order_placed",
        "order_paid",
        "order_shipped",
        "order_shipped",
        "order_delivered",
        "order_delivered",
    ]


def test_goods_come_back_and_no_more_is_refunded_than_was_paid(marta: Customer) -> None:
    order = make_order(marta, line(quantity=2))
    orders.ship_order(actor=SYSTEM, order_id=order.pk)
    orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(40))
    line_id = str(order.lines.get().pk)

    part, _ = orders.return_goods(actor=SYSTEM, order_id=order.pk, items={line_id: D(1)}, reason="too loud")
    with pytest.raises(Invalid) as above:
        orders.refund_order(actor=SYSTEM, order_id=order.pk, amount=D("40.01"))
    orders.refund_order(actor=SYSTEM, order_id=order.pk, amount=D(15))
    with pytest.raises(Invalid) as second:
        orders.refund_order(actor=SYSTEM, order_id=order.pk, amount=D("25.01"))
    whole, _ = orders.return_goods(actor=SYSTEM, order_id=order.pk)

    assert part.status == "shipped"
    assert above.value.problems == {"amount": "No more than 40.00 EUR can be refunded."}
    assert second.value.problems == {"amount": "No more than 25.00 EUR can be refunded."}
    assert whole.status == "returned"


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda order: orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(-5)), "amount"),
        (lambda order: orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D("20.001")), "amount"),
        (lambda order: orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(21)), "amount"),
        (lambda order: orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(5), at=clock.now() + timedelta(days=3)), "at"),
        (lambda order: orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(5), at=clock.now() - timedelta(days=3)), "at"),
        (lambda order: orders.refund_order(actor=SYSTEM, order_id=order.pk, amount=D(5)), "order"),
        (lambda order: orders.ship_order(actor=SYSTEM, order_id=order.pk, items={str(order.lines.get().pk): D(2)}), None),
        (lambda order: orders.ship_order(actor=SYSTEM, order_id=order.pk, items={"nothing": D(2)}), "items.nothing"),
        (lambda order: orders.return_goods(actor=SYSTEM, order_id=order.pk), "order"),
        (lambda order: orders.deliver_shipment(actor=SYSTEM, order_id=order.pk), "order"),
        (lambda order: orders.place_cart(actor=SYSTEM, order_id=order.pk), "order"),
    ],
)  # fmt: skip
def test_acts_that_make_no_sense_change_nothing(marta: Customer, act: Any, field: str | None) -> None:
    order = make_order(marta)
    before = (Operation.objects.count(), told(order))

    with pytest.raises(Invalid) as refused:
        act(order)

    assert field is None or field in refused.value.problems
    assert (Operation.objects.count(), told(order)) == before


def test_number_is_given_or_chosen_and_never_twice(marta: Customer) -> None:
    first = make_order(marta)
    own = make_order(marta, number="K-7")

    with pytest.raises(Invalid) as twice:
        make_order(marta, number="K-7")

    assert first.number == "O-10001"
    assert own.number == "K-7"
    assert "K-7" in twice.value.problems["number"]


def test_cart_is_no_meeting_until_it_is_placed(marta: Customer) -> None:
    cart, _ = orders.save_cart(actor=SYSTEM, customer_id=marta.pk, raw=draft(line(quantity=2)))
    changed, _ = orders.save_cart(actor=SYSTEM, customer_id=marta.pk, order_id=cart.pk, raw=draft(line(quantity=5)))
    told_before = told(cart)

    placed, _ = orders.place_cart(actor=SYSTEM, order_id=cart.pk)

    assert told_before == []
    assert (changed.total, placed.status, placed.number) == (D(100), "placed", cart.number)
    assert told(cart) == ["order_placed"]


def test_every_act_can_be_taken_back_in_turn_and_leaves_no_trace_in_the_ledger(marta: Customer, actor: Actor) -> None:
    cart, _ = orders.save_cart(actor=actor, customer_id=marta.pk, raw=draft(line(quantity=2)))
    acts: list[Any] = [
        lambda: orders.save_cart(actor=actor, customer_id=marta.pk, order_id=cart.pk, raw=draft(line(quantity=4, unit_price="3"))),
        lambda: orders.place_cart(actor=actor, order_id=cart.pk),
        lambda: orders.pay_order(actor=actor, order_id=cart.pk, amount=D(12)),
        lambda: orders.ship_order(actor=actor, order_id=cart.pk),
        lambda: orders.deliver_shipment(actor=actor, order_id=cart.pk),
        lambda: orders.return_goods(actor=actor, order_id=cart.pk),
        lambda: orders.refund_order(actor=actor, order_id=cart.pk, amount=D(5)),
    ]  # fmt: skip
    states, operations = [state(cart)], []
    for act in acts:
        operations.append(act()[1])
        states.append(state(cart))

    for operation, before in zip(reversed(operations), reversed(states[:-1]), strict=True):
        undo(actor=actor, operation_id=operation.id)

        assert state(cart) == before
    assert told(cart) == []
    assert [one.kind for one in history(actor=actor, record_type="order", ids=[cart.pk])][-1] == "order_saved"


def state(order: Order) -> tuple[Any, ...]:
    row = Order.objects.get(pk=order.pk)
    lines = [
        (one.name, one.quantity, one.unit_price, one.shipped, one.returned) for one in row.lines.order_by("position")
    ]
    return (
        row.status,
        row.delivery,
        row.total,
        row.paid,
        row.refunded,
        row.placed_at,
        row.touchpoint_id,
        lines,
        told(order),
    )


def test_what_rests_on_an_act_is_taken_back_first(marta: Customer, actor: Actor) -> None:
    order, placed = orders.place_order(actor=actor, customer_id=marta.pk, raw=draft())
    _, paid = orders.pay_order(actor=actor, order_id=order.pk, amount=D(20))
    _, _refunded = orders.refund_order(actor=actor, order_id=order.pk, amount=D(5))

    for operation in (placed, paid):
        with pytest.raises(Conflict):
            undo(actor=actor, operation_id=operation.id)

    assert Payment.objects.filter(order=order).count() == 1
    assert told(order) == ["order_placed", "order_paid", "order_refunded"]


def test_placing_taken_back_removes_the_order_and_its_number_is_free(marta: Customer, actor: Actor) -> None:
    _order, operation = orders.place_order(actor=actor, customer_id=marta.pk, raw=draft(number="K-1"))

    undo(actor=actor, operation_id=operation.id)
    again = make_order(marta, number="K-1", actor=actor)

    assert Order.objects.count() == 1
    assert told(again) == ["order_placed"]


def test_cancelled_order_is_told_and_can_stand_again(marta: Customer, actor: Actor) -> None:
    order = make_order(marta)

    cancelled, operation = orders.cancel_order(actor=actor, order_id=order.pk, reason="ordered twice")
    during = told(order)
    undo(actor=actor, operation_id=operation.id)

    assert (cancelled.status, during) == ("cancelled", ["order_placed", "order_cancelled"])
    assert Order.objects.get(pk=order.pk).status == "placed"
    assert told(order) == ["order_placed"]


def test_orders_that_people_place_are_not_taken_up_again(marta: Customer) -> None:
    order = make_order(marta)
    orders.pay_order(actor=SYSTEM, order_id=order.pk, amount=D(20))

    assert taking_up.take_up() == 0
    assert Order.objects.count() == 1


def test_who_may_not_places_nothing(marta: Customer, ben: Any, set_role: Any, actor_for: Any) -> None:
    set_role(ben, "read_only")
    order = make_order(marta)

    with pytest.raises(NotAllowed):
        make_order(marta, actor=actor_for(ben))
    with pytest.raises(NotAllowed):
        orders.cancel_order(actor=actor_for(ben), order_id=order.pk)

    assert Order.objects.count() == 1


def test_nobody_orders_for_a_customer_there_is_not(workspace: Any) -> None:
    with pytest.raises(NotFound):
        make_order(uuid4())

    assert Order.objects.count() == 0


def test_history_says_what_was_done(marta: Customer, actor: Actor) -> None:
    order = make_order(marta, actor=actor)
    orders.pay_order(actor=actor, order_id=order.pk, amount=D(20), method="card")

    latest = history(actor=actor, record_type="order", ids=[order.pk])[0]

    names = {each.name for each in latest.fields}
    assert {"status", "paid", "order_payment"} <= names
    assert Change.objects.filter(record_id=order.pk).count() == 1
