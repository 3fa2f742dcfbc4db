"""The one place that reads the clock, so that tests can hold it still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_frozen: list[datetime] = []


def now() -> datetime:
    """The present instant, always in UTC."""
    return _frozen[-1] if _frozen else datetime.now(UTC)


@contextmanager
def frozen(at: datetime) -> Iterator[datetime]:
    """Hold the clock at `at` for the length of the block (tests and the simulator)."""
    _frozen.append(at.astimezone(UTC))
    try:
        yield at
    finally:
        _frozen.pop()
