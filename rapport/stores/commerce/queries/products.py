"""What the page of one product shows beside its fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, Max, Sum

from rapport.foundation.records import policies
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce.models import Order, OrderLine, Price, Product
from rapport.stores.commerce.policies import sees_margin
from rapport.stores.commerce.queries.customer_orders import COUNTED
from rapport.stores.commerce.types import ORDER, PRODUCT
from rapport.stores.customers.queries.customers import names_of

SHOWN = 8


@dataclass(frozen=True)
class SoldIn:
    """What was sold of a product in one currency."""

    currency: str
    quantity: Decimal
    returned: Decimal
    net: Decimal
    margin: Decimal | None
    orders: int
    last_at: datetime | None


@dataclass(frozen=True)
class LatestOrder:
    order: Order
    quantity: Decimal
    customer_name: str


@dataclass(frozen=True)
class ProductSales:
    sold: Sequence[SoldIn]
    latest: Sequence[LatestOrder]
    prices: Sequence[Price]
    margin: Decimal | None  # of one, at its own price without tax
    sees_margin: bool = True


def product_sales(*, actor: Actor, product: Product) -> ProductSales:
    """Four queries."""
    prices = list(
        Price.objects.filter(product_id=product.pk)
        .select_related("price_list")
        .order_by("price_list__name", "from_quantity")
    )
    return ProductSales(
        sold=_sold(actor, product.pk) if actor.may(Action.READ, ORDER) else (),
        latest=_latest(actor, product.pk) if actor.may(Action.READ, ORDER) else (),
        prices=prices,
        margin=_margin(product) if sees_margin(actor, PRODUCT) else None,
        sees_margin=sees_margin(actor) and sees_margin(actor, PRODUCT),
    )


def _sold(actor: Actor, product_id: UUID) -> list[SoldIn]:
    orders = policies.visible(actor, ORDER).filter(status__in=COUNTED)
    rows = (
        OrderLine.objects.filter(product_id=product_id, order_id__in=orders.values("pk"))
        .values(currency=F("order__currency"))
        .annotate(
            sum=Sum("quantity"), back=Sum("returned"), value=Sum("net"), gain=Sum("margin"), n=Count("order_id", distinct=True),
            last=Max("order__placed_at"),
        )
        .order_by("-value")
    )  # fmt: skip
    return [
        SoldIn(row["currency"], row["sum"], row["back"], row["value"], row["gain"], row["n"], row["last"])
        for row in rows
    ]


def _latest(actor: Actor, product_id: UUID) -> list[LatestOrder]:
    orders = policies.visible(actor, ORDER).exclude(placed_at=None)
    lines = list(
        OrderLine.objects.filter(product_id=product_id, order_id__in=orders.values("pk"))
        .select_related("order")
        .order_by("-order__placed_at", "-id")[:SHOWN]
    )
    names = names_of(actor=actor, customer_ids=[line.order.customer_id for line in lines]) if lines else {}
    return [LatestOrder(line.order, line.quantity, names.get(line.order.customer_id, "")) for line in lines]


def _margin(product: Product) -> Decimal | None:
    if product.price is None or product.cost is None:
        return None
    return round(product.price / (1 + (product.tax_percent or Decimal(0)) / 100) - product.cost, 2)
