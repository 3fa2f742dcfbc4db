"""Customers in numbers, without a service for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.foundation.lib.text import folded
from rapport.foundation.records.extension_points import record_types

START = datetime(2026, 11, 1, 9, tzinfo=UTC)


def make_rows(number: int, **same: Any) -> list[Any]:
    """`number` customers, each a minute younger than the one before, with cities that repeat and are sometimes empty."""
    model = record_types["customer"].model()
    cities = ["", "Delft", "Hamburg", "Utrecht"]
    made: list[dict[str, Any]] = []
    for n in range(number):
        city = same.get("city", cities[n % 4])
        made.append(
            {
                "name": f"Customer {n:03}",
                "email": f"c{n}@example.org",
                "created_at": START + timedelta(minutes=n),
                "search": folded(f"Customer {n:03}", f"c{n}@example.org", city),
                **same,
                "city": city,
            }
        )
    return model._default_manager.bulk_create([model(**values) for values in made])


def reload(row_id: UUID) -> Any:
    return record_types["customer"].model()._default_manager.get(pk=row_id)
