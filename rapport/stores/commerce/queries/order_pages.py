"""What the page of one order shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Value

from rapport.foundation.records import policies as record_policies
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Order, OrderLine, Return, Shipment
from rapport.stores.commerce.rules.states import Facts, LineFacts, possible
from rapport.stores.commerce.types import ORDER, Act

NEXT = (Act.PLACE, Act.SHIP, Act.DELIVER, Act.PAY)  # what is usually next, first


@dataclass(frozen=True)
class LineRow:
    """A line as the page shows it."""

    line: OrderLine
    left_to_ship: Decimal
    may_come_back: Decimal

    @property
    def discount(self) -> Decimal:
        return self.line.discount + self.line.order_share


@dataclass(frozen=True)
class Moved:
    """A shipment or return, with what was in it."""

    part: Shipment | Return
    items: Sequence[tuple[str, Decimal]]  # name and quantity

    @property
    def is_shipment(self) -> bool:
        return isinstance(self.part, Shipment)

    @property
    def is_under_way(self) -> bool:
        return isinstance(self.part, Shipment) and self.part.delivered_at is None


@dataclass(frozen=True)
class Settled:
    """A payment or a refund. `said`: how it was paid, or why it was given back."""

    at: datetime
    amount: Decimal
    said: str
    reference: str
    is_refund: bool


@dataclass(frozen=True)
class OrderPage:
    order: Order
    rows: Sequence[LineRow]
    moves: Sequence[Moved]
    settled: Sequence[Settled]  # payments, then refunds
    facts: Facts
    acts: frozenset[Act]  # what the actor can do now
    sees_margin: bool = True

    @property
    def due(self) -> Decimal:
        return self.facts.due

    @property
    def next_act(self) -> Act | None:
        return next((act for act in NEXT if act in self.acts), None)

    @property
    def unknown_costs(self) -> int:
        return sum(row.line.unit_cost is None for row in self.rows)

    @property
    def margin_share(self) -> Decimal | None:
        order = self.order
        return order.margin / order.net if order.margin is not None and order.net else None

    def can(self) -> Mapping[str, bool]:
        return {act.name.lower(): act in self.acts for act in Act}


def order_page(*, actor: Actor, order: Order) -> OrderPage:
    """Four queries. The order is visible."""
    lines = list(order.lines.order_by("position"))
    shipments, returns = list(order.shipments.order_by("at", "id")), list(order.returns.order_by("at", "id"))
    facts = facts_of(order, lines, shipments)
    both: list[Shipment | Return] = [*shipments, *returns]
    moved = sorted(both, key=lambda part: (part.at, part.pk))
    by_id = {str(line.pk): line.name for line in lines}
    may = record_policies.may_on(actor, Action.UPDATE, ORDER, order)
    return OrderPage(
        order=order,
        rows=[LineRow(line, each.to_ship, each.to_return) for line, each in zip(lines, facts.lines, strict=True)],
        moves=[Moved(part, [(by_id.get(key, key), Decimal(n)) for key, n in part.items.items()]) for part in moved],
        settled=_settled(order),
        facts=facts,
        acts=possible(facts) if may else frozenset(),
        sees_margin=policies.sees_margin(actor),
    )


def _settled(order: Order) -> list[Settled]:
    paid = order.payments.values_list("at", "amount", "method", "reference", Value(False), "id")
    refunded = order.refunds.values_list("at", "amount", "reason", Value(""), Value(True), "id")
    both = sorted(paid.union(refunded, all=True), key=lambda row: (row[4], row[0], row[5]))
    return [Settled(*row[:5]) for row in both]


def facts_of(order: Order, lines: Sequence[OrderLine], shipments: Sequence[Shipment]) -> Facts:
    return Facts(
        total=order.total,
        placed_at=order.placed_at,
        cancelled_at=order.cancelled_at,
        paid=order.paid,
        refunded=order.refunded,
        lines=[
            LineFacts(
                id=str(line.pk),
                quantity=line.quantity,
                needs_shipping=line.needs_shipping,
                shipped=line.shipped,
                returned=line.returned,
            )
            for line in lines
        ],
        shipments=len(shipments),
        delivered=sum(one.delivered_at is not None for one in shipments),
    )
