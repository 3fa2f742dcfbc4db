"""What it costs to serve customers: their touch points by the cost table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import Count

from rapport.stores.commerce.models import TouchCost
from rapport.stores.commerce.rules import costs as rules
from rapport.stores.commerce.rules.costs import CostToServe
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.touchpoints import standing


def cost_table() -> dict[tuple[str, str], Decimal]:
    """Prices by channel and kind; either may be empty. One query."""
    return {
        (channel, kind): amount for channel, kind, amount in TouchCost.objects.values_list("channel", "kind", "amount")
    }


def cost_rows() -> list[TouchCost]:
    """For the settings page."""
    return list(TouchCost.objects.order_by("channel", "kind"))


def cost_to_serve(ids: Sequence[UUID]) -> CostToServe | None:
    """Of one visible customer over all its ids, in the workspace's currency; None while the cost table is empty.

    Two queries, one when the table is empty.
    """
    table = cost_table()
    if not table:
        return None
    counted = (
        standing(Touchpoint.objects.filter(customer_id__in=ids))
        .values("channel", "kind")
        .annotate(n=Count("id"))
        .values_list("channel", "kind", "n")
    )
    return rules.cost_to_serve(table, counted)
