"""What currencies are worth in the workspace's own, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rapport.stores.commerce.rules.money import rounded


@dataclass(frozen=True)
class Rates:
    """`known` holds (from day, rate) by currency, the latest first. An amount without a rate can't be converted."""

    home: str
    known: Mapping[str, tuple[tuple[date, Decimal], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, home: str, rows: Iterable[tuple[str, date, Decimal]]) -> Rates:
        found: dict[str, list[tuple[date, Decimal]]] = {}
        for currency, day, rate in rows:
            found.setdefault(currency, []).append((day, rate))
        return cls(home, {code: tuple(sorted(each, reverse=True)) for code, each in found.items()})

    def rate(self, currency: str, on: date) -> Decimal | None:
        """What one unit is worth at home on a day; None before the first day a rate is known of."""
        if currency == self.home:
            return Decimal(1)
        return next((rate for day, rate in self.known.get(currency, ()) if day <= on), None)

    def home_amount(self, amount: Decimal, currency: str, on: date) -> Decimal | None:
        rate = self.rate(currency, on)
        return None if rate is None else rounded(amount * rate, self.home)

    def converted(self, amount: Decimal, currency: str, to: str, on: date) -> Decimal | None:
        """Between any two currencies, by way of the workspace's own. Unit costs keep four digits."""
        if currency == to:
            return amount
        one, other = self.rate(currency, on), self.rate(to, on)
        return None if one is None or not other else round(amount * one / other, 4)
