"""Where an order stands and what can be done with it, from what happened to it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from rapport.stores.commerce.rules.money import ZERO
from rapport.stores.commerce.types import Act, Delivery, Status


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    id: str
    quantity: Decimal
    needs_shipping: bool = True
    shipped: Decimal = ZERO
    returned: Decimal = ZERO

    @property
    def to_ship(self) -> Decimal:
        return max(ZERO, self.quantity - self.shipped) if self.needs_shipping else ZERO

    @property
    def to_return(self) -> Decimal:
        """Goods come back after they left; a service can be handed back at any time."""
        return max(ZERO, (self.shipped if self.needs_shipping else self.quantity) - self.returned)


@dataclass(frozen=True, kw_only=True)
class Facts:
    total: Decimal
    placed_at: datetime | None = None
    cancelled_at: datetime | None = None
    paid: Decimal = ZERO
    refunded: Decimal = ZERO
    lines: Sequence[LineFacts] = ()
    shipments: int = 0
    delivered: int = 0  # of the shipments

    @property
    def due(self) -> Decimal:
        return max(ZERO, self.total - self.paid)

    @property
    def refundable(self) -> Decimal:
        return max(ZERO, self.paid - self.refunded)

    @property
    def has_goods(self) -> bool:
        return any(line.needs_shipping for line in self.lines)

    @property
    def all_shipped(self) -> bool:
        return not any(line.to_ship for line in self.lines)

    @property
    def all_returned(self) -> bool:
        return bool(self.lines) and all(line.returned >= line.quantity for line in self.lines)


def status_of(facts: Facts) -> Status:
    """Cart, placed, paid, shipped, completed (paid and arrived, or nothing to ship), cancelled, returned (all of it)."""
    if facts.cancelled_at:
        return Status.CANCELLED
    if facts.placed_at is None:
        return Status.CART
    if facts.all_returned:
        return Status.RETURNED
    is_paid = facts.paid >= facts.total
    arrived = delivery_of(facts) in (Delivery.NOTHING, Delivery.DELIVERED)
    if is_paid and arrived:
        return Status.COMPLETED
    if facts.has_goods and facts.all_shipped:
        return Status.SHIPPED
    return Status.PAID if is_paid else Status.PLACED


def delivery_of(facts: Facts) -> Delivery:
    if not facts.has_goods:
        return Delivery.NOTHING
    if not any(line.shipped for line in facts.lines):
        return Delivery.OPEN
    if not facts.all_shipped:
        return Delivery.PART
    return Delivery.DELIVERED if facts.shipments and facts.delivered == facts.shipments else Delivery.UNDER_WAY


def refusal(act: Act, facts: Facts) -> str:
    """Why this can't be done now; empty when it can."""
    if act in (Act.SAVE_CART, Act.PLACE):
        return "" if facts.placed_at is None and not facts.cancelled_at else _("This order was placed already.")
    if facts.cancelled_at and act is not Act.REFUND:
        return _("This order was cancelled.")
    if act is Act.CANCEL:
        return _cancel_refusal(facts)
    if facts.placed_at is None:
        return _("This is a cart. Place the order first.")
    if act is Act.PAY and not facts.due:
        return _("This order is paid.")
    if act is Act.SHIP and facts.all_shipped:
        return _("Nothing is left to ship.")
    if act is Act.DELIVER and facts.delivered >= facts.shipments:
        return _("Everything that was shipped has arrived.")
    if act is Act.RETURN and not any(line.to_return for line in facts.lines):
        return _("Nothing of this order is with the customer.")
    if act is Act.REFUND and not facts.refundable:
        return _("Nothing was paid that is not refunded yet.")
    return ""


def _cancel_refusal(facts: Facts) -> str:
    if any(line.shipped > line.returned for line in facts.lines if line.needs_shipping):
        return _("Goods of this order are on their way or with the customer. Record their return instead.")
    return ""


def possible(facts: Facts) -> frozenset[Act]:
    """All that can be done now."""
    return frozenset(act for act in Act if not refusal(act, facts))


def quantity_problems(
    wanted: Mapping[str, Decimal], available: Mapping[str, Decimal], *, more_than: str
) -> dict[str, str]:
    """What is wrong with quantities to ship or to take back, by line id. `more_than` takes {n}."""
    found: dict[str, str] = {}
    for line_id, quantity in wanted.items():
        most = available.get(line_id)
        if most is None:
            found[line_id] = _("This order has no such line.")
        elif quantity < 0:
            found[line_id] = _("A quantity can't be negative.")
        elif quantity > most:
            found[line_id] = more_than.format(n=_plain(most))
    if not found and not any(wanted.values()):
        found["items"] = _("Say how many of at least one line.")
    return found


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
