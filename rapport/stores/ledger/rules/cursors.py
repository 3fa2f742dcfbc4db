"""Where a page of touch points ends: an instant and an id, as a short text for addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """Everything older than this touch point; with the smallest id, everything before the instant."""

    occurred_at: datetime
    id: UUID = UUID(int=0)

    def __str__(self) -> str:
        span = self.occurred_at - _EPOCH
        return f"{span // timedelta(microseconds=1)}.{self.id.hex}"


def cursor_of(text: str) -> Cursor | None:
    """None for whatever is no cursor."""
    number, _, tail = text.partition(".")
    try:
        return Cursor(_EPOCH + timedelta(microseconds=int(number)), UUID(hex=tail))
    except (ValueError, OverflowError):
        return None
