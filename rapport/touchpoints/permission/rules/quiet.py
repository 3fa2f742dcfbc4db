"""Quiet hours: when a customer is left in peace, by the clock on their wall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global

from rapport.touchpoints.permission.types import ANY, Purpose

EVERY_DAY = frozenset(range(7))
MOST_PERIODS_ON_END = 16
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `start` to `end` (minutes of the day; past midnight where the end is not later) on the days it begins on."""

    channel: str
    start: int
    end: int
    days: frozenset[int] = EVERY_DAY  # 0 is Monday
    covers_service: bool = False

    def covers(self, purpose: Purpose, channel: str) -> bool:
        return self.channel in (ANY, channel) and (self.covers_service or not purpose.is_service)


def covering(quiets: Iterable[Quiet], purpose: Purpose, channel: str) -> list[Quiet]:
    return [quiet for quiet in quiets if quiet.covers(purpose, channel)]


def quiet_until(at: datetime, zone: ZoneInfo, quiets: Sequence[Quiet]) -> datetime | None:
    """When the quiet period around `at` ends, where there is one. Periods that follow each other count as one."""
    reached = at
    for _ in range(MOST_PERIODS_ON_END):
        later = max((end for start, end in _periods(reached, zone, quiets) if start <= reached < end), default=None)
        if later is None:
            break
        reached = later
    return reached if reached > at else None


def next_quiet_at(at: datetime, zone: ZoneInfo, quiets: Sequence[Quiet]) -> datetime | None:
    """When the next quiet period begins within a day, where one does."""
    return min((start for start, _ in _periods(at, zone, quiets) if start > at), default=None)


def _periods(at: datetime, zone: ZoneInfo, quiets: Sequence[Quiet]) -> Iterator[tuple[datetime, datetime]]:
    today = at.astimezone(zone).date()
    for quiet in quiets:
        length = (quiet.end - quiet.start) % _DAY or _DAY
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            if day.weekday() in quiet.days:
                ends_on = day + timedelta(days=(quiet.start + length) // _DAY)
                yield _instant(day, quiet.start, zone), _instant(ends_on, (quiet.start + length) % _DAY, zone)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def zone_of(timezone: str, country: str, house: str) -> ZoneInfo:
    """The customer's zone: as it is known, else that of a country that has only one, else that of the house."""
    one_zone = get_global("territory_zones").get(country.upper(), [])
    for name in (timezone, one_zone[0] if len(one_zone) == 1 else "", house):
        if found := _zone(name):
            return found
    return ZoneInfo("UTC")


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # a zone that has no rules here
        return None
