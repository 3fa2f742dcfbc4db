"""Relative times: from "in the last 30 days" to two instants.

`now` carries the zone in which days begin. Days, weeks, months and years are counted in whole local days, so "in the
last 1 day" starts at yesterday's midnight; hours and minutes are counted from the very moment.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

from rapport.foundation.records.rules.conditions.tree import Between, Last, Span
from rapport.foundation.records.rules.conditions.values import as_day, as_instant

EARLIEST = date(1, 1, 3)  # a zone's offset must not push it out of the calendar
LATEST = date(9999, 12, 29)
_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}


def day_shifted(day: date, span: Span, sign: int) -> date:
    """The day that lies `span` before (-1) or after (+1); the last of a month stays within its month."""
    if span.unit in _MONTHS:
        months = day.year * 12 + day.month - 1 + sign * span.n * _MONTHS[span.unit]
        year, month = divmod(months, 12)
        if year < EARLIEST.year:
            return EARLIEST
        if year > LATEST.year:
            return LATEST
        shifted = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    else:
        days = span.n * _DAYS[span.unit] if span.unit in _DAYS else span.n // (24 if span.unit == "hours" else 1440)
        if sign < 0 and days >= (day - EARLIEST).days:
            return EARLIEST
        if sign > 0 and days >= (LATEST - day).days:
            return LATEST
        shifted = day + timedelta(days=sign * days)
    return min(max(shifted, EARLIEST), LATEST)


def start_of(day: date, now: datetime) -> datetime:
    """The first instant of a day in the zone of `now`, in UTC."""
    held = min(max(day, EARLIEST), LATEST)
    return datetime.combine(held, time.min, tzinfo=now.tzinfo).astimezone(UTC)


def next_day(day: date) -> date:
    return day + timedelta(days=1) if day < LATEST else LATEST


def previous_day(day: date) -> date:
    return day - timedelta(days=1) if day > EARLIEST else EARLIEST


def last(span: Span, now: datetime) -> tuple[datetime, datetime]:
    """Both ends belong to it."""
    if span.unit in ("hours", "minutes"):
        return (now - timedelta(**{span.unit: span.n})).astimezone(UTC), now.astimezone(UTC)
    return start_of(day_shifted(now.date(), span, -1), now), now.astimezone(UTC)


def coming(span: Span, now: datetime) -> tuple[datetime, datetime]:
    """The first end belongs to it, the second does not."""
    if span.unit in ("hours", "minutes"):
        return now.astimezone(UTC), (now + timedelta(**{span.unit: span.n})).astimezone(UTC)
    return now.astimezone(UTC), start_of(next_day(day_shifted(now.date(), span, +1)), now)


def moment(value: object, now: datetime) -> tuple[datetime, datetime] | None:
    """What a day or an instant covers: [start, end). An instant covers its minute, second or microsecond as written."""
    day = as_day(value)
    if day is not None:
        return start_of(day, now), start_of(next_day(day), now)
    instant = as_instant(value)
    if instant is None:
        return None
    if not EARLIEST <= instant.date() <= LATEST:
        return None
    start = (instant if instant.tzinfo else instant.replace(tzinfo=now.tzinfo)).astimezone(UTC)
    if instant.microsecond:
        return start, start + timedelta(microseconds=1)
    return start, start + (timedelta(seconds=1) if instant.second else timedelta(minutes=1))


def span_of(within: Last | Between, now: datetime) -> tuple[datetime | None, datetime | None]:
    """A window as [start, end); an open end is None."""
    if isinstance(within, Last):
        start, end = last(within.span, now)
        return start, end + timedelta(microseconds=1)
    begin, finish = moment(within.start, now), moment(within.end, now)
    return (begin[0] if begin else None), (finish[1] if finish else None)
