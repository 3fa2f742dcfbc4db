"""Products, orders with what happens to them, and subscriptions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from ninja import Body, Query, Router, Schema, Status
from pydantic import AwareDatetime

from rapport.foundation.records import policies
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.services import records
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action
from rapport.integrations.api.auth import ApiRequest
from rapport.integrations.api.listing import list_page
from rapport.integrations.api.representation import as_json, chosen_fields
from rapport.stores.commerce.queries.customer_orders import as_data, orders_of, whole_order
from rapport.stores.commerce.services import orders, subscriptions
from rapport.stores.commerce.types import ORDER, PRODUCT, SUBSCRIPTION
from rapport.stores.customers.queries.customers import all_ids, get_customer

router = Router()
PRODUCTS, ORDERS, SUBSCRIPTIONS = ["Products"], ["Orders"], ["Subscriptions"]
Values = Body(..., description="Values by field name")


class NewLine(Schema):
    """A product by `product_id` or `sku`, or what it is called. What is left out is taken from the product and price lists."""

    product_id: UUID | None = None
    sku: str | None = None
    name: str | None = None
    category: str | None = None
    needs_shipping: bool | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    discount: Decimal | None = None
    tax_rate: Decimal | None = None
    unit_cost: Decimal | None = None


class OrderContent(Schema):
    """`total`: what the source says it comes to; less than its lines is a discount, more is for shipping."""

    currency: str
    lines: list[NewLine]
    number: str | None = None
    channel: str | None = None
    placed_at: AwareDatetime | None = None
    discount: Decimal | None = None
    shipping: Decimal | None = None
    shipping_tax_rate: Decimal | None = None
    prices_include_tax: bool = True
    price_list_id: UUID | None = None
    total: Decimal | None = None
    ship_to: dict[str, str] | None = None
    notes: str | None = None

    def said(self) -> dict[str, Any]:
        """As rules.drafts takes it."""
        return self.model_dump(exclude_none=True, exclude={"customer_id", "is_cart"})


class NewOrder(OrderContent):
    """`is_cart`: it is not placed yet, and nothing of it stands in the customer's timeline."""

    customer_id: UUID
    is_cart: bool = False


class NewPayment(Schema):
    amount: Decimal
    at: AwareDatetime | None = None
    method: str = ""
    reference: str = ""


class NewRefund(Schema):
    amount: Decimal
    at: AwareDatetime | None = None
    reason: str = ""


class NewShipment(Schema):
    """`items`: quantities by line id; left out: everything that is left."""

    items: dict[str, Decimal] | None = None
    at: AwareDatetime | None = None
    carrier: str = ""
    tracking: str = ""
    promised_on: date | None = None
    ship_to: dict[str, str] | None = None


class Arrival(Schema):
    at: AwareDatetime | None = None


class NewReturn(Schema):
    """`items`: quantities by line id; left out: everything the customer has."""

    items: dict[str, Decimal] | None = None
    at: AwareDatetime | None = None
    reason: str = ""


class Cancellation(Schema):
    reason: str = ""


class NewSubscription(Schema):
    """`interval` is month, quarter or year; name and amount are taken from the product where they are left out.

    With `price_list_id` instead of an amount, each renewal costs what that list says on its day. One that `renews_itself`
    and started some time ago is renewed for each interval since then; false: you say when it was renewed.
    """

    customer_id: UUID
    interval: str
    currency: str
    product_id: UUID | None = None
    name: str = ""
    amount: Decimal | None = None
    quantity: Decimal = Decimal(1)
    started_on: date | None = None
    number: str = ""
    renews_itself: bool = True
    price_list_id: UUID | None = None


class Renewal(Schema):
    renewed_on: date | None = None


class Ending(Schema):
    """`with_period`: when what is paid for is used up, instead of on a day."""

    ended_on: date | None = None
    reason: str = ""
    with_period: bool = False


# Products


@router.get("/products", response=dict[str, Any], tags=PRODUCTS, operation_id="list_products")
def products(
    request: ApiRequest, where: str = "", q: str = "", view: UUID | None = None, sort: str = "", cursor: str = "",
    limit: int = Query(50, ge=1, le=500), fields: str = "",
) -> Any:  # fmt: skip
    """Products for which a condition holds, with the words `q`; see the list of customers."""
    return _listed(request, PRODUCT, "products", where, q, view, sort, cursor, limit, fields)


@router.post("/products", response={201: dict[str, Any]}, tags=PRODUCTS, operation_id="create_product")
def create_product(request: ApiRequest, payload: dict[str, Any] = Values) -> Any:
    """Create a product: name, sku, category (a path such as "Bikes / Cargo"), price, cost, currency, tax_percent."""
    made = records.create_record(actor=request.actor, record_type=PRODUCT, values=payload)
    return Status(201, as_json(request.actor, record_type(PRODUCT), made))


@router.get("/products/{product_id}", response=dict[str, Any], tags=PRODUCTS, operation_id="get_product")
def product(request: ApiRequest, product_id: UUID) -> Any:
    return as_json(request.actor, record_type(PRODUCT), policies.get_record(request.actor, PRODUCT, product_id))


@router.patch("/products/{product_id}", response=dict[str, Any], tags=PRODUCTS, operation_id="update_product")
def update_product(request: ApiRequest, product_id: UUID, payload: dict[str, Any] = Values) -> Any:
    """Change some fields. Send `version` as you read it to be told (409) when somebody changed it meanwhile."""
    return _updated(request, PRODUCT, product_id, payload)


@router.delete("/products/{product_id}", response=dict[str, Any], tags=PRODUCTS, operation_id="bin_product")
def delete_product(request: ApiRequest, product_id: UUID) -> Any:
    """Put a product into the bin. Orders keep what they say of it."""
    policies.get_record(request.actor, PRODUCT, product_id, Action.DELETE)
    operation = records.bin_records(actor=request.actor, record_type=PRODUCT, ids=[product_id])
    return {"operation_id": str(operation.id) if operation else None}


# Orders


@router.get("/orders", response=dict[str, Any], tags=ORDERS, operation_id="list_orders")
def list_orders(
    request: ApiRequest, where: str = "", q: str = "", view: UUID | None = None, sort: str = "", cursor: str = "",
    limit: int = Query(50, ge=1, le=500), fields: str = "",
) -> Any:  # fmt: skip
    """Orders and carts, the latest first, without their lines; see the list of customers."""
    return _listed(request, ORDER, "orders", where, q, view, sort, cursor, limit, fields)


@router.get("/customers/{customer_id}/orders", response=dict[str, Any], tags=ORDERS, operation_id="customer_orders")
def of_customer(request: ApiRequest, customer_id: UUID, limit: int = Query(50, ge=1, le=200)) -> Any:
    """The latest orders of a customer with lines, payments and shipments, merged records included."""
    customer = get_customer(actor=request.actor, customer_id=customer_id)
    found = orders_of(actor=request.actor, ids=all_ids(customer.pk), limit=limit)
    return {"items": [as_data(order, actor=request.actor) for order in found]}


@router.post("/orders", response={201: dict[str, Any]}, tags=ORDERS, operation_id="create_order")
def create_order(request: ApiRequest, payload: NewOrder) -> Any:
    """Place an order, or begin a cart. Placing writes the `order_placed` touch point."""
    act = orders.save_cart if payload.is_cart else orders.place_order
    order, operation = act(actor=request.actor, customer_id=payload.customer_id, raw=payload.said())
    return Status(201, _order(request, order.pk, operation))


@router.get("/orders/{order_id}", response=dict[str, Any], tags=ORDERS, operation_id="get_order")
def order(request: ApiRequest, order_id: UUID) -> Any:
    """One order, whole: lines, payments, refunds, shipments and returns."""
    return _order(request, order_id)


@router.patch("/orders/{order_id}", response=dict[str, Any], tags=ORDERS, operation_id="update_order")
def update_order(request: ApiRequest, order_id: UUID, payload: dict[str, Any] = Values) -> Any:
    """Change notes, tags and fields of your own. What else an order holds follows from what happens to it."""
    return _updated(request, ORDER, order_id, payload)


@router.put("/orders/{order_id}/cart", response=dict[str, Any], tags=ORDERS, operation_id="change_cart")
def change_cart(request: ApiRequest, order_id: UUID, payload: OrderContent) -> Any:
    """Replace what is in a cart."""
    found = policies.get_record(request.actor, ORDER, order_id)
    changed, operation = orders.save_cart(
        actor=request.actor, customer_id=found.customer_id, order_id=order_id, raw=payload.said()
    )
    return _order(request, changed.pk, operation)


@router.post("/orders/{order_id}/place", response=dict[str, Any], tags=ORDERS, operation_id="place_order")
def place(request: ApiRequest, order_id: UUID) -> Any:
    """Place a cart as it stands."""
    placed, operation = orders.place_cart(actor=request.actor, order_id=order_id)
    return _order(request, placed.pk, operation)


@router.post("/orders/{order_id}/payments", response={201: dict[str, Any]}, tags=ORDERS, operation_id="pay_order")
def pay(request: ApiRequest, order_id: UUID, payload: NewPayment) -> Any:
    """Record a payment of what is still due, or part of it."""
    paid, operation = orders.pay_order(actor=request.actor, order_id=order_id, **payload.model_dump())
    return Status(201, _order(request, paid.pk, operation))


@router.post("/orders/{order_id}/refunds", response={201: dict[str, Any]}, tags=ORDERS, operation_id="refund_order")
def refund(request: ApiRequest, order_id: UUID, payload: NewRefund) -> Any:
    """Record money paid back; no more than was paid."""
    refunded, operation = orders.refund_order(actor=request.actor, order_id=order_id, **payload.model_dump())
    return Status(201, _order(request, refunded.pk, operation))


@router.post("/orders/{order_id}/shipments", response={201: dict[str, Any]}, tags=ORDERS, operation_id="ship_order")
def ship(request: ApiRequest, order_id: UUID, payload: NewShipment) -> Any:
    """Record what left, by line, or everything that is left."""
    shipped, operation = orders.ship_order(actor=request.actor, order_id=order_id, **payload.model_dump())
    return Status(201, _order(request, shipped.pk, operation))


@router.post(
    "/orders/{order_id}/shipments/{shipment_id}/delivered",
    response=dict[str, Any],
    tags=ORDERS,
    operation_id="deliver_shipment",
)
def deliver(request: ApiRequest, order_id: UUID, shipment_id: UUID, payload: Arrival) -> Any:
    """Record that a shipment arrived."""
    delivered, operation = orders.deliver_shipment(
        actor=request.actor, order_id=order_id, shipment_id=shipment_id, at=payload.at
    )
    return _order(request, delivered.pk, operation)


@router.post("/orders/{order_id}/returns", response={201: dict[str, Any]}, tags=ORDERS, operation_id="return_goods")
def take_back(request: ApiRequest, order_id: UUID, payload: NewReturn) -> Any:
    """Record what came back, by line, or everything. What is paid back for it is a refund."""
    returned, operation = orders.return_goods(actor=request.actor, order_id=order_id, **payload.model_dump())
    return Status(201, _order(request, returned.pk, operation))


@router.post("/orders/{order_id}/cancel", response=dict[str, Any], tags=ORDERS, operation_id="cancel_order")
def cancel(request: ApiRequest, order_id: UUID, payload: Cancellation) -> Any:
    """Cancel an order of which nothing is with the customer."""
    cancelled, operation = orders.cancel_order(actor=request.actor, order_id=order_id, reason=payload.reason)
    return _order(request, cancelled.pk, operation)


# Subscriptions


@router.get("/subscriptions", response=dict[str, Any], tags=SUBSCRIPTIONS, operation_id="list_subscriptions")
def list_subscriptions(
    request: ApiRequest, where: str = "", q: str = "", view: UUID | None = None, sort: str = "", cursor: str = "",
    limit: int = Query(50, ge=1, le=500), fields: str = "",
) -> Any:  # fmt: skip
    """Subscriptions; see the list of customers."""
    return _listed(request, SUBSCRIPTION, "subscriptions", where, q, view, sort, cursor, limit, fields)


@router.post("/subscriptions", response={201: dict[str, Any]}, tags=SUBSCRIPTIONS, operation_id="start_subscription")
def start(request: ApiRequest, payload: NewSubscription) -> Any:
    row, operation = subscriptions.start_subscription(actor=request.actor, **payload.model_dump())
    return Status(201, _subscription(request, row, operation))


@router.get(
    "/subscriptions/{subscription_id}", response=dict[str, Any], tags=SUBSCRIPTIONS, operation_id="get_subscription"
)
def subscription(request: ApiRequest, subscription_id: UUID) -> Any:
    return _subscription(request, policies.get_record(request.actor, SUBSCRIPTION, subscription_id))


@router.post(
    "/subscriptions/{subscription_id}/renew",
    response=dict[str, Any],
    tags=SUBSCRIPTIONS,
    operation_id="renew_subscription",
)
def renew(request: ApiRequest, subscription_id: UUID, payload: Renewal) -> Any:
    """Another interval begins."""
    row, operation = subscriptions.renew_subscription(
        actor=request.actor, subscription_id=subscription_id, renewed_on=payload.renewed_on
    )
    return _subscription(request, row, operation)


@router.post(
    "/subscriptions/{subscription_id}/pause",
    response=dict[str, Any],
    tags=SUBSCRIPTIONS,
    operation_id="pause_subscription",
)
def pause(request: ApiRequest, subscription_id: UUID) -> Any:
    """What is paid for runs on to its end; nothing is renewed until it is resumed."""
    row, operation = subscriptions.pause_subscription(actor=request.actor, subscription_id=subscription_id)
    return _subscription(request, row, operation)


@router.post(
    "/subscriptions/{subscription_id}/resume",
    response=dict[str, Any],
    tags=SUBSCRIPTIONS,
    operation_id="resume_subscription",
)
def resume(request: ApiRequest, subscription_id: UUID) -> Any:
    """It goes on after a pause, or after all though its end was set."""
    row, operation = subscriptions.resume_subscription(actor=request.actor, subscription_id=subscription_id)
    return _subscription(request, row, operation)


@router.post(
    "/subscriptions/{subscription_id}/end", response=dict[str, Any], tags=SUBSCRIPTIONS, operation_id="end_subscription"
)
def end(request: ApiRequest, subscription_id: UUID, payload: Ending) -> Any:
    row, operation = subscriptions.end_subscription(
        actor=request.actor, subscription_id=subscription_id, **payload.model_dump()
    )
    return _subscription(request, row, operation)


def _listed(
    request: ApiRequest, name: str, page: str, where: str, q: str, view: UUID | None, sort: str, cursor: str, limit: int, fields: str,
) -> dict[str, Any]:  # fmt: skip
    found = list_page(request.actor, page, where=where, words=q, view=view, sort=sort, cursor=cursor, limit=limit)
    declared = record_type(name)
    wanted = chosen_fields(declared, fields)
    return {
        "items": [as_json(request.actor, declared, record, wanted) for record in found.records],
        "next_cursor": found.next_cursor,
    }


def _updated(request: ApiRequest, name: str, record_id: UUID, payload: dict[str, Any]) -> dict[str, Any]:
    values = dict(payload)
    version = values.pop("version", None)
    if version is not None and not isinstance(version, int):
        raise Invalid({"version": "This must be a number, as you read it."})
    record, operation = records.update_record(
        actor=request.actor, record_type=name, record_id=record_id, values=values, expected_version=version
    )
    shown = as_json(request.actor, record_type(name), record)
    return {**shown, "operation_id": str(operation.id) if operation else None}


def _order(request: ApiRequest, order_id: UUID, operation: Any = None) -> dict[str, Any]:
    shown = as_data(whole_order(actor=request.actor, order_id=order_id), actor=request.actor)
    return {**shown, "operation_id": str(operation.id)} if operation else shown


def _subscription(request: ApiRequest, row: Any, operation: Any = None) -> dict[str, Any]:
    shown = as_json(request.actor, record_type(SUBSCRIPTION), row)
    return {**shown, "operation_id": str(operation.id)} if operation else shown
