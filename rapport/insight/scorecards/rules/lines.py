"""The four numbers of a part of the customers, and how they changed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from rapport.foundation.records.types import Label


class Dimension(enum.StrEnum):
    ALL = "all"
    PHASE = "phase"
    OWNER = "owner"
    SOURCE = "source"
    TIER = "tier"
    SEGMENT = "segment"


DIMENSION_LABELS: dict[Dimension, Label] = {
    Dimension.PHASE: gettext_lazy("Phase"),
    Dimension.OWNER: gettext_lazy("Owner"),
    Dimension.SOURCE: gettext_lazy("Source"),
    Dimension.TIER: gettext_lazy("Value tier"),
    Dimension.SEGMENT: gettext_lazy("Shared view"),
}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Recency, frequency, latency and lifetime value of some customers; None where nobody among them has the number."""

    key: str
    customers: int
    buyers: int  # of them: those who bought
    recency_days: float | None  # median days since the last purchase
    frequency: float | None  # mean number of repeat purchases
    latency_days: float | None  # median of the customers' own median gaps
    gap_ratio: float | None  # median of the present gap over the own median gap: above 1 is later than usual
    valued: int
    value: Decimal
    at: datetime | None = None

    @property
    def value_each(self) -> Decimal | None:
        return self.value / self.valued if self.valued else None


@dataclass(frozen=True)
class Delta:
    """How one number moved. `is_good` is None where neither way is better."""

    by: float
    is_good: bool | None


# Fewer days since the last purchase and a smaller gap are better; more purchases and value are too.
_BETTER = {
    "recency_days": -1,
    "frequency": 1,
    "latency_days": -1,
    "gap_ratio": -1,
    "value": 1,
    "customers": 0,
    "buyers": 1,
}


def change(now: Numbers, before: Numbers | None, name: str) -> Delta | None:
    """None where one of the two months does not have the number."""
    if before is None:
        return None
    here, there = getattr(now, name), getattr(before, name)
    if here is None or there is None:
        return None
    by = float(here) - float(there)
    better = _BETTER[name]
    return Delta(by, None if not by or not better else (by > 0) == (better > 0))


def month_of(day: date) -> date:
    return day.replace(day=1)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What became of the customers whom one source recruited and one colleague looks after."""

    source: str
    owner: str
    handed_over: int
    kept: int
    valued: int  # with a value then and now
    value_then: Decimal
    value_now: Decimal

    @property
    def p_kept(self) -> float | None:
        return self.kept / self.handed_over if self.handed_over else None

    @property
    def value_change(self) -> Decimal:
        return self.value_now - self.value_then
