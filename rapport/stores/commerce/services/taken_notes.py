"""What is written down of touch points that were taken up, or could not be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.stores.commerce.models import TakenTouchpoint
from rapport.stores.commerce.rules.reading import Heard
from rapport.stores.commerce.types import Taken


def note_of(one: Heard, outcome: Taken, *, order_id: UUID | None = None, problems: Any = ()) -> TakenTouchpoint:
    return TakenTouchpoint(
        touchpoint_id=one.id, customer_id=one.customer_id, occurred_at=one.occurred_at, kind=one.kind, source=one.source,
        batch_id=one.batch_id, outcome=outcome, number=one.number, order_id=order_id, problems=list(problems), at=clock.now(),
    )  # fmt: skip


class Notes:
    """What became of each touch point, a row for each."""

    def __init__(self) -> None:
        self._rows: dict[UUID, TakenTouchpoint] = {}

    def add(self, one: Heard, outcome: Taken, *, order_id: UUID | None = None, problems: Any = ()) -> None:
        self._rows[one.id] = note_of(one, outcome, order_id=order_id, problems=problems)

    def refuse(self, one: Heard, problems: Any, order_id: UUID | None = None) -> None:
        self.add(one, Taken.REFUSED, order_id=order_id, problems=[list(pair) for pair in dict(problems).items()])

    def save(self) -> None:
        TakenTouchpoint.objects.bulk_create(
            self._rows.values(),
            update_conflicts=True,
            unique_fields=["touchpoint_id"],
            update_fields=["outcome", "order_id", "problems", "at"],
            batch_size=1000,
        )
