"""Baskets: what stood together in an order, or in all orders of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import Table


def items(order_lines: Table, *, item: str, basket: str) -> Table:
    """One row for each basket and item in it, without repetition: basket, item, customer_id."""
    named = order_lines.mutate(
        item=order_lines.category if item == "category" else order_lines.name.nullif("").coalesce(order_lines.sku),
        basket=order_lines.order_id if basket == "order" else order_lines.customer_id,
    )
    named = named.filter(named.item.notnull(), named.item != "", named.basket.notnull())
    return named.select("basket", "item").distinct()


def buyers(order_lines: Table, *, item: str, names: tuple[str, ...]) -> Table:
    """Who ever bought which of these: customer_id, item."""
    named = order_lines.mutate(
        item=order_lines.category if item == "category" else order_lines.name.nullif("").coalesce(order_lines.sku)
    )
    return named.filter(named.item.isin(names)).select("customer_id", "item").distinct()


def members(order_lines: Table, *, item: str, having: tuple[str, ...], without: tuple[str, ...] = ()) -> Table:
    """Customers who bought all of some items and none of others: customer_id."""
    bought = buyers(order_lines, item=item, names=(*having, *without))
    held = bought.group_by("customer_id").agg(
        have=bought.item.isin(having).cast("int64").sum(),
        **({"other": bought.item.isin(without).cast("int64").sum()} if without else {}),
    )
    held = held.filter(held.have == len(having))
    if without:
        held = held.filter(held.other == 0)
    return held.select("customer_id")
