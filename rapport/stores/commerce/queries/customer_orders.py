"""What the customer page says of orders. All queries take every id of the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, Window
from django.utils.translation import gettext_lazy as _

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.rules import codec
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce.models import Order, OrderLine, Shipment, Subscription
from rapport.stores.commerce.policies import hidden_fields, sees_margin
from rapport.stores.commerce.queries.costs import cost_to_serve
from rapport.stores.commerce.queries.rates import rates
from rapport.stores.commerce.rules.costs import CostToServe
from rapport.stores.commerce.rules.money import ZERO
from rapport.stores.commerce.types import OPEN_STATUSES, ORDER, SUBSCRIPTION, Status, SubscriptionStatus
from rapport.stores.customers.extension_points import Holding

SHOWN = 5
COUNTED = [status for status in Status.values if status not in (Status.CART, Status.CANCELLED)]


@dataclass(frozen=True)
class OrderRow:
    """An order in the panel. `late_since`: its goods were promised for that day and have not arrived."""

    order: Order
    late_since: date | None = None
    tracking: str = ""


@dataclass(frozen=True)
class Bought:
    """A product bought so far."""

    name: str
    sku: str
    quantity: Decimal
    times: int
    last_at: datetime


@dataclass(frozen=True)
class Sums:
    """Over all orders that stand, in the workspace's currency."""

    currency: str
    orders: int
    total: Decimal
    margin: Decimal | None  # None: not known of any order
    without_margin: int  # orders whose cost is not known
    without_rate: int  # orders left out, because what their currency is worth is not known


@dataclass(frozen=True)
class CustomerOrders:
    rows: Sequence[OrderRow]
    sums: Sums
    bought: Sequence[Bought] = ()
    subscriptions: Sequence[Subscription] = ()
    served: CostToServe | None = None
    open: int = 0
    more: int = 0
    sees_margin: bool = True

    @property
    def margin_after_serving(self) -> Decimal | None:
        if self.sums.margin is None or self.served is None:
            return None
        return self.sums.margin - self.served.amount


def customer_orders(*, actor: Actor, ids: Sequence[UUID], today: date) -> CustomerOrders | None:
    """At most six queries; None when the actor may not see orders."""
    if not actor.may(Action.READ, ORDER):
        return None
    own, sees = policies.visible(actor, ORDER).filter(customer_id__in=ids), sees_margin(actor)
    # Open ones first, then the latest; the count of all comes with the first row, and with each what is under way.
    is_open = Q(status__in=OPEN_STATUSES)
    counted = own.annotate(is_open=is_open, all=Window(Count("id")), **_under_way(today))
    shown = list(counted.order_by(F("is_open").desc(), F("at").desc(), "id")[:SHOWN])
    if not shown:
        sums = Sums(rates().home, 0, ZERO, None, 0, 0)
        return CustomerOrders(
            (), sums, subscriptions=_subscriptions(actor, ids), served=cost_to_serve(ids), sees_margin=sees
        )
    return CustomerOrders(
        rows=[_row(order) for order in shown],
        sums=_sums(own),
        bought=_bought(own),
        subscriptions=_subscriptions(actor, ids),
        served=cost_to_serve(ids),
        open=sum(order.status in OPEN_STATUSES for order in shown),
        more=shown[0].all - len(shown),
        sees_margin=sees,
    )


def _under_way(today: date) -> dict[str, Subquery]:
    """Columns of an order: the day its goods were promised for when that is past, and how to follow them."""
    under_way = Shipment.objects.filter(order_id=OuterRef("pk"), delivered_at=None).order_by("-at")
    return {
        "late_since": Subquery(under_way.filter(promised_on__lt=today).values("promised_on")[:1]),
        "tracking": Subquery(under_way.exclude(tracking="").values("tracking")[:1]),
    }


def _row(order: Any) -> OrderRow:
    if order.status not in OPEN_STATUSES:
        return OrderRow(order)
    return OrderRow(order, order.late_since, order.tracking or "")


def _sums(own: Any) -> Sums:
    known = rates()
    orders, without_margin, without_rate, total, margin = 0, 0, 0, ZERO, None
    grouped = (
        own.filter(status__in=COUNTED)
        .values("currency", "placed_at__date")
        .annotate(n=Count("id"), net=Sum("total") - Sum("refunded"), gained=Sum("margin"), unknown=Count("id", filter=Q(margin=None)))
    )  # fmt: skip
    for row in grouped:
        day = row["placed_at__date"]
        worth = known.home_amount(row["net"], row["currency"], day) if day else None
        if worth is None:
            without_rate += row["n"]
            continue
        orders += row["n"]
        total += worth
        without_margin += row["unknown"]
        if row["gained"] is not None:
            margin = (margin or ZERO) + (known.home_amount(row["gained"], row["currency"], day) or ZERO)
    return Sums(known.home, orders, total, margin, without_margin, without_rate)


def _bought(own: Any) -> list[Bought]:
    rows = (
        OrderLine.objects.filter(order_id__in=own.filter(status__in=COUNTED).values("pk"))
        .values("sku", "name")
        .annotate(quantity=Sum(F("quantity") - F("returned")), times=Count("order_id", distinct=True), last=Max("order__placed_at"))
        .filter(quantity__gt=0)
        .order_by("-last", "name")[:SHOWN]
    )  # fmt: skip
    return [Bought(row["name"], row["sku"], row["quantity"], row["times"], row["last"]) for row in rows]


def _subscriptions(actor: Actor, ids: Sequence[UUID]) -> list[Subscription]:
    if not actor.may(Action.READ, SUBSCRIPTION):
        return []
    rows = policies.visible(actor, SUBSCRIPTION).filter(customer_id__in=ids)
    return list(
        rows.annotate(is_active=Q(status=SubscriptionStatus.ACTIVE)).order_by(
            F("is_active").desc(), "-started_on", "id"
        )[:SHOWN]
    )


# For merges, exports and undo


def holding(actor: Actor, ids: Sequence[UUID]) -> Holding:
    return Holding(_("orders"), Order.objects.filter(customer_id__in=ids, deleted_at=None).count())


def used_in_orders(operation_id: UUID) -> Exists:
    """Whether a customer has orders beside those of this operation."""
    own = Order.objects.filter(customer_id=OuterRef("pk"), deleted_at=None)
    return Exists(own.exclude(batch_id=operation_id))


def everything(actor: Actor, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """All orders of a customer with what belongs to them, for an export of what is known."""
    if not actor.may(Action.READ, ORDER):
        return
    for order in orders_of(actor=actor, ids=ids):
        yield as_data(order, actor=actor)


_PARTS = ("lines", "payments", "refunds", "shipments", "returns")


def orders_of(*, actor: Actor, ids: Sequence[UUID], limit: int | None = None) -> list[Order]:
    """Orders with all that belongs to them, the latest first. Six queries."""
    rows = policies.visible(actor, ORDER).filter(customer_id__in=ids).order_by("-at", "id")
    return list(rows.prefetch_related(*_PARTS)[:limit])


def whole_order(*, actor: Actor, order_id: UUID) -> Order:
    """Errors: NotFound."""
    found = policies.visible(actor, ORDER).filter(pk=order_id).prefetch_related(*_PARTS).first()
    if found is None:
        raise NotFound(_("There is no such order, or you may not see it."))
    return found


def as_data(order: Order, *, actor: Actor) -> dict[str, Any]:
    """One order in JSON form, whole but for what the actor's role hides. Reads what was prefetched."""
    hidden = hidden_fields(actor, ORDER, [*(field.name for field in record_types[ORDER].fields), *order.custom])
    if not sees_margin(actor):
        hidden |= {"margin", "cost", "unit_cost"}
    names = (
        "id", "number", "customer_id", "status", "delivery", "channel", "currency", "prices_include_tax", "at", "placed_at", "cancelled_at",
        "cancel_reason", "subtotal", "discount", "net", "tax", "shipping", "total", "cost", "margin", "paid", "refunded", "source", "source_id",
        "touchpoint_id", "notes", "version",
    )  # fmt: skip
    found = {name: codec.encode(getattr(order, name)) for name in names if name not in hidden}
    found |= {"ship_to": dict(order.ship_to), "tags": list(order.tags)}
    found["custom"] = {name: value for name, value in order.custom.items() if name not in hidden}
    found["lines"] = [
        {
            name: codec.encode(getattr(line, name))
            for name in (
                "id", "product_id", "sku", "name", "category", "needs_shipping", "quantity", "unit_price", "discount", "order_share",
                "tax_rate", "net", "tax", "unit_cost", "cost", "margin", "shipped", "returned",
            )
            if name not in hidden
        }
        for line in sorted(order.lines.all(), key=lambda line: line.position)
    ]  # fmt: skip
    parts = {
        "payments": ("id", "at", "amount", "method", "reference"),
        "refunds": ("id", "at", "amount", "reason"),
        "shipments": ("id", "at", "carrier", "tracking", "promised_on", "delivered_at"),
        "returns": ("id", "at", "reason"),
    }
    for kind, columns in parts.items():
        rows = sorted(getattr(order, kind).all(), key=lambda row: (row.at, row.pk))
        found[kind] = [{name: codec.encode(getattr(row, name)) for name in columns} | _whole(row) for row in rows]
    return found


def _whole(row: Any) -> dict[str, Any]:
    return {name: dict(getattr(row, name)) for name in ("items", "ship_to") if hasattr(row, name)}
