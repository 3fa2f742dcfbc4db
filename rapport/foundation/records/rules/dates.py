"""Dates and instants as people and programs write them."""

from __future__ import annotations

import calendar
import enum
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.codec import BadValue

EARLIEST_YEAR = 1000  # an earlier year is a slip of the keyboard
_EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no time zones
_EXCEL_DAYS = range(1, 109_575)  # 1900 to 2199
_MONTHS = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jän feb mär apr mai jun jul aug sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
)
MONTHS = {word: number for line in _MONTHS for number, word in enumerate(line.split(), 1)}
_FILLERS = frozenset(["st", "nd", "rd", "th", "de", "del", "of", "den", "der", "le", "the"])
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(
    r"^(?P<date>.*?\d.*?)[T,\s]+(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|z|UTC|GMT|(?:UTC|GMT)?[+\-−]\d\d(?::?\d\d)?)?$"
)


class DateOrder(enum.StrEnum):
    """How numbers of a date follow each other when the year does not come first."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    YEAR_FIRST = "ymd"  # only matters for two-digit years: 24-02-29
    EXCEL = "excel"  # days since 1900
    UNIX = "unix"  # seconds or milliseconds since 1970


def parse_date(raw: object, order: DateOrder = DateOrder.DAY_FIRST) -> date:
    """The date of a cell. A time of day beside it is left out."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _from_number(raw, order).date()
    text = str(raw)
    if len(text) == 10 and _ISO.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass  # the slow path says why
    if order in (DateOrder.EXCEL, DateOrder.UNIX) and _is_number(text):
        return _from_number(float(text), order).date()
    matched = _TIME.match(text)
    return _civil(matched["date"] if matched else text, text, order)


def parse_instant(raw: object, order: DateOrder = DateOrder.DAY_FIRST, zone: tzinfo = UTC) -> datetime:
    """The instant of a cell in UTC; one without a zone of its own is read as local time of `zone`."""
    if isinstance(raw, datetime):
        return _in_utc(raw, zone)
    if isinstance(raw, date):
        return _in_utc(datetime.combine(raw, time()), zone)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _in_utc(_from_number(raw, order), zone)
    text = str(raw)
    if len(text) > 9 and _ISO.match(text):
        try:
            return _in_utc(datetime.fromisoformat(text), zone)
        except ValueError:
            pass  # the slow path says why, or knows a form that ISO does not
    if order in (DateOrder.EXCEL, DateOrder.UNIX) and _is_number(text):
        return _in_utc(_from_number(float(text), order), zone)
    matched = _TIME.match(text)
    if not matched:
        return _in_utc(datetime.combine(_civil(text, text, order), time()), zone)
    day = _civil(matched["date"], text, order)
    written = matched["zone"]
    return _in_utc(datetime.combine(day, _time(matched, text), _offset(written) if written else None), zone)


def zone_named(name: str) -> tzinfo:
    """The time zone, or UTC when nobody knows it."""
    return _zone(name) or UTC


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def detect_date_order(samples: Iterable[str]) -> tuple[DateOrder, bool]:
    """How a column writes its dates, and whether that is certain (03/04/2024 alone is not)."""
    day_first = month_first = dots = serials = stamps = seen = 0
    for text in samples:
        seen += 1
        if _is_number(text):
            number = float(text)
            serials += 20_000 <= number < 80_000
            stamps += (1e8 <= number < 1e11 and len(text.partition(".")[0]) in (9, 10)) or 1e11 <= number < 1e14
            continue
        matched = _TIME.match(text)
        numbers = _PARTS.findall(matched["date"] if matched else text)
        if len(numbers) < 3 or not all(part.isdecimal() for part in numbers[:3]) or len(numbers[0]) == 4:
            continue
        first, second = int(numbers[0]), int(numbers[1])
        day_first += first > 12 >= second
        month_first += second > 12 >= first
        dots += "." in text
    if seen and serials == seen:
        return DateOrder.EXCEL, True
    if seen and stamps == seen:
        return DateOrder.UNIX, True
    if month_first > day_first:
        return DateOrder.MONTH_FIRST, True
    return DateOrder.DAY_FIRST, bool(day_first or dots) or not _needs_order(samples)


def _needs_order(samples: Iterable[str]) -> bool:
    """Whether any sample reads differently day first and month first."""
    for text in samples:
        parts = _PARTS.findall(text)
        if (
            len(parts) >= 3
            and all(part.isdecimal() for part in parts[:3])
            and len(parts[0]) <= 2
            and parts[0] != parts[1]
        ):
            return True
    return False


def _is_number(text: str) -> bool:
    return (
        text.replace(".", "", 1).isdecimal()
        and text.isascii()
        and not (len(text) == 8 and text[:2] in ("18", "19", "20", "21"))
    )


def _from_number(number: float, order: DateOrder) -> datetime:
    if order is DateOrder.UNIX or (order is not DateOrder.EXCEL and 1e8 <= number < 1e14):
        seconds = number / 1000 if number >= 1e11 else number
        if seconds < 1e11:
            return datetime.fromtimestamp(seconds, UTC)
    if int(number) in _EXCEL_DAYS:
        return _EXCEL_ZERO + timedelta(days=int(number), seconds=round(number % 1 * 86_400))
    raise BadValue(_("%(value)s is not a date. Write it as 2026-11-30.") % {"value": f"{number:g}"})


def _civil(text: str, whole: str, order: DateOrder) -> date:
    """The date in `text`; errors quote `whole`."""
    if len(text) == 8 and text.isdecimal() and text.isascii():
        return _compact(text, whole, order)
    parts = [part for part in _PARTS.findall(text) if part.lower() not in _FILLERS]
    words = [part for part in parts if not part.isdecimal()]
    numbers = [part for part in parts if part.isdecimal()]
    months = [number for word in words if (number := MONTHS.get(word.lower()) or MONTHS.get(word[:3].lower()))]
    # Words beside the month are names of weekdays; more than one of them means that this is prose.
    if (
        len(words) - len(months) > 1
        or len(months) > 1
        or len(numbers) != (2 if months else 3)
        or any(len(n) > 4 for n in numbers)
    ):
        raise BadValue(_("%(value)s is not a date. Write it as 2026-11-30.") % {"value": shown(whole)})
    if months:
        year_first = len(numbers[0]) == 4
        return _checked(numbers[0 if year_first else 1], months[0], int(numbers[1 if year_first else 0]), whole, order)
    first, second, third = numbers
    if len(first) == 4 or (order is DateOrder.YEAR_FIRST and len(third) < 4):
        return _checked(first, int(second), int(third), whole, order)
    if order is DateOrder.MONTH_FIRST:
        return _checked(third, int(first), int(second), whole, order)
    return _checked(third, int(second), int(first), whole, order)


def _compact(text: str, whole: str, order: DateOrder) -> date:
    if text[:2] in ("18", "19", "20", "21"):
        return _checked(text[:4], int(text[4:6]), int(text[6:]), whole, order)
    if order is DateOrder.MONTH_FIRST:
        return _checked(text[4:], int(text[:2]), int(text[2:4]), whole, order)
    return _checked(text[4:], int(text[2:4]), int(text[:2]), whole, order)


def _checked(year_text: str, month: int, day: int, whole: str, order: DateOrder) -> date:
    year = int(year_text)
    if len(year_text) <= 2:
        year += 1900 if year >= 69 else 2000  # the POSIX pivot
    value = shown(whole)
    if year < EARLIEST_YEAR:
        raise BadValue(
            _("%(value)s is not a date: the year %(year)s is too early. Write all four digits.")
            % {"value": value, "year": year}
        )
    if not 1 <= month <= 12:
        swapped = 1 <= day <= 12 and month <= 31
        if swapped and order is DateOrder.MONTH_FIRST:
            raise BadValue(
                _(
                    "%(value)s is not a date with the month first: there is no month %(month)s. Choose day first for this column."
                )
                % {"value": value, "month": month}
            )
        if swapped:
            raise BadValue(
                _(
                    "%(value)s is not a date with the day first: there is no month %(month)s. Choose month first for this column."
                )
                % {"value": value, "month": month}
            )
        raise BadValue(_("%(value)s is not a date: there is no month %(month)s.") % {"value": value, "month": month})
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        raise BadValue(
            _("%(value)s is not a date: %(month)s %(year)s has %(days)s days, not %(day)s.")
            % {"value": value, "month": _month_name(month), "year": year, "days": days, "day": day}
        )
    return date(year, month, day)


def _month_name(month: int) -> str:
    names = (
        _("January"), _("February"), _("March"), _("April"), _("May"), _("June"),
        _("July"), _("August"), _("September"), _("October"), _("November"), _("December"),
    )  # fmt: skip
    return names[month - 1]


def _time(matched: re.Match[str], whole: str) -> time:
    hour, minute, second = int(matched["h"]), int(matched["m"]), int(matched["s"] or 0)
    afternoon = (matched["ap"] or "").lower().startswith("p")
    if matched["ap"] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if afternoon else 0)
    try:
        return time(hour, minute, second, int(((matched["f"] or "") + "000000")[:6]))
    except ValueError:
        raise BadValue(
            _("%(value)s has no such time of day. Hours go to 23, minutes and seconds to 59.") % {"value": shown(whole)}
        ) from None


def _offset(written: str) -> tzinfo:
    digits = written.upper().removeprefix("UTC").removeprefix("GMT")
    if digits in ("", "Z"):
        return UTC
    hours, minutes = int(digits[1:3]), int(digits[-2:]) if len(digits) > 3 else 0
    sign = 1 if digits[0] == "+" else -1
    if hours > 14 or minutes > 59:
        raise BadValue(_("%(value)s is not an offset from UTC.") % {"value": written})
    from datetime import timezone

    return timezone(sign * timedelta(hours=hours, minutes=minutes))


def _in_utc(value: datetime, zone: tzinfo) -> datetime:
    if value.year < EARLIEST_YEAR:
        raise BadValue(
            _("%(value)s is too early. Write the year with four digits.") % {"value": value.date().isoformat()}
        )
    try:
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise BadValue(_("%(value)s is too late.") % {"value": value.date().isoformat()}) from None


def shown(value: object, limit: int = 60) -> str:
    """A value as an error quotes it: on one line and not endless."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
