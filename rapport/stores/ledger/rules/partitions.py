"""When the ledger's table goes monthly, and which months it then has.

It begins as one open partition from the beginning of time to its end. Once that is large it is closed at the start of a
month, months follow in advance, and a new open partition stands behind the last of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

THRESHOLD = 5_000_000
MONTHS_AHEAD = 3
MARGIN = timedelta(days=3)  # more than how far in the future a touch point may lie: no row stands behind the new border
OPEN = "touchpoint_open"

_RANGE = re.compile(r"FOR VALUES FROM \((?P<lower>MINVALUE|'[^']+')\) TO \((?P<upper>MAXVALUE|'[^']+')\)")


@dataclass(frozen=True)
class Partition:
    """Rows from `lower` on and before `upper`; None: without an end."""

    name: str
    lower: datetime | None
    upper: datetime | None


@dataclass(frozen=True)
class Closing:
    """What to do: the open partition ends at `border` under its new name, these months follow, a new open one comes last.

    `drop` the open partition instead when it holds nothing and its time was months that are now made singly.
    """

    closed: Partition
    months: tuple[Partition, ...]
    opened: Partition


def partition_of(name: str, bound: str) -> Partition:
    """From what PostgreSQL says of it, in UTC."""
    found = _RANGE.fullmatch(bound)
    if not found:
        raise ValueError(f"{name} is no range of time: {bound}")
    return Partition(name, _instant(found["lower"]), _instant(found["upper"]))


def month_of(at: datetime) -> datetime:
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def next_month(month: datetime, count: int = 1) -> datetime:
    months = month.year * 12 + month.month - 1 + count
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def is_due(partitions: Sequence[Partition], *, now: datetime, is_large: bool) -> bool:
    """Whether the open partition is to be closed: the only one, once it is large; later ones before time runs into them."""
    opened = _open(partitions)
    if opened.lower is None:
        return is_large
    return opened.lower < next_month(month_of(now), MONTHS_AHEAD)


def closing(partitions: Sequence[Partition], *, now: datetime, latest: datetime | None) -> Closing:
    """The border lies behind everything there is (`latest`) and everything that may come in meanwhile."""
    opened = _open(partitions)
    end = next_month(month_of(now), MONTHS_AHEAD + 1)
    if latest is None and opened.lower is not None:
        border = opened.lower  # nothing in it: it is replaced as a whole
    else:
        behind = max(latest, now + MARGIN) if latest else now + MARGIN
        border = next_month(month_of(behind.astimezone(UTC)))
        end = max(end, next_month(border))
    months = []
    month = border
    while month < end:
        months.append(Partition(f"touchpoint_{month:%Y_%m}", month, next_month(month)))
        month = next_month(month)
    name = (
        f"touchpoint_until_{border:%Y_%m}"
        if opened.lower is None
        else f"touchpoint_{opened.lower:%Y_%m}_until_{border:%Y_%m}"
    )
    return Closing(Partition(name, opened.lower, border), tuple(months), Partition(OPEN, month, None))


def _open(partitions: Sequence[Partition]) -> Partition:
    return next(partition for partition in partitions if partition.upper is None)


def _instant(text: str) -> datetime | None:
    if text in ("MINVALUE", "MAXVALUE"):
        return None
    return datetime.fromisoformat(text.strip("'").replace("+00", "+00:00")).astimezone(UTC)
