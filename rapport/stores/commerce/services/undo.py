"""Taking back what was done with orders: parts go, sums and state follow from what is left, the ledger is told."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.records.services.operations import record_changes
from rapport.foundation.workspace.errors import Conflict, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Order, OrderLine, Payment, Refund, Return, Shipment
from rapport.stores.commerce.queries.drafts import drafted
from rapport.stores.commerce.rules.money import ZERO
from rapport.stores.commerce.services.orders import values_now
from rapport.stores.commerce.services.states import OrderState, fill, searchable
from rapport.stores.commerce.services.telling import untell
from rapport.stores.commerce.types import SOURCE
from rapport.stores.ledger.services.corrections import restore_touchpoint

PARTS: tuple[Any, ...] = (Payment, Refund, Shipment, Return)


def undo_act(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler of all acts on orders. Errors: Conflict when something that came later rests on it."""
    removed = _remove_created(operation)
    restored = 0
    for change in Change.objects.filter(operation=operation):
        order = Order.objects.select_for_update().filter(pk=change.record_id, deleted_at=None).first()
        if order is not None:
            _take_back(order, change, operation, reverse)
            restored += 1
    untell(actor=actor, operation=operation)
    return {"restored": restored, "removed": removed, "kept": 0}


def _remove_created(operation: Operation) -> int:
    created = list(Order.objects.select_for_update().filter(operation_id=operation.id))
    for order in created:
        later = Change.objects.filter(record_id=order.pk).exclude(operation_id=operation.id)
        if later.filter(operation__undone_at=None).exclude(operation__kind="undo").exists():
            raise Conflict(
                _("Something was done with order %(number)s since. Take that back first.") % {"number": order.number}
            )
    remove_orders([order.pk for order in created])
    return len(created)


def remove_orders(ids: list[Any]) -> int:
    """Rows and all that hangs on them, in a few statements."""
    if not ids:
        return 0
    for model in (*PARTS, OrderLine):
        delete_at_once(model._default_manager.filter(order_id__in=ids))
    return delete_at_once(Order.objects.filter(pk__in=ids))


def _take_back(order: Order, change: Change, operation: Operation, reverse: Operation) -> None:
    was = values_now(order)
    for model in PARTS:
        model._default_manager.filter(order=order, operation_id=operation.id).delete()
    order.shipments.filter(delivered_operation_id=operation.id).update(
        delivered_at=None, delivered_operation_id=None, delivered_touchpoint_id=None
    )
    lines = list(order.lines.order_by("position"))
    before = change.before
    if "placed_at" in before and before["placed_at"] is None:
        if any(model._default_manager.filter(order=order).exists() for model in PARTS):
            raise Conflict(
                _("Something was done with order %(number)s since. Take that back first.") % {"number": order.number}
            )
        order.placed_at = order.touchpoint_id = None
        order.at = order.created_at
    if "cancelled_at" in before:
        order.cancelled_at = parse_datetime(before["cancelled_at"]) if before["cancelled_at"] else None
        order.cancel_reason = before.get("cancel_reason") or ""
    if "order_lines" in before:
        lines = _with_lines(order, before["order_lines"])
    recount(order, lines)
    order.updated_at, order.version = clock.now(), order.version + 1
    order.save()
    now = values_now(order)
    names = [name for name in now if now[name] != was[name]]
    record_changes(
        reverse, "updated", [(order.pk, {name: was[name] for name in names}, {name: now[name] for name in names})]
    )


def _with_lines(order: Order, said: dict[str, Any]) -> list[OrderLine]:
    draft, problems = drafted(said)
    if problems:
        raise Conflict(_("The cart can't be put back: a product it held is gone."))
    order.lines.all().delete()
    lines = fill(order, draft)
    order.search = searchable(order, lines)
    OrderLine.objects.bulk_create(lines)
    return lines


def recount(order: Order, lines: list[OrderLine]) -> None:
    """Sums, quantities and state from the parts there are. Errors: Conflict when they contradict each other."""
    shipments = list(order.shipments.order_by("at", "id"))
    returns = list(order.returns.all())
    for line in lines:
        key = str(line.pk)
        line.shipped = sum((_quantity(one.items, key) for one in shipments), ZERO)
        line.returned = sum((_quantity(one.items, key) for one in returns), ZERO)
        if line.needs_shipping and line.returned > line.shipped:
            raise Conflict(_("Some of it came back since. Take the return back first."))
    order.paid = order.payments.aggregate(sum=Sum("amount"))["sum"] or ZERO
    order.refunded = order.refunds.aggregate(sum=Sum("amount"))["sum"] or ZERO
    # Touch points may tell of a refund without ever having told of the payment.
    if order.refunded > (order.paid or (ZERO if order.source == SOURCE else order.total)):
        raise Conflict(_("Some of it was refunded since. Take the refund back first."))
    OrderLine.objects.bulk_update(lines, ["shipped", "returned"])
    OrderState(order, lines, shipments).settle()


def _quantity(items: dict[str, str], key: str) -> Decimal:
    return Decimal(items.get(key, "0"))


def put_lines_back(*, actor: Actor, change: Change, reverse: Operation) -> int:
    """An order whose lines an import replaced is as it was, and so is its touch point. 0: somebody worked on it since."""
    order = Order.objects.select_for_update().filter(pk=change.record_id, deleted_at=None).first()
    later = Change.objects.filter(record_id=change.record_id, id__gt=change.id, operation__undone_at=None)
    if order is None or "order_lines" not in change.before or later.exclude(operation__kind="undo").exists():
        return 0
    was = values_now(order)
    lines = _with_lines(order, change.before["order_lines"])
    if placed_at := parse_datetime(change.before.get("placed_at") or ""):
        order.placed_at = order.at = placed_at
    if before := change.before.get("touchpoint_id"):
        order.touchpoint_id = UUID(before)
        with suppress(NotFound):  # it was not taken back after all
            restore_touchpoint(
                actor=policies.teller(actor), customer_id=order.customer_id, touchpoint_id=order.touchpoint_id
            )
    recount(order, lines)
    order.updated_at, order.version = clock.now(), order.version + 1
    order.save()
    now = values_now(order)
    names = [name for name in now if now[name] != was[name]]
    record_changes(
        reverse, "updated", [(order.pk, {name: was[name] for name in names}, {name: now[name] for name in names})]
    )
    return 1
