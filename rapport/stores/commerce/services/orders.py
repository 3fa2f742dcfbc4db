"""Carts and orders: what people do with them. Each act is an operation, and an order's acts stand in the ledger too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Order, OrderLine, Return, Shipment
from rapport.stores.commerce.queries.drafts import drafted
from rapport.stores.commerce.services.numbers import next_number
from rapport.stores.commerce.services.states import (
    DERIVED,
    OrderState,
    Part,
    fill,
    said_lines,
    searchable,
)
from rapport.stores.commerce.services.telling import placed_item, tell, tell_many
from rapport.stores.commerce.types import ORDER, SOURCE, Act
from rapport.stores.customers.queries.customers import get_customer

CHANGED = ("status", "delivery", "placed_at", "cancelled_at", "cancel_reason", "paid", "refunded")
SOLD_THROUGH = "shop"  # the channel of what happens to an order after it was placed, unless it has a better one


@transaction.atomic
def save_cart(
    *, actor: Actor, customer_id: UUID, raw: Mapping[str, Any], order_id: UUID | None = None
) -> tuple[Order, Operation]:
    """Begin a cart, or change what is in one. Errors: NotFound, NotAllowed, Invalid."""
    written = _written(actor, customer_id, raw, order_id, Act.SAVE_CART)
    if written.before:
        after = {**values_now(written.order), "order_lines": said_lines(written.order, written.lines)}
        _note_change(written.operation, written.order, written.before, after)
    return written.order, written.operation


@transaction.atomic
def place_order(
    *, actor: Actor, customer_id: UUID, raw: Mapping[str, Any], order_id: UUID | None = None
) -> tuple[Order, Operation]:
    """Place an order for a customer, or a cart as it is in `raw`. Errors: NotFound, NotAllowed, Invalid."""
    written = _written(actor, customer_id, raw, order_id, Act.PLACE)
    _place(actor, written)
    return written.order, written.operation


@transaction.atomic
def place_cart(*, actor: Actor, order_id: UUID) -> tuple[Order, Operation]:
    """Place a cart as it stands. Errors: NotFound, NotAllowed, Invalid."""
    order = policies.lock_order(actor, order_id)
    lines = list(order.lines.order_by("position"))
    if not lines:
        raise Invalid({"lines": _("An order needs at least one line.")})
    operation = open_operation(actor, Act.PLACE, ORDER, label=order.number)
    _place(actor, _Written(order, operation, lines, clock.now(), values_now(order)))
    return order, operation


@transaction.atomic
def pay_order(
    *,
    actor: Actor,
    order_id: UUID,
    amount: Decimal,
    at: datetime | None = None,
    method: str = "",
    reference: str = "",
) -> tuple[Order, Operation]:
    """Record money that came in. Errors: NotFound, NotAllowed, Invalid."""
    now = clock.now()

    def act(state: OrderState) -> Part:
        return state.pay(amount=amount, at=at or now, now=now, method=method, reference=reference)

    return _acted(actor, order_id, Act.PAY, act, channel="payment", direction="in", amount=amount, method=method)


@transaction.atomic
def refund_order(
    *, actor: Actor, order_id: UUID, amount: Decimal, at: datetime | None = None, reason: str = ""
) -> tuple[Order, Operation]:
    """Record money that went back; no more than was paid. Errors: NotFound, NotAllowed, Invalid."""
    now = clock.now()

    def act(state: OrderState) -> Part:
        return state.refund(amount=amount, at=at or now, now=now, reason=reason)

    return _acted(actor, order_id, Act.REFUND, act, channel="payment", direction="out", amount=amount, reason=reason)


@transaction.atomic
def ship_order(
    *,
    actor: Actor,
    order_id: UUID,
    items: Mapping[str, Decimal] | None = None,
    at: datetime | None = None,
    carrier: str = "",
    tracking: str = "",
    ship_to: Mapping[str, Any] | None = None,
    promised_on: date | None = None,
) -> tuple[Order, Operation]:
    """Record what left: `items` by line id, or everything that is left. Errors: NotFound, NotAllowed, Invalid."""
    now = clock.now()

    def act(state: OrderState) -> Part:
        return state.ship(
            items=items, at=at or now, now=now, carrier=carrier, tracking=tracking, ship_to=ship_to,
            promised_on=promised_on,
        )  # fmt: skip

    return _acted(
        actor, order_id, Act.SHIP, act, channel="shipping", direction="out", carrier=carrier, tracking=tracking
    )


@transaction.atomic
def deliver_shipment(
    *, actor: Actor, order_id: UUID, shipment_id: UUID | None = None, at: datetime | None = None
) -> tuple[Order, Operation]:
    """Record that a shipment arrived. Errors: NotFound, NotAllowed, Invalid."""
    now = clock.now()

    def act(state: OrderState) -> Part:
        return state.deliver(at=at or now, now=now, shipment_id=shipment_id)

    return _acted(actor, order_id, Act.DELIVER, act, channel="shipping", direction="out")


@transaction.atomic
def return_goods(
    *,
    actor: Actor,
    order_id: UUID,
    items: Mapping[str, Decimal] | None = None,
    at: datetime | None = None,
    reason: str = "",
) -> tuple[Order, Operation]:
    """Record what came back. What is paid back for it is a refund. Errors: NotFound, NotAllowed, Invalid."""
    now = clock.now()

    def act(state: OrderState) -> Part:
        return state.take_back(items=items, at=at or now, now=now, reason=reason)

    return _acted(actor, order_id, Act.RETURN, act, channel="shipping", direction="in", reason=reason)


@transaction.atomic
def cancel_order(*, actor: Actor, order_id: UUID, reason: str = "") -> tuple[Order, Operation]:
    """Errors: NotFound, NotAllowed, Invalid."""
    now = clock.now()

    def act(state: OrderState) -> None:
        state.cancel(at=now, now=now, reason=reason)

    return _acted(actor, order_id, Act.CANCEL, act, channel="", direction="none", reason=reason)


# The beats they share


@dataclass(frozen=True)
class _Written:
    """An order just saved as a cart; `before` is empty when it is new."""

    order: Order
    operation: Operation
    lines: Sequence[OrderLine]
    at: datetime
    before: Mapping[str, Any]


def _written(actor: Actor, customer_id: UUID, raw: Mapping[str, Any], order_id: UUID | None, act: Act) -> _Written:
    """The order with the lines of `raw`, saved as a cart."""
    now = clock.now()
    before: dict[str, Any] = {}
    if order_id is None:
        record_policies.require(actor, Action.CREATE, ORDER)
        customer = get_customer(actor=actor, customer_id=customer_id)
        order = Order(customer_id=customer.pk, currency="", source=SOURCE, at=now)
        was_there: list[OrderLine] = []
    else:
        order = policies.lock_order(actor, order_id)
        was_there = list(order.lines.order_by("position"))
        OrderState(order, was_there).require(act)
        before = {**values_now(order), "order_lines": said_lines(order, was_there)}
    draft, problems = drafted(raw, now=now)
    number = draft.number or order.number
    if number and problems == {} and _taken(number, order.pk):
        problems = {
            "number": _("There is an order %(number)s already. Choose another number, or leave it empty.")
            % {"number": number}
        }
    if problems:
        raise Invalid(problems)
    order.number = number or next_number("O")
    lines = fill(order, draft)
    order.at = draft.placed_at or order.at
    order.search = searchable(order, lines)
    operation = open_operation(actor, act, ORDER, label=order.number)
    _save_lines(order, lines, operation, is_new=order_id is None)
    if order_id is None:
        count(operation, created=1)
    return _Written(order, operation, lines, draft.placed_at or now, before)


def _save_lines(order: Order, lines: Sequence[OrderLine], operation: Operation, *, is_new: bool) -> None:
    OrderState(order, lines).settle()
    if is_new:
        order.operation_id = operation.id
        order.created_at = order.updated_at = clock.now()
        order.save(force_insert=True)
    else:
        order.lines.all().delete()
        order.updated_at, order.version = clock.now(), order.version + 1
        order.save()
    OrderLine.objects.bulk_create(lines)


def _place(actor: Actor, written: _Written) -> None:
    order, operation, lines, at = written.order, written.operation, written.lines, written.at
    OrderState(order, lines).place(at=at)
    (order.touchpoint_id,) = tell_many(actor=actor, operation=operation, items=[placed_item(order, lines, actor)])
    order.updated_at, order.version = clock.now(), order.version + 1
    order.save()
    if written.before:
        after = values_now(order)
        if "order_lines" in written.before:
            after["order_lines"] = said_lines(order, lines)
        _note_change(operation, order, written.before, after)


def _acted(
    actor: Actor,
    order_id: UUID,
    act: Act,
    do: Callable[[OrderState], Part | None],
    *,
    channel: str,
    direction: str,
    amount: Decimal | None = None,
    **properties: str,
) -> tuple[Order, Operation]:
    """Lock, decide, save, write it down, tell the ledger."""
    order = policies.lock_order(actor, order_id)
    state = OrderState(order, order.lines.order_by("position"), order.shipments.order_by("at", "id"))
    before = values_now(order)
    part: Part | None = do(state)
    operation = open_operation(actor, act, ORDER, label=order.number)
    at = order.cancelled_at if part is None else part.at
    if isinstance(part, Shipment) and act is Act.DELIVER:
        at, part.delivered_operation_id = part.delivered_at, operation.id
    elif part is not None:
        part.operation_id = operation.id
    said: dict[str, Any] = {"number": order.number, "order": order.number} | {k: v for k, v in properties.items() if v}
    if isinstance(part, Shipment | Return):
        said["lines"] = _items_said(state, part.items)
    touchpoint_id = None
    if order.placed_at:  # what becomes of a cart is no meeting with the customer
        touchpoint_id = tell(
            actor=actor, operation=operation, customer_id=order.customer_id, kind=act,
            source_id=f"{order.pk}:{operation.id}", at=at or clock.now(), channel=channel or order.channel or SOLD_THROUGH,
            direction=direction, amount=amount, currency=order.currency, properties=said,
        )  # fmt: skip
    if part is not None:
        if isinstance(part, Shipment) and act is Act.DELIVER:
            part.delivered_touchpoint_id = touchpoint_id
        else:
            part.touchpoint_id = touchpoint_id
        part.save()
    _save_state(order, state.lines if isinstance(part, Shipment | Return) else ())
    after = values_now(order)
    if part is not None:
        after[_PART_NAMES[act]] = described(act, part, order)
    _note_change(operation, order, before, after)
    return order, operation


_PART_NAMES = {
    Act.PAY: "order_payment",
    Act.SHIP: "order_shipment",
    Act.DELIVER: "order_delivery",
    Act.RETURN: "order_return",
    Act.REFUND: "order_refund",
}


def described(act: Act, part: Part, order: Order) -> dict[str, Any]:
    """A part of the order in the JSON form that history keeps."""
    at = part.delivered_at if isinstance(part, Shipment) and act is Act.DELIVER else part.at
    said: dict[str, Any] = {"at": codec.encode(at)}
    for name in ("method", "reference", "carrier", "tracking", "reason"):
        if value := getattr(part, name, ""):
            said[name] = value
    if not isinstance(part, Shipment | Return):
        said |= {"amount": codec.encode(part.amount), "currency": order.currency}
    return said


def _items_said(state: OrderState, items: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"sku": line.sku, "name": line.name, "quantity": items[str(line.pk)]}
        for line in state.lines
        if str(line.pk) in items
    ]


def _save_state(order: Order, lines: Sequence[OrderLine]) -> None:
    order.updated_at, order.version = clock.now(), order.version + 1
    order.save(update_fields=[*DERIVED, "updated_at", "version"])
    if lines:
        OrderLine.objects.bulk_update(lines, ["shipped", "returned"])


def values_now(order: Order) -> dict[str, Any]:
    """What history shows of an order's state, in JSON form."""
    return {name: codec.encode(getattr(order, name)) for name in (*CHANGED, "total")}


def _note_change(operation: Operation, order: Order, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    change = (order.pk, {name: before.get(name) for name in names}, {name: after.get(name) for name in names})
    record_changes(operation, "updated", [change])
    count(operation, updated=1)


def _taken(number: str, order_id: UUID) -> bool:
    return Order.objects.filter(number=number, deleted_at=None).exclude(pk=order_id).exists()
