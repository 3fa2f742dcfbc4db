"""Adding up amounts of several currencies: what has no rate is left out and counted, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rapport.stores.commerce.rules.rates import Rates

ZERO = Decimal(0)


@dataclass(frozen=True)
class Worth:
    """In the workspace's currency. `without_rate` deals are in currencies nobody has said the worth of."""

    currency: str
    amount: Decimal = ZERO
    without_rate: int = 0

    def __add__(self, other: Worth) -> Worth:
        return Worth(self.currency, self.amount + other.amount, self.without_rate + other.without_rate)


def worth(sums: Iterable[tuple[Decimal | None, str, int]], rates: Rates, on: date) -> Worth:
    """`sums` are (amount, currency, number of deals); deals without an amount are worth nothing yet."""
    total, left_out = ZERO, 0
    for amount, currency, number in sums:
        if not amount:
            continue
        at_home = rates.home_amount(amount, currency, on)
        if at_home is None:
            left_out += number
        else:
            total += at_home
    return Worth(rates.home, total, left_out)
