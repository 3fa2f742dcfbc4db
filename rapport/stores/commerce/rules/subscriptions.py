"""When subscriptions renew and end."""

from __future__ import annotations

import calendar
import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal

from rapport.stores.commerce.types import Interval, SubscriptionStatus

MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12}


def renews_on(started_on: date, interval: str, renewals: int) -> date:
    """The day the next interval begins. Counted from the start, so that the 31st stays the 31st after February."""
    months = started_on.year * 12 + started_on.month - 1 + MONTHS[Interval(interval)] * (renewals + 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(started_on.day, calendar.monthrange(year, month + 1)[1]))


class Step(enum.Enum):
    RENEW = "renew"
    END = "end"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What decides about a subscription by itself."""

    status: str
    renews_on: date | None
    ends_on: date | None = None
    renews_itself: bool = True


def next_step(standing: Standing, today: date) -> Step | None:
    """What is due on a day, if anything: one interval at a time, however many days were missed."""
    if standing.status == SubscriptionStatus.ENDED or standing.renews_on is None:
        return None
    if standing.ends_on is not None:  # also while it is paused
        return Step.END if standing.ends_on <= today else None
    if standing.status == SubscriptionStatus.PAUSED or not standing.renews_itself:
        return None
    return Step.RENEW if standing.renews_on <= today else None


def instant_of(day: date, zone: tzinfo, now: datetime) -> datetime:
    """When something of a day happened: now, if it is that day where the workspace is; else at its noon there."""
    if day >= now.astimezone(zone).date():
        return now
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def yearly(amount: Decimal, quantity: Decimal, interval: str) -> Decimal:
    return amount * quantity * 12 / MONTHS[Interval(interval)]
