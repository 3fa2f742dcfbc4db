"""Bringing in products and costs at once, and orders with the touch points that tell of them; and taking them out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from rapport.foundation.records import policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.provisions import created_by, note_created
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce.models import Product, TouchCost
from rapport.stores.commerce.services.products import ProductWrites
from rapport.stores.commerce.services.retractions import remove_batch
from rapport.stores.commerce.services.taking_up import take_up
from rapport.stores.commerce.types import PRODUCT


@transaction.atomic(savepoint=False)
def load_products(*, actor: Actor, operation: Operation, products: Sequence[Mapping[str, Any]]) -> int:
    """Products with values by column. A SKU that is here already stays whose it is. Errors: NotAllowed."""
    policies.require(actor, Action.IMPORT, PRODUCT)
    writes = ProductWrites()
    taken = set(Product.objects.filter(deleted_at=None).values_list("sku", flat=True))
    rows = [Product(operation_id=operation.id, **values) for values in products if values["sku"] not in taken]
    for row in rows:
        writes.before_save(row, {"name", "category", "sku"})
    Product.objects.bulk_create(rows)
    writes.after_save(rows, {"sku"}, operation.id)
    return len(rows)


@transaction.atomic(savepoint=False)
def load_costs(*, operation: Operation, costs: Mapping[tuple[str, str], Decimal]) -> None:
    """A cost table (by channel and kind) for a workspace that has none."""
    if TouchCost.objects.exists():
        return
    rows = [TouchCost(channel=channel, kind=kind, amount=amount) for (channel, kind), amount in costs.items()]
    TouchCost.objects.bulk_create(rows)
    note_created(operation, "touch_cost", [row.pk for row in rows])


def load_orders() -> int:
    """Make orders of the touch points that were just appended, in the caller's transaction."""
    return take_up()


@transaction.atomic
def unload(*, operation: Operation) -> dict[str, int]:
    """Take out orders, products and costs that came with the operation; what people worked on goes out of sight."""
    remove_batch(operation.id)
    TouchCost.objects.filter(pk__in=created_by(operation, "touch_cost")).delete()
    return ProductWrites().undo_created(operation.id)
