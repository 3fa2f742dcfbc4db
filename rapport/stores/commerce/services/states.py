"""One order in memory with all that happened to it: what is done to it is decided by the rules and noted here.

Saved one by one when a person acts, and in bulk when touch points tell of many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.lib.text import folded
from rapport.foundation.workspace.errors import Invalid
from rapport.stores.commerce.models import Order, OrderLine, Payment, Refund, Return, Shipment
from rapport.stores.commerce.queries.order_pages import facts_of
from rapport.stores.commerce.rules import drafts
from rapport.stores.commerce.rules.drafts import Draft
from rapport.stores.commerce.rules.money import ZERO
from rapport.stores.commerce.rules.states import (
    Facts,
    delivery_of,
    quantity_problems,
    refusal,
    status_of,
)
from rapport.stores.commerce.types import Act

Part = Payment | Refund | Shipment | Return
DERIVED = (
    "status",
    "delivery",
    "paid",
    "refunded",
    "cancelled_at",
    "cancel_reason",
    "placed_at",
    "at",
    "touchpoint_id",
)


class OrderState:
    """`strict` false: what is told has happened already, so less is refused."""

    def __init__(
        self, order: Order, lines: Iterable[OrderLine], shipments: Iterable[Shipment] = (), *, strict: bool = True
    ) -> None:
        self.order, self.lines, self.shipments = order, list(lines), list(shipments)
        self.strict = strict

    # Facts

    def facts(self) -> Facts:
        return facts_of(self.order, self.lines, self.shipments)

    def settle(self) -> None:
        facts = self.facts()
        self.order.status, self.order.delivery = status_of(facts), delivery_of(facts)

    def require(self, act: Act) -> None:
        if reason := refusal(act, self.facts()):
            raise Invalid({"order": reason})

    # Acts

    def place(self, *, at: datetime) -> None:
        self.require(Act.PLACE)
        self.order.placed_at = self.order.at = at
        self.settle()

    def pay(self, *, amount: Decimal, at: datetime, now: datetime, method: str = "", reference: str = "") -> Payment:
        if self.strict:
            self.require(Act.PAY)
        most = self.facts().due if self.strict else None
        self._check_money(amount, at, now, most, _("Only %(most)s %(currency)s is left to pay."))
        self.order.paid += amount
        self.settle()
        return Payment(order=self.order, at=at, amount=amount, method=method[:80], reference=reference[:120])

    def refund(self, *, amount: Decimal, at: datetime, now: datetime, reason: str = "") -> Refund:
        """Never more than was paid and not refunded yet; an order nobody told a payment of may be refunded its total."""
        facts = self.facts()
        if self.strict:
            self.require(Act.REFUND)
        most = facts.refundable if self.strict or facts.paid else max(ZERO, facts.total - facts.refunded)
        self._check_money(amount, at, now, most, _("No more than %(most)s %(currency)s can be refunded."))
        self.order.refunded += amount
        self.settle()
        return Refund(order=self.order, at=at, amount=amount, reason=reason[:240])

    def ship(
        self,
        *,
        items: Mapping[str, Decimal] | None,
        at: datetime,
        now: datetime,
        carrier: str = "",
        tracking: str = "",
        ship_to: Mapping[str, Any] | None = None,
        promised_on: date | None = None,
    ) -> Shipment:
        """`items` by line id; None: everything that is left."""
        self.require(Act.SHIP)
        self._check_instant(at, now)
        left = {line.id: line.to_ship for line in self.facts().lines}
        wanted = self._items(items, left, _("Only {n} of this are left to ship."))
        for line in self.lines:
            line.shipped += wanted.get(str(line.pk), ZERO)
        shipment = Shipment(
            order=self.order,
            at=at,
            items=_as_json(wanted),
            carrier=carrier[:120],
            tracking=tracking[:120],
            ship_to=dict(ship_to if ship_to is not None else self.order.ship_to),
            promised_on=promised_on,
        )
        self.shipments.append(shipment)
        self.settle()
        return shipment

    def deliver(self, *, at: datetime, now: datetime, shipment_id: UUID | None = None) -> Shipment:
        """The shipment named, or the first that is still under way."""
        self.require(Act.DELIVER)
        self._check_instant(at, now)
        for shipment in self.shipments:
            if shipment.delivered_at is None and shipment_id in (None, shipment.pk):
                if at < shipment.at:
                    if self.strict:
                        raise Invalid({"at": _("This is before it was shipped.")})
                    at = shipment.at
                shipment.delivered_at = at
                self.settle()
                return shipment
        raise Invalid({"shipment": _("There is no such shipment under way.")})

    def take_back(
        self, *, items: Mapping[str, Decimal] | None, at: datetime, now: datetime, reason: str = ""
    ) -> Return:
        """`items` by line id; None: everything the customer has."""
        self.require(Act.RETURN)
        self._check_instant(at, now)
        out = {line.id: line.to_return for line in self.facts().lines}
        wanted = self._items(items, out, _("Only {n} of this can come back."))
        for line in self.lines:
            line.returned += wanted.get(str(line.pk), ZERO)
        self.settle()
        return Return(order=self.order, at=at, items=_as_json(wanted), reason=reason[:240])

    def cancel(self, *, at: datetime, now: datetime, reason: str = "") -> None:
        if self.strict or self.order.cancelled_at:
            self.require(Act.CANCEL)
        self._check_instant(at, now)
        self.order.cancelled_at, self.order.cancel_reason = at, reason[:240]
        self.settle()

    def lines_by_sku(self, items: Mapping[str, Decimal] | None, *, returning: bool) -> dict[str, Decimal] | None:
        """Quantities by line id from quantities by SKU, filling one line after the other."""
        if items is None:
            return None
        found: dict[str, Decimal] = {}
        facts = {line.id: line for line in self.facts().lines}
        for sku, quantity in items.items():
            left = quantity
            own = [line for line in self.lines if line.sku == sku]
            for line in own:
                fact = facts[str(line.pk)]
                most = fact.to_return if returning else fact.to_ship
                taken = min(left, most) if line is not own[-1] else left
                if taken:
                    found[str(line.pk)] = taken
                left -= taken
            if not own:
                raise Invalid({"sku": _("The order has no line with the SKU %(sku)s.") % {"sku": sku[:80]}})
        return found

    def _items(
        self, items: Mapping[str, Decimal] | None, most: Mapping[str, Decimal], more_than: str
    ) -> dict[str, Decimal]:
        wanted = {line_id: left for line_id, left in most.items() if left} if items is None else dict(items)
        if problems := quantity_problems(wanted, most, more_than=more_than):
            raise Invalid({name if name == "items" else f"items.{name}": why for name, why in problems.items()})
        return {line_id: quantity for line_id, quantity in wanted.items() if quantity}

    def _check_money(self, amount: Decimal, at: datetime, now: datetime, most: Decimal | None, over: str) -> None:
        if reason := drafts.money_problem(amount, self.order.currency, most=most, over=over):
            raise Invalid({"amount": reason})
        self._check_instant(at, now)

    def _check_instant(self, at: datetime, now: datetime) -> None:
        before = self.order.placed_at if self.strict else None
        if reason := drafts.instant_problem(at, now=now, not_before=before):
            raise Invalid({"at": reason})


def _as_json(items: Mapping[str, Decimal]) -> dict[str, str]:
    return {line_id: format(quantity.normalize(), "f") for line_id, quantity in items.items()}


def fill(order: Order, draft: Draft) -> list[OrderLine]:
    """Put a completed draft into an order; returns its lines. Nothing is saved."""
    found = drafts.totals_of(draft)
    order.currency, order.channel = draft.currency, draft.channel
    order.prices_include_tax, order.price_list_id = draft.prices_include_tax, draft.price_list_id
    order.order_discount, order.shipping_said = draft.discount, draft.shipping
    order.shipping_tax_rate = draft.shipping_tax_rate or ZERO
    order.subtotal, order.discount = found.subtotal, found.discount
    order.net, order.tax, order.shipping, order.total = found.net, found.tax, found.shipping, found.total
    order.cost, order.margin = found.cost, found.margin
    order.ship_to = dict(draft.ship_to or {})
    if draft.notes:
        order.notes = draft.notes
    return [
        OrderLine(
            order=order,
            customer_id=order.customer_id,
            position=position,
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            category=line.category,
            needs_shipping=line.needs_shipping is not False,
            quantity=line.quantity,
            unit_price=line.unit_price or ZERO,
            discount=line.discount,
            order_share=sums.order_share,
            tax_rate=line.tax_rate or ZERO,
            net=sums.net,
            tax=sums.tax,
            unit_cost=line.unit_cost,
            cost=sums.cost,
            margin=sums.margin,
        )
        for position, (line, sums) in enumerate(zip(draft.lines, found.lines, strict=True))
    ]


def searchable(order: Order, lines: Iterable[OrderLine], customer: str = "") -> str:
    words = {line.sku for line in lines} | {line.name for line in lines}
    return folded(order.number, customer, *sorted(words))[:4000]


def said_lines(order: Order, lines: Iterable[OrderLine]) -> dict[str, Any]:
    """The order in the form that rules.drafts.read_draft takes: what history keeps of a cart, and a form begins with."""
    return {
        "currency": order.currency,
        "prices_include_tax": order.prices_include_tax,
        "discount": str(order.order_discount),
        "shipping": str(order.shipping_said),
        "shipping_tax_rate": str(order.shipping_tax_rate),
        "price_list_id": str(order.price_list_id) if order.price_list_id else None,
        "channel": order.channel,
        "ship_to": dict(order.ship_to),
        "lines": [
            {
                "product_id": str(line.product_id) if line.product_id else None,
                "sku": line.sku,
                "name": line.name,
                "category": line.category,
                "needs_shipping": line.needs_shipping,
                "quantity": format(line.quantity.normalize(), "f"),
                "unit_price": str(line.unit_price),
                "discount": str(line.discount),
                "tax_rate": str(line.tax_rate),
                "unit_cost": None if line.unit_cost is None else str(line.unit_cost),
            }
            for line in lines
        ],
        "total": str(order.total),
    }
