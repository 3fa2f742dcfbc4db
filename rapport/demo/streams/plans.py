"""Service plans: sold with an order, renewed every year while the customer stays, ended when they have gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rapport.demo.catalogue import Product
from rapport.demo.rhythm import OFFICE
from rapport.demo.world import Order, Party, World

PLANS = frozenset({"PLANB", "PLANP", "FLEET"})
P_ENDS = 0.16  # a year, of those who have not gone anyway


def subscribe(world: World) -> None:
    """One subscription for each kind of plan and customer; a plan bought again is the same one."""
    for party in world.parties:
        held: set[str] = set()
        for order in party.orders:
            for product, count, price in order.lines:
                if product.sku in PLANS and product.sku not in held:
                    held.add(product.sku)
                    _tell(world, party, order, product, count, price)


def _tell(world: World, party: Party, order: Order, product: Product, count: int, price: int) -> None:
    number = f"{order.number.replace('K-', 'P-')}-{product.sku}"
    dice, calendar = world.dice("plans", number), world.calendar
    said: dict[str, Any] = {
        "subscription": number,
        "sku": product.sku,
        "name": product.name,
        "interval": "year",
        "quantity": count,
    }
    world.tell(
        party.key, order.at + timedelta(minutes=dice.randint(1, 9)), "shop", "subscription_started", "in",
        f"Subscribed to {product.bare}", cents=price * count, **said,
    )  # fmt: skip
    for year in range(1, 4):
        day = order.day + 365 * year
        if day >= calendar.days:
            return
        at = calendar.at(dice, calendar.working_day(day), OFFICE)
        if not party.is_active(day) or dice.chance(P_ENDS):
            reason = "did not renew" if party.is_active(day) else "no longer rides with us"
            world.tell(
                party.key, at, "shop", "subscription_ended", "in", f"Ended {product.bare}", reason=reason, **said
            )
            return
        world.tell(
            party.key,
            at,
            "shop",
            "subscription_renewed",
            "none",
            f"Renewed {product.bare}",
            cents=price * count,
            **said,
        )
