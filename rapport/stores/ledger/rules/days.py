"""Under which heading a touch point stands: single days while they are near, then the rest of a month, then months."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta

NEAR_DAYS = 7


class Span(enum.StrEnum):
    DAY = "day"
    EARLIER = "earlier"  # the rest of a month of which days stand above
    MONTH = "month"


@dataclass(frozen=True)
class Heading:
    """What a heading covers; `first` is its first day. The same heading is not drawn twice when a page continues another."""

    span: Span
    first: date

    @property
    def key(self) -> str:
        return f"{self.span}-{self.first.isoformat()}"


def heading_of(day: date, today: date) -> Heading:
    """`Today`, `Tuesday 17 November`, `Earlier in November`, `October`."""
    nearest_far = today - timedelta(days=NEAR_DAYS)
    if day > nearest_far:
        return Heading(Span.DAY, day)
    month = day.replace(day=1)
    # Days of this month stand by themselves above: today's month, or last week's when the month has just begun.
    broken = {today.replace(day=1), (nearest_far + timedelta(days=1)).replace(day=1)}
    return Heading(Span.EARLIER if month in broken else Span.MONTH, month)
