"""Numbers, money, dates and spans of time as people of the active language write them, in the member's time zone."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from babel import Locale, UnknownLocaleError, dates, numbers
from django.utils import timezone
from django.utils.translation import get_language, gettext

from rapport.foundation.lib import clock

# English here is that of the look book: 19 November, 24 hours.
_REGIONS = {"en": "en_GB"}
_PLAIN = str.maketrans({",": "\0", ".": "\1"})


@lru_cache(maxsize=64)
def _parse(language: str) -> Locale:
    try:
        return Locale.parse(_REGIONS.get(language, language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def locale() -> Locale:
    """The rules of the active language."""
    return _parse(get_language() or "en")


@lru_cache(maxsize=64)
def _symbols(language: str) -> tuple[str, str, str]:
    rules = _parse(language)
    return (
        numbers.get_group_symbol(rules),
        numbers.get_decimal_symbol(rules),
        numbers.get_minus_sign_symbol(rules),
    )


def number(value: Decimal | float | int, digits: int | None = None) -> str:
    """1,234.5 in the way of the language; as many decimals as the value has, unless told (three at most)."""
    amount = Decimal(str(value))
    if not amount.is_finite():
        return "–"
    if digits is None:
        exponent = amount.normalize().as_tuple().exponent
        digits = min(3, max(0, -exponent)) if isinstance(exponent, int) else 0
    group, decimal, minus = _symbols(get_language() or "en")
    text = f"{abs(amount):,.{digits}f}"
    text = text.translate(_PLAIN).replace("\0", group).replace("\1", decimal)
    return f"{minus}{text}" if amount < 0 and amount.quantize(Decimal(1).scaleb(-digits)) else text


@lru_cache(maxsize=512)
def _around(language: str, currency: str) -> tuple[str, str]:
    """What stands before and behind an amount of this currency."""
    sample = numbers.format_currency(1, currency, locale=_parse(language))
    places = [index for index, sign in enumerate(sample) if sign.isdigit()]
    return sample[: places[0]], sample[places[-1] + 1 :]


def money(amount: Decimal | float | int, currency: str, digits: int | None = None) -> str:
    """€1,234 or 1.234 €; cents only where there are some, unless told."""
    value = Decimal(str(amount))
    if not value.is_finite():
        return "–"
    if digits is None:
        digits = 0 if value == value.to_integral_value() else numbers.get_currency_precision(currency)
    before, behind = _around(get_language() or "en", currency)
    text = number(abs(value), digits)
    minus = _symbols(get_language() or "en")[2] if value < 0 and value.quantize(Decimal(1).scaleb(-digits)) else ""
    return f"{minus}{before}{text}{behind}"


def short_money(amount: Decimal | float | int, currency: str) -> str:
    """€1.01M: for sums, where the order of magnitude is the news. Below a million every figure is shown."""
    value = Decimal(str(amount))
    if not value.is_finite() or abs(value) < 1_000_000:
        return money(value, currency, 0)
    return numbers.format_compact_currency(value, currency, locale=locale(), fraction_digits=2)


def percent(share: Decimal | float) -> str:
    """A share between 0 and 1, in whole per cent."""
    return numbers.format_percent(Decimal(str(share)), locale=locale())


def local(instant: datetime) -> datetime:
    return timezone.localtime(instant) if timezone.is_aware(instant) else instant


@lru_cache(maxsize=4096)
def _day(day: date, skeleton: str, language: str) -> str:
    return dates.format_skeleton(skeleton, day, locale=_parse(language))


def _in_year(day: date, skeleton: str) -> str:
    """The year is added when it is not this one."""
    this_year = day.year == local(clock.now()).year
    return _day(day, skeleton if this_year else f"y{skeleton}", get_language() or "en")


def short_date(day: date) -> str:
    """19 Nov, with the year when it is not this one."""
    return _in_year(day, "MMMd")


def long_date(day: date) -> str:
    """19 November 2026."""
    return dates.format_date(day, "long", locale=locale())


def time_of_day(instant: datetime) -> str:
    return dates.format_time(local(instant).time(), "short", locale=locale())


def exact(instant: datetime) -> str:
    """Thursday 19 November 2026 at 09:12: for titles and details."""
    there = local(instant)
    return f"{dates.format_date(there.date(), 'full', locale=locale())}, {time_of_day(instant)}"


def moment(instant: datetime) -> str:
    """As short as it stays clear: the time today, the date otherwise."""
    day = local(instant).date()
    return time_of_day(instant) if day == local(clock.now()).date() else short_date(day)


def ago(instant: datetime) -> str:
    """2 hours ago, in 3 days."""
    seconds = math.floor((instant - clock.now()).total_seconds())
    if abs(seconds) < 45:
        return gettext("just now")
    for unit, length in dates.TIMEDELTA_UNITS:
        if abs(seconds) / length >= 0.85:  # where Babel goes over to the greater unit
            return _span(unit, round(seconds / length), get_language() or "en")
    return _span("second", round(seconds), get_language() or "en")


@lru_cache(maxsize=2048)  # a list has a hundred of them, most alike
def _span(unit: str, count: int, language: str) -> str:
    length = dict(dates.TIMEDELTA_UNITS)[unit]
    span = timedelta(seconds=count * length)
    granularity = cast(Any, unit)
    return dates.format_timedelta(span, granularity, threshold=math.inf, add_direction=True, locale=_parse(language))


def day_heading(day: date) -> str:
    """Today, Yesterday, Tuesday 17 November: the heading of a day in a timeline."""
    today = local(clock.now()).date()
    distance = (today - day).days
    if distance == 0:
        return gettext("Today")
    if distance == 1:
        return gettext("Yesterday")
    return _in_year(day, "MMMMEEEEd")
