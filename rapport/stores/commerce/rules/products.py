"""Products: category paths and which price holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

SEPARATOR = " / "


def category_path(text: str) -> str:
    """`bikes/ Cargo ` becomes `bikes / Cargo`."""
    return SEPARATOR.join(part for raw in text.split("/") if (part := " ".join(raw.split())))


def full_name(name: str, variant: str) -> str:
    return f"{name}, {variant}" if variant else name


@dataclass(frozen=True, kw_only=True)
class ListedPrice:
    """One price of one list, with what holds for the list."""

    list_id: UUID
    product_id: UUID
    currency: str
    amount: Decimal
    from_quantity: Decimal = Decimal(1)
    valid_from: date | None = None
    valid_until: date | None = None
    is_standard: bool = True


def price_for(
    prices: Iterable[ListedPrice],
    *,
    product_id: UUID,
    quantity: Decimal,
    currency: str,
    on: date,
    list_id: UUID | None = None,
) -> Decimal | None:
    """The price that holds: of the list that was chosen, else of the standard list that began last; there the one for the
    largest quantity that is reached."""
    fitting = [
        one
        for one in prices
        if one.product_id == product_id
        and one.currency == currency
        and one.from_quantity <= quantity
        and (one.valid_from is None or one.valid_from <= on)
        and (one.valid_until is None or on <= one.valid_until)
        and (one.list_id == list_id if list_id else one.is_standard)
    ]
    if not fitting and list_id:
        return price_for(prices, product_id=product_id, quantity=quantity, currency=currency, on=on)
    best = max(fitting, key=lambda one: (one.valid_from or date.min, one.from_quantity, -one.amount), default=None)
    return best.amount if best else None
