"""Readers of single values: from their JSON form to a Python value, or None where they are not one."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

# What a PostgreSQL numeric of any custom field holds without complaint, with room to spare.
MOST_DIGITS = 30
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?\Z", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,99}\Z", re.ASCII)
ME = "me"  # the member who looks, in conditions on a member


def as_number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not _NUMBER.match(value):
        return None
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite() or (number and not -MOST_DIGITS <= number.adjusted() < MOST_DIGITS):
        return None
    exponent = number.as_tuple().exponent
    return number if isinstance(exponent, int) and exponent >= -2 * MOST_DIGITS else None


def as_count(value: object) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and number == number.to_integral_value() and 0 <= number < 10**9 else None


def as_day(value: object) -> date | None:
    if not isinstance(value, str) or not _DAY.match(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def as_instant(value: object) -> datetime | None:
    """A day and a time, with or without an offset. Without one it is meant in the reader's zone."""
    if not isinstance(value, str) or not _INSTANT.match(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def as_text(value: object, *, longest: int) -> str | None:
    """Text that PostgreSQL can hold: not empty, not too long, no NUL and no lone surrogates."""
    if not isinstance(value, str) or not value or len(value) > longest or "\x00" in value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value


def as_id(value: object) -> UUID | None:
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def as_word(value: object) -> str | None:
    """The name of a kind, a channel, a property or a set: open vocabularies, plain characters."""
    return value if isinstance(value, str) and _WORD.match(value) else None


def as_currency(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value, re.ASCII) else None
