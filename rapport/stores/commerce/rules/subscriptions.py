"""When subscriptions renew."""

from __future__ import annotations

import calendar
from datetime import date
from decimal import Decimal

from rapport.stores.commerce.types import Interval

MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12}


def renews_on(started_on: date, interval: str, renewals: int) -> date:
    """The day the next interval begins. Counted from the start, so that the 31st stays the 31st after February."""
    months = started_on.year * 12 + started_on.month - 1 + MONTHS[Interval(interval)] * (renewals + 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(started_on.day, calendar.monthrange(year, month + 1)[1]))


def yearly(amount: Decimal, quantity: Decimal, interval: str) -> Decimal:
    return amount * quantity * 12 / MONTHS[Interval(interval)]
