"""A firm in which there is something to find, with its warehouse written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import CustomerRef, new_touchpoint
from rapport.stores.warehouse.services.writing import write

CUSTOMERS = 180


def findable_firm() -> None:
    """A quarter bought often until some months ago, half have begun to since, a quarter bought once. Trailers go with covers."""
    now, items = clock.now(), []
    for number in range(CUSTOMERS):
        customer = Customer.objects.create(name=f"Customer {number:03}")
        kind = (0, 1, 1, 2)[number % 4]
        days = {
            0: [430 - 20 * i - number % 7 for i in range(14 + number // 4 % 4)],  # the last 110 to 170 days ago
            1: [80 - 7 * i - number % 5 for i in range(11)],
            2: [620 - number],
        }[kind]
        for place, day in enumerate(days):
            names = ["Trailer", "Rain cover"] if place % 3 == 0 else ["Lock"] if place % 3 == 1 else ["Bell", "Basket"]
            if number % 6 == 0 and names[0] == "Trailer":
                names = ["Trailer"]
            lines = [{"sku": name, "name": name, "quantity": 1, "unit_price": "60"} for name in names]
            items.append(
                new_touchpoint(
                    customer=CustomerRef(id=customer.pk),
                    kind="order_placed",
                    channel="shop",
                    occurred_at=now - timedelta(days=day),
                    amount=Decimal(60 * len(names) * (4 if kind != 2 else 1)),
                    currency="EUR",
                    properties={"number": f"{number}-{place}", "lines": lines},
                )
            )
        items.append(
            new_touchpoint(
                customer=CustomerRef(id=customer.pk), kind="cart_left", channel="shop",
                occurred_at=now - timedelta(days=days[0] + (2 if number % 5 == 0 else -1)),
            )
        )  # fmt: skip
    for begin in range(0, len(items), 500):
        append(actor=SYSTEM, items=items[begin : begin + 500], source="test")
    write()
