"""When things happen: seasons, weekdays, holidays, hours of the day."""

from __future__ import annotations

import bisect
import itertools
import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MONDAY, SATURDAY, SUNDAY = 0, 5, 6


class Dice(random.Random):
    """A seeded source of chance. Each stream and customer has its own, so that a new stream disturbs no other."""

    def chance(self, p: float) -> bool:
        return self.random() < p

    def poisson(self, mean: float) -> int:
        limit, product, count = math.exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            count += 1
        return count


@dataclass(frozen=True)
class Season:
    """How much happens in each month and on each weekday, against a mean of about one."""

    months: tuple[float, ...]  # January first
    weekdays: tuple[float, ...]  # Monday first
    holiday: float
    black_friday: float
    growth: float = 1.0  # of the last day against the first


PRIVATE = Season(
    months=(0.55, 0.75, 1.25, 1.5, 1.45, 1.2, 0.95, 0.9, 1.0, 0.85, 0.95, 0.8),
    weekdays=(0.95, 0.9, 0.95, 0.95, 0.95, 1.2, 1.1),
    holiday=0.5,
    black_friday=2.6,
)
BUSINESS = Season(
    months=(0.9, 0.95, 1.2, 1.2, 1.15, 1.05, 0.85, 0.6, 1.05, 1.1, 1.15, 0.8),
    weekdays=(1.3, 1.4, 1.35, 1.3, 1.1, 0.15, 0.08),
    holiday=0.05,
    black_friday=1.2,
)
TRAFFIC = Season(
    months=(0.7, 0.8, 1.2, 1.4, 1.35, 1.15, 0.9, 0.85, 1.0, 0.9, 1.1, 0.8),
    weekdays=(1.0, 1.0, 1.0, 0.95, 0.9, 1.05, 1.15),
    holiday=0.7,
    black_friday=2.2,
    growth=1.5,
)
ARRIVALS = Season(PRIVATE.months, PRIVATE.weekdays, PRIVATE.holiday, 1.4, growth=1.35)
BUSINESS_ARRIVALS = Season(BUSINESS.months, BUSINESS.weekdays, BUSINESS.holiday, 1.0, growth=1.25)


Hours = tuple[int, ...]  # weight of each hour, midnight first
LEISURE: Hours = (2, 1, 1, 0, 0, 1, 3, 6, 8, 9, 10, 10, 12, 11, 10, 10, 10, 11, 13, 18, 24, 25, 16, 7)
DESK: Hours = (0, 0, 0, 0, 0, 0, 1, 4, 12, 18, 20, 18, 12, 16, 18, 17, 14, 7, 2, 1, 2, 2, 1, 0)
OFFICE: Hours = (0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 20, 18, 9, 15, 18, 17, 11, 0, 0, 0, 0, 0, 0, 0)
SHOWROOM: Hours = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 18, 15, 18, 20, 17, 9, 0, 0, 0, 0, 0, 0, 0)
DELIVERY: Hours = (0, 0, 0, 0, 0, 0, 0, 0, 4, 9, 14, 15, 13, 12, 11, 10, 7, 3, 0, 0, 0, 0, 0, 0)
_CUMULATED = {hours: tuple(itertools.accumulate(hours)) for hours in (LEISURE, DESK, OFFICE, SHOWROOM, DELIVERY)}


@cache
def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the anonymous algorithm of 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(year: int) -> frozenset[date]:
    """The public holidays of the Netherlands, where the firm sits."""
    sunday = easter(year)
    king = date(year, 4, 27)
    return frozenset(
        {
            date(year, 1, 1),
            sunday,
            sunday + timedelta(days=1),
            king if king.weekday() != SUNDAY else date(year, 4, 26),
            sunday + timedelta(days=39),
            sunday + timedelta(days=49),
            sunday + timedelta(days=50),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


@cache
def black_friday(year: int) -> date:
    first = date(year, 11, 1)
    thursday = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return thursday + timedelta(days=1)


def is_holiday(day: date) -> bool:
    return day in holidays(day.year)


def is_working_day(day: date) -> bool:
    return day.weekday() < SATURDAY and not is_holiday(day)


def is_showroom_day(day: date) -> bool:
    """The showroom is open from Tuesday to Saturday."""
    return day.weekday() not in (MONDAY, SUNDAY) and not is_holiday(day)


def weight(season: Season, day: date) -> float:
    value = season.months[day.month - 1] * season.weekdays[day.weekday()]
    if is_holiday(day):
        value *= season.holiday
    if -4 <= (day - black_friday(day.year)).days <= 3:
        value *= season.black_friday
    return value


class Calendar:
    """The days of the simulation, counted from zero."""

    def __init__(self, first: date, days: int) -> None:
        self.first = first
        self.days = days
        self._dates = [first + timedelta(days=n) for n in range(days)]
        self._clocks: dict[Season, list[float]] = {}
        self._midnights: dict[tuple[str, int], datetime] = {}

    def on(self, day: int) -> date:
        return self._dates[day] if 0 <= day < self.days else self.first + timedelta(days=day)

    def day(self, of: date) -> int:
        return (of - self.first).days

    def clock(self, season: Season) -> list[float]:
        """Seasonal time at each day's end: it runs fast in spring and slowly in January, and is `days` at the last."""
        clock = self._clocks.get(season)
        if clock is None:
            slope = (season.growth - 1) / max(1, self.days - 1)
            weights = [weight(season, d) * (1 + slope * n) for n, d in enumerate(self._dates)]
            scale = self.days / sum(weights)
            clock = self._clocks[season] = list(itertools.accumulate(w * scale for w in weights))
        return clock

    def after(self, season: Season, day: float, seasonal_days: float) -> float:
        """The moment (in days) at which that much seasonal time has passed since `day`; beyond the end, it is the end."""
        clock = self.clock(season)
        whole = int(day)
        if whole >= self.days:
            return float(self.days)
        before = clock[whole - 1] if whole else 0.0
        target = before + (clock[whole] - before) * (day - whole) + seasonal_days
        found = bisect.bisect_left(clock, target)
        if found >= self.days:
            return float(self.days)
        start = clock[found - 1] if found else 0.0
        return found + (target - start) / (clock[found] - start)

    def pick(self, dice: Dice, season: Season, first: int = 0, last: int | None = None) -> int:
        """A day between two days (both included), by the season's weights."""
        clock = self.clock(season)
        end = self.days - 1 if last is None else min(last, self.days - 1)
        low = clock[first - 1] if first > 0 else 0.0
        return min(end, bisect.bisect_left(clock, low + (clock[end] - low) * dice.random()))

    def working_day(self, day: int, later: int = 0) -> int:
        """The first working day on or after `day`, and then `later` working days on."""
        while not is_working_day(self.on(day)):
            day += 1
        for _ in range(later):
            day += 1
            while not is_working_day(self.on(day)):
                day += 1
        return day

    def showroom_day(self, day: int) -> int:
        while not is_showroom_day(self.on(day)):
            day += 1
        return day

    def instant(self, day: int, seconds: int, zone: str) -> datetime:
        """The instant of a local time (an hour off in the small hours of the two nights in which clocks change)."""
        midnight = self._midnights.get((zone, day))
        if midnight is None:
            noon = datetime.combine(self.on(day), time(12), ZoneInfo(zone)).astimezone(UTC)
            midnight = self._midnights[zone, day] = noon - timedelta(hours=12)
        return midnight + timedelta(seconds=seconds)

    def in_office(self, dice: Dice, at: datetime, zone: str = "Europe/Amsterdam") -> datetime:
        """That instant if somebody is at their desk then, else the next morning on which somebody is."""
        local = at.astimezone(ZoneInfo(zone))
        if is_working_day(local.date()) and 8 <= local.hour < 17:
            return at
        day = self.day(local.date()) + (local.hour >= 17)
        return self.instant(self.working_day(day), 9 * 3600 + dice.randint(0, 6000), zone)

    def at(self, dice: Dice, day: int, hours: Hours, zone: str = "Europe/Amsterdam") -> datetime:
        """An instant on that day, in one of the usual hours."""
        cumulated = _CUMULATED[hours]
        hour = bisect.bisect_right(cumulated, dice.random() * cumulated[-1])
        return self.instant(day, hour * 3600 + int(dice.random() * 3600), zone)
