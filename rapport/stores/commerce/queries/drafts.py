"""Completing drafts of orders with what products, price lists and rates know. For placing them and for live totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from rapport.foundation.lib import clock
from rapport.stores.commerce.models import Price, Product
from rapport.stores.commerce.queries.rates import rates
from rapport.stores.commerce.rules.drafts import Draft, DraftLine, KnownProduct, complete, read_draft
from rapport.stores.commerce.rules.products import ListedPrice, full_name, price_for
from rapport.stores.commerce.rules.rates import Rates
from rapport.stores.commerce.types import ProductKind


class Knowledge:
    """What is known of the products of some drafts: three queries, however many drafts."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        lines = [line for draft in drafts for line in draft.lines]
        self.products = known_products(lines)
        ids = {one.id for one in self.products.values()}
        self.prices = listed_prices(ids) if ids else []
        self.rates: Rates = rates()

    def completed(self, draft: Draft, *, on: date) -> tuple[Draft, dict[str, str]]:
        lines, costs = [], {}
        for line in draft.lines:
            known = self.products.get(str(line.product_id)) if line.product_id else self.products.get(line.sku)
            if known:
                costs[str(known.id)] = self._cost(known, draft.currency, on)
                if line.unit_price is None:
                    listed = price_for(
                        self.prices,
                        product_id=known.id,
                        quantity=line.quantity,
                        currency=draft.currency,
                        on=on,
                        list_id=draft.price_list_id,
                    )
                    line = replace(line, unit_price=listed)
            lines.append(line)
        return complete(replace(draft, lines=tuple(lines)), self.products, costs=costs)

    def _cost(self, product: KnownProduct, currency: str, on: date) -> Decimal | None:
        if product.cost is None:
            return None
        return self.rates.converted(product.cost, product.currency or self.rates.home, currency, on)


def known_products(lines: Iterable[DraftLine]) -> dict[str, KnownProduct]:
    """By id and by SKU. One query."""
    lines = list(lines)
    ids = {line.product_id for line in lines if line.product_id}
    skus = {line.sku for line in lines if line.sku}
    if not ids and not skus:
        return {}
    found: dict[str, KnownProduct] = {}
    for row in Product.objects.filter(Q(pk__in=ids) | Q(sku__in=skus), deleted_at=None):
        known = as_known(row)
        found[str(row.pk)] = known
        if row.sku:
            found[row.sku] = known
    return found


def as_known(row: Product) -> KnownProduct:
    return KnownProduct(
        id=row.pk,
        sku=row.sku,
        name=full_name(row.name, row.variant),
        category=row.category,
        needs_shipping=row.kind == ProductKind.GOODS,
        price=row.price,
        cost=row.cost,
        currency=row.currency,
        tax_rate=None if row.tax_percent is None else row.tax_percent / 100,
    )


def listed_prices(product_ids: Iterable[Any]) -> list[ListedPrice]:
    rows = Price.objects.filter(product_id__in=list(product_ids)).select_related("price_list")
    return [
        ListedPrice(
            list_id=row.price_list_id,
            product_id=row.product_id,
            currency=row.price_list.currency,
            amount=row.amount,
            from_quantity=row.from_quantity,
            valid_from=row.price_list.valid_from,
            valid_until=row.price_list.valid_until,
            is_standard=row.price_list.is_standard,
        )
        for row in rows
    ]


def drafted(raw: Mapping[str, Any], *, now: datetime | None = None) -> tuple[Draft, dict[str, str]]:
    """A draft ready to be totalled, and what is wrong with it."""
    now = now or clock.now()
    draft, problems = read_draft(raw, now=now)
    if problems:
        return draft, problems
    return Knowledge([draft]).completed(draft, on=(draft.placed_at or now).date())
