"""Orders, products and subscriptions over the API: what another system would do with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor, FieldAccess, RecordRules
from rapport.integrations.api.tests.conftest import Api
from rapport.stores.commerce.models import Order
from rapport.stores.commerce.queries.customer_orders import as_data, whole_order
from rapport.stores.commerce.tests.factories import line, make_order
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.ledger.models import Touchpoint

pytestmark = pytest.mark.django_db


def test_product_and_order_are_made_and_followed_to_the_end(api: Api) -> None:
    marta = make_customer()
    product = api(
        "POST", "/products", {"name": "Longtail 3", "sku": "LT3", "price": "5350", "cost": "3200", "tax_percent": 21}
    ).json()
    order = api(
        "POST", "/orders", {"customer_id": str(marta.pk), "currency": "EUR", "lines": [{"sku": "LT3", "quantity": 2}]}
    ).json()
    url = f"/orders/{order['id']}"

    paid = api("POST", f"{url}/payments", {"amount": 10700, "method": "transfer"}).json()
    shipped = api("POST", f"{url}/shipments", {"carrier": "Post", "items": {order["lines"][0]["id"]: 2}}).json()
    arrived = api("POST", f"{url}/shipments/{shipped['shipments'][0]['id']}/delivered", {}).json()
    back = api("POST", f"{url}/returns", {"items": {order["lines"][0]["id"]: "1"}, "reason": "too long"}).json()
    refunded = api("POST", f"{url}/refunds", {"amount": "5350.00"}).json()

    assert order["lines"][0]["product_id"] == product["id"]
    assert (order["status"], order["total"], order["margin"]) == ("placed", "10700", "2442.98")
    assert [paid["status"], shipped["status"], arrived["status"], back["status"]] == [
        "paid",
        "shipped",
        "completed",
        "completed",
    ]
    assert (refunded["refunded"], refunded["returns"][0]["reason"]) == ("5350", "too long")
    kinds = ["order_placed", "order_paid", "order_shipped", "order_delivered", "order_returned", "order_refunded"]
    assert sorted(Touchpoint.objects.values_list("kind", flat=True)) == sorted(kinds)
    assert [one["number"] for one in api("GET", f"/customers/{marta.pk}/orders").json()["items"]] == [order["number"]]
    assert api("GET", url).json()["status"] == "completed"


def test_each_act_names_its_operation_which_can_be_undone(api: Api) -> None:
    order = make_order(make_customer())
    paid = api("POST", f"/orders/{order.pk}/payments", {"amount": "20"}).json()

    undone = api("POST", f"/operations/{paid['operation_id']}/undo")

    assert undone.status_code == 200
    assert api("GET", f"/orders/{order.pk}").json()["paid"] == "0"


def test_cart_is_filled_placed_and_cancelled(api: Api) -> None:
    marta = make_customer()
    body = {"currency": "EUR", "lines": [{"name": "Bell", "unit_price": 20}]}
    cart = api("POST", "/orders", {**body, "customer_id": str(marta.pk), "is_cart": True}).json()

    filled = api(
        "PUT", f"/orders/{cart['id']}/cart", {**body, "lines": [{"name": "Bell", "unit_price": 20, "quantity": 3}]}
    ).json()
    placed = api("POST", f"/orders/{cart['id']}/place").json()
    cancelled = api("POST", f"/orders/{cart['id']}/cancel", {"reason": "mistake"}).json()

    assert (cart["status"], filled["total"], placed["status"]) == ("cart", "60", "placed")
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "mistake")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"currency": "XXX"}, "currency"),
        ({"lines": [{"name": "Bell", "unit_price": -1}]}, "lines.0.unit_price"),
        ({"placed_at": "2199-01-01T00:00:00Z"}, "placed_at"),
        ({"placed_at": "2026-01-01T00:00:00"}, "placed_at"),
        ({"number": "K-1"}, "number"),
        ({"lines": []}, "lines"),
        ({"lines": [{"product_id": "00000000-0000-7000-8000-000000000000", "unit_price": 1}]}, "lines.0.product_id"),
    ],
)
def test_what_is_wrong_is_named_by_field(api: Api, body: dict[str, Any], field: str) -> None:
    marta = make_customer()
    make_order(marta, number="K-1")

    answer = api(
        "POST",
        "/orders",
        {"customer_id": str(marta.pk), "currency": "EUR", "lines": [{"name": "Bell", "unit_price": 20}], **body},
    )

    assert answer.status_code == 422
    assert field in {each["field"] for each in answer.json()["errors"]}
    assert Order.objects.count() == 1


def test_refund_above_what_was_paid_is_refused(api: Api) -> None:
    order = make_order(make_customer())
    api("POST", f"/orders/{order.pk}/payments", {"amount": "20"})

    answer = api("POST", f"/orders/{order.pk}/refunds", {"amount": "20.01"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "amount", "message": "No more than 20.00 EUR can be refunded."}]


def test_sending_an_order_twice_with_a_key_makes_one(api: Api) -> None:
    body = {"customer_id": str(make_customer().pk), "currency": "EUR", "lines": [{"name": "Bell", "unit_price": 20}]}

    first, second = (api("POST", "/orders", body, **{"Idempotency-Key": "one"}) for _ in range(2))

    assert first.status_code == second.status_code == 201
    assert Order.objects.count() == 1


def test_lists_take_conditions_and_what_is_free_can_be_changed(api: Api) -> None:
    order = make_order(make_customer(), number="K-1")
    make_order(make_customer("Jonas"), line(unit_price="500"), number="K-2")

    large = api("GET", '/orders?where={"field":"total","op":"more_than","value":"100"}').json()
    noted = api("PATCH", f"/orders/{order.pk}", {"notes": "Ring first", "tags": ["gift"]}).json()
    refused = api("PATCH", f"/orders/{order.pk}", {"total": "1"})

    assert [one["number"] for one in large["items"]] == ["K-2"]
    assert (noted["notes"], noted["tags"]) == ("Ring first", ["gift"])
    assert refused.status_code == 422


def test_subscription_is_started_renewed_and_ended(api: Api) -> None:
    body = {
        "customer_id": str(make_customer().pk),
        "interval": "year",
        "currency": "EUR",
        "name": "Plan",
        "amount": "390",
        "started_on": "2026-01-01",
    }
    row = api("POST", "/subscriptions", body).json()

    renewed = api("POST", f"/subscriptions/{row['id']}/renew", {}).json()
    ended = api("POST", f"/subscriptions/{row['id']}/end", {"reason": "moved"}).json()

    assert (row["renews_on"], renewed["renews_on"]) == ("2027-01-01", "2028-01-01")
    assert (ended["status"], ended["end_reason"]) == ("ended", "moved")
    assert [one["number"] for one in api("GET", "/subscriptions").json()["items"]] == [row["number"]]


def test_subscription_is_paused_resumed_and_ends_with_its_period(api: Api) -> None:
    day = clock.now().date().isoformat()
    body = {"customer_id": str(make_customer().pk), "interval": "month", "currency": "EUR", "name": "Plan"}
    row = api("POST", "/subscriptions", {**body, "amount": "9", "started_on": day}).json()
    url = f"/subscriptions/{row['id']}"

    paused = api("POST", f"{url}/pause").json()
    again = api("POST", f"{url}/pause")
    resumed = api("POST", f"{url}/resume").json()
    ending = api("POST", f"{url}/end", {"with_period": True}).json()

    assert (paused["status"], paused["paused_on"]) == ("paused", day)
    assert again.status_code == 422
    assert (resumed["status"], resumed["paused_on"], resumed["renews_on"]) == ("active", None, row["renews_on"])
    assert (ending["status"], ending["ends_on"]) == ("active", row["renews_on"])
    assert (row["renews_itself"], ending["operation_id"] != resumed["operation_id"]) == (True, True)


def test_what_a_role_hides_stays_hidden(actor: Actor) -> None:
    order = make_order(make_customer(), line(unit_cost="5"))
    rules = RecordRules(actor.role.rules("order").actions, {"margin": FieldAccess.HIDDEN})
    blind = replace(actor, role=replace(actor.role, records={**actor.role.records, "order": rules}))

    shown = as_data(whole_order(actor=blind, order_id=order.pk), actor=blind)

    assert "margin" not in shown
    assert "cost" not in shown
    assert "unit_cost" not in shown["lines"][0]
