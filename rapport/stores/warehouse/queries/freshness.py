"""How far the warehouse has come, and what waits."""

from __future__ import annotations

from django.db.models import Min, Sum

from rapport.foundation.lib import clock
from rapport.stores.warehouse.models import Arrival
from rapport.stores.warehouse.queries.lake import current_lake
from rapport.stores.warehouse.rules.manifests import Manifest
from rapport.stores.warehouse.types import Freshness


def freshness_of(manifest: Manifest | None) -> Freshness:
    """One query."""
    waiting = Arrival.objects.all()
    if manifest and manifest.taken:
        waiting = waiting.exclude(pk__in=manifest.taken)
    found = waiting.aggregate(oldest=Min("recorded_at"), count=Sum("count"))
    behind = (clock.now() - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    return Freshness(
        written_at=manifest.written_at if manifest else None,
        newest_recorded_at=manifest.newest_recorded_at if manifest else None,
        newest_occurred_at=manifest.newest_occurred_at if manifest else None,
        waiting=found["count"] or 0,
        behind_seconds=max(0.0, behind),
    )


def freshness() -> Freshness:
    """Of the current workspace."""
    return freshness_of(current_lake().manifest())
