"""What a touch point says of an order or a subscription, in the words other systems use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

ORDER_PLACED = "order_placed"
SHIPPED, COLLECTED, DELIVERED = "order_shipped", "order_collected", "order_delivered"
PAID, RETURNED, REFUNDED, CANCELLED = (
    frozenset({"order_paid", "invoice_paid"}),
    "order_returned",
    frozenset({"order_refunded", "refund_paid"}),
    "order_cancelled",
)
STARTED, RENEWED, ENDED = "subscription_started", "subscription_renewed", "subscription_ended"
FOLLOW_UPS = frozenset({SHIPPED, COLLECTED, DELIVERED, RETURNED, CANCELLED}) | PAID | REFUNDED
SUBSCRIPTIONS = frozenset({STARTED, RENEWED, ENDED})
KINDS = frozenset({ORDER_PLACED}) | FOLLOW_UPS | SUBSCRIPTIONS

_NUMBER_NAMES = ("number", "order_number", "order", "order_id")
_LINE_NAMES = {"price": "unit_price", "cost": "unit_cost", "title": "name", "product": "name", "qty": "quantity"}
_ADDRESS_NAMES = ("ship_to", "shipping_address")


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One touch point of the ledger."""

    id: UUID
    customer_id: UUID
    occurred_at: datetime
    channel: str
    kind: str
    source: str
    source_id: str
    amount: Decimal | None
    currency: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    batch_id: UUID | None = None

    @property
    def is_order(self) -> bool:
        return self.kind == ORDER_PLACED

    @property
    def number(self) -> str:
        """The number of the order (or subscription) it speaks of."""
        names = ("subscription", "number") if self.kind in SUBSCRIPTIONS else _NUMBER_NAMES
        for name in names:
            value = self.properties.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return " ".join(str(value).split())[:80]
        return " ".join(self.source_id.split())[:80] if self.is_order or self.kind == STARTED else ""

    def text(self, *names: str, most: int = 120) -> str:
        for name in names:
            value = self.properties.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return " ".join(str(value).split())[:most]
        return ""

    def day(self, name: str) -> date | None:
        value = self.properties.get(name)
        try:
            return date.fromisoformat(value[:10]) if isinstance(value, str) else None
        except ValueError:
            return None

    def decimal(self, name: str) -> Decimal | None:
        value = self.properties.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            return None
        return found if found.is_finite() else None

    def items(self) -> dict[str, Decimal] | None:
        """SKUs with quantities, where it speaks of a part of the order; None: of all that is left."""
        lines = self.properties.get("lines")
        if not isinstance(lines, list):
            sku = self.text("sku", most=80)
            return {sku: self.decimal("quantity") or Decimal(1)} if sku else None
        found: dict[str, Decimal] = {}
        for line in lines:
            if isinstance(line, Mapping) and line.get("sku"):
                try:
                    quantity = Decimal(str(line.get("quantity", 1)))
                except InvalidOperation:
                    quantity = Decimal(-1)  # refused where it is used
                sku = str(line["sku"])
                found[sku] = found.get(sku, Decimal(0)) + quantity
        return found


def draft_of(heard: Heard, *, home_currency: str) -> dict[str, Any]:
    """The order it tells of, as rules.drafts.read_draft takes it. Without a currency it is in the workspace's."""
    said = heard.properties
    raw: dict[str, Any] = {
        name: said[name]
        for name in ("discount", "shipping", "shipping_tax_rate", "shipping_tax_percent", "notes")
        if name in said
    }
    raw["number"] = heard.number
    raw["channel"] = heard.channel
    raw["currency"] = heard.currency or said.get("currency") or home_currency
    raw["placed_at"] = heard.occurred_at
    raw["prices_include_tax"] = said.get("prices_include_tax", said.get("tax_included", True))
    raw["total"] = heard.amount
    raw["ship_to"] = next((said[name] for name in _ADDRESS_NAMES if isinstance(said.get(name), Mapping)), None)
    lines = said.get("lines")
    raw["lines"] = [_line(line) for line in lines] if isinstance(lines, list) else lines
    return raw


def _line(line: Any) -> Any:
    if not isinstance(line, Mapping):
        return line
    found = dict(line)
    for other, name in _LINE_NAMES.items():
        if name not in found and other in found:
            found[name] = found[other]
    found.pop("product_id", None)  # ids of other systems are not ours; products are known by SKU
    if isinstance(found.get("category"), str):
        found["category"] = " / ".join(part for raw in found["category"].split("/") if (part := " ".join(raw.split())))
    return found
