"""What commerce keeps, as tables of the warehouse. Amounts are in the workspace's currency at the rate of the day."""

# ruff: noqa: S608 (the text is ours alone)
from __future__ import annotations

from rapport.stores.commerce.models import Order, OrderLine, Product, Rate
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.warehouse.types import Column, ColumnType, Selection

_ORDER, _LINE, _PRODUCT, _RATE = (model._meta.db_table for model in (Order, OrderLine, Product, Rate))
ORDER_TABLES = (_ORDER, _LINE, _RATE)
PRODUCT_TABLES = (_PRODUCT,)
RATE_TABLES = (_RATE,)
NUMBER, INSTANT, DAY = ColumnType.NUMBER, ColumnType.INSTANT, ColumnType.DAY

# What one unit of the order's currency was worth: 1 at home, empty where no rate is known.
_WORTH = (
    f"(case when o.currency = %s then 1 else (select r.rate from {_RATE} r where r.currency = o.currency"
    " and r.valid_from <= o.placed_at::date order by r.valid_from desc limit 1) end)"
)
_PLACED = "o.placed_at is not null and o.deleted_at is null"


def orders() -> Selection:
    """One row an order; carts and orders in the bin are none."""
    amounts = ("net", "tax", "shipping", "total", "cost", "margin", "refunded")
    converted = ", ".join(f"o.{name} * {_WORTH}" for name in amounts)
    return Selection(
        "select o.id, o.customer_id, o.number, o.status, o.placed_at, o.channel, o.source, o.currency,"
        f" o.touchpoint_id, {converted} from {_ORDER} o where {_PLACED}",
        [home_currency()] * len(amounts),
        (
            Column("order_id"),
            Column("customer_id"),
            Column("number"),
            Column("status"),
            Column("placed_at", INSTANT),
            Column("channel"),
            Column("source"),
            Column("currency"),
            Column("touchpoint_id"),
            *(Column(name, NUMBER) for name in amounts),
        ),
    )


def order_lines() -> Selection:
    """One row a line of such an order, with what the order says of all its lines."""
    amounts = ("net", "cost", "margin")
    converted = ", ".join(f"l.{name} * {_WORTH}" for name in amounts)
    return Selection(
        "select l.id, l.order_id, o.customer_id, o.placed_at, o.status, l.product_id, l.sku, l.name, l.category,"
        f" l.quantity, l.returned, {converted} from {_LINE} l join {_ORDER} o on o.id = l.order_id where {_PLACED}",
        [home_currency()] * len(amounts),
        (
            Column("line_id"),
            Column("order_id"),
            Column("customer_id"),
            Column("placed_at", INSTANT),
            Column("status"),
            Column("product_id"),
            Column("sku"),
            Column("name"),
            Column("category"),
            Column("quantity", NUMBER),
            Column("returned", NUMBER),
            *(Column(name, NUMBER) for name in amounts),
        ),
    )


def products() -> Selection:
    """One row a product or variant that is not in the bin; price and cost in their own currency."""
    return Selection(
        "select p.id, p.sku, p.name, p.kind, p.category, p.variant_of_id, p.variant, p.price, p.cost, p.currency,"
        f" p.is_sold from {_PRODUCT} p where p.deleted_at is null",
        [],
        (
            Column("product_id"),
            Column("sku"),
            Column("name"),
            Column("kind"),
            Column("category"),
            Column("variant_of"),
            Column("variant"),
            Column("price", NUMBER),
            Column("cost", NUMBER),
            Column("currency"),
            Column("is_sold", ColumnType.BOOLEAN),
        ),
    )


def rates() -> Selection:
    """What one unit of a currency is worth in the workspace's own, from a day until before another."""
    return Selection(
        "select r.currency, r.valid_from,"
        " coalesce(lead(r.valid_from) over (partition by r.currency order by r.valid_from), date '2200-01-01'), r.rate"
        f" from {_RATE} r",
        [],
        (Column("currency"), Column("valid_from", DAY), Column("valid_until", DAY), Column("rate", NUMBER)),
    )
