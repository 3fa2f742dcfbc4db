"""Products, orders and what happens to them, made in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rapport.foundation.records.services.records import create_record
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.commerce.models import Order, Product
from rapport.stores.commerce.services.orders import place_order
from rapport.stores.customers.models import Customer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_product(name: str = "Longtail 3", actor: Actor = SYSTEM, **values: Any) -> Product:
    given = {"sku": "LT3", "price": "5350", "currency": "EUR", "cost": "3200", "tax_percent": "21", **values}
    return create_record(actor=actor, record_type="product", values={"name": name, **given})


def line(**values: Any) -> dict[str, Any]:
    return {"name": "Bell", "quantity": 1, "unit_price": "20", **values}


def draft(*lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"currency": "EUR", "lines": list(lines) or [line()], **values}


def make_order(customer: Customer | UUID, *lines: dict[str, Any], actor: Actor = SYSTEM, **values: Any) -> Order:
    customer_id = customer if isinstance(customer, UUID) else customer.pk
    order, _operation = place_order(actor=actor, customer_id=customer_id, raw=draft(*lines, **values))
    return order
