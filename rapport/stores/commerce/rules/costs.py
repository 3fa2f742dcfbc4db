"""What it costs to serve a customer: touch points, each at the most specific price of the cost table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rapport.stores.commerce.rules.money import ZERO

Table = Mapping[tuple[str, str], Decimal]  # (channel, kind), either may be empty


def cost_of(table: Table, channel: str, kind: str) -> Decimal | None:
    """Channel and kind, else the kind, else the channel, else what holds for everything; None: nobody said."""
    for key in ((channel, kind), ("", kind), (channel, ""), ("", "")):
        if key in table:
            return table[key]
    return None


@dataclass(frozen=True)
class CostToServe:
    amount: Decimal
    priced: int  # touch points the table has a price for
    unpriced: int


def cost_to_serve(table: Table, counts: Iterable[tuple[str, str, int]]) -> CostToServe:
    """From counts of touch points by channel and kind."""
    amount, priced, unpriced = ZERO, 0, 0
    for channel, kind, number in counts:
        each = cost_of(table, channel, kind)
        if each is None:
            unpriced += number
        else:
            amount += each * number
            priced += number
    return CostToServe(amount, priced, unpriced)
