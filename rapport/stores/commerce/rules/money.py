"""Amounts in the minor unit of their currency: how they are rounded, and how a sum is parted without losing a cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.core import get_global
from babel.numbers import get_currency_precision

ZERO = Decimal(0)
LARGEST = Decimal(10) ** 13


@lru_cache(maxsize=1)
def _current() -> frozenset[str]:
    """Codes that are money somewhere today."""
    return frozenset(
        code
        for uses in get_global("territory_currencies").values()
        for code, _start, end, is_tender in uses
        if end is None and is_tender
    )


def is_currency(code: str) -> bool:
    return code in _current()


@lru_cache(maxsize=512)
def minor_unit(currency: str) -> Decimal:
    """0.01 of euros, 1 of yen, 0.001 of Kuwaiti dinars."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the minor unit, halves away from zero, as invoices do."""
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether the amount can be paid: it has no part of a minor unit."""
    return amount == rounded(amount, currency)


def written(amount: Decimal, currency: str) -> str:
    """As text, with the digits of the currency or those it needs: 5350.00, 0.0125."""
    if is_exact(amount, currency):
        return format(rounded(amount, currency), "f")
    return format(amount.normalize(), "f")


def allocate(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Part a sum by weights so that the parts add up to it exactly; who was cut off most gets the cents that are left.

    `total` is in minor units and not negative, weights are not negative. Without any weight the first takes all.
    """
    if not weights:
        return []
    whole = sum(weights, ZERO)
    if not whole:
        return [total, *(ZERO for _ in weights[1:])]
    unit = minor_unit(currency)
    exact = [total * weight / whole for weight in weights]
    parts = [amount.quantize(unit, ROUND_DOWN) for amount in exact]
    left = int((total - sum(parts, ZERO)) / unit)
    by_loss = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], -weights[i], i))
    for i in by_loss[:left]:
        parts[i] += unit
    return parts
