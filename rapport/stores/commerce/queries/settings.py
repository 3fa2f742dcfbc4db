"""Price lists, and touch points that could not be taken up: for their pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce.models import Price, PriceList, Product, TakenTouchpoint
from rapport.stores.commerce.types import Taken
from rapport.stores.customers.queries.customers import names_of

SHOWN = 100


def price_lists() -> list[Any]:
    """With the number of their prices."""
    return list(PriceList.objects.annotate(number=Count("prices")).order_by("name", "id"))


def list_choices() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in PriceList.objects.order_by("name").values_list("pk", "name")]


@dataclass(frozen=True)
class PriceRow:
    price: Price
    name: str
    sku: str


def price_list(list_id: UUID) -> PriceList:
    """Errors: NotFound."""
    found = PriceList.objects.filter(pk=list_id).first()
    if found is None:
        raise NotFound(_("There is no such price list."))
    return found


def prices_of(list_id: UUID) -> list[PriceRow]:
    """Two queries."""
    prices = list(Price.objects.filter(price_list_id=list_id))
    products = Product.objects.in_bulk({price.product_id for price in prices})
    rows = [
        PriceRow(price, product.name, product.sku)
        for price in prices
        if (product := products.get(price.product_id)) is not None
    ]
    return sorted(rows, key=lambda row: (row.name, row.sku, row.price.from_quantity))


@dataclass(frozen=True)
class NotTaken:
    """A touch point that speaks of an order and did not become one, or part of one."""

    row: TakenTouchpoint
    customer_name: str

    @property
    def reasons(self) -> list[str]:
        return [f"{field}: {reason}" if field else reason for field, reason in self.row.problems]


def not_taken(*, actor: Actor) -> Sequence[NotTaken]:
    """The newest that were refused or wait for their order. Two queries."""
    rows = list(
        TakenTouchpoint.objects.filter(outcome__in=[Taken.REFUSED, Taken.WAITING]).order_by("-at", "touchpoint_id")[
            :SHOWN
        ]
    )
    names = names_of(actor=actor, customer_ids=[row.customer_id for row in rows]) if rows else {}
    return [NotTaken(row, names[row.customer_id]) for row in rows if row.customer_id in names]
