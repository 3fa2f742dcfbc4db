"""Numbers for orders and subscriptions, given one after the other."""

from __future__ import annotations

from django.db import models

from rapport.stores.commerce.models import NumberSeries, Order, Subscription

FIRST = 10_000
_TABLES: dict[str, type[models.Model]] = {"O": Order, "S": Subscription}


def next_number(prefix: str) -> str:
    """The next free one, such as O-10001. The series is locked until the transaction ends, so that no two are the same."""
    series, _made = NumberSeries.objects.select_for_update().get_or_create(name=prefix, defaults={"last": FIRST})
    taken = _TABLES[prefix]._default_manager.filter(deleted_at=None)
    while True:
        series.last += 1
        number = f"{prefix}-{series.last}"
        if not taken.filter(number=number).exists():
            series.save(update_fields=["last"])
            return number
