"""Questions: read, written, told apart and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from rapport.insight.mining.types import Act, Cohorts, Funnel, Part, Question

TEXT_COLUMNS = ("subject", "source", "direction", "campaign", "url", "referrer", "product", "order_number", "currency")
NUMBER_COLUMNS = ("amount", "margin", "quantity")
TEXT_OPERATIONS = ("is", "is_not", "contains", "starts_with")
NUMBER_OPERATIONS = ("more_than", "at_least", "less_than", "at_most", "is", "is_not")
MOST_STEPS = 6
MOST_DAYS = 730
MOST_PERIODS = {"week": 120, "month": 60}


def to_json(question: Question | Part) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(question)
    return plain


def kind_of(question: Question) -> str:
    """The word that tells kinds of questions apart."""
    return str(type(question).__struct_config__.tag)


def question_of(plain: Mapping[str, Any]) -> Question:
    """Errors: msgspec.ValidationError for anything that is not a question."""
    read: Question = msgspec.convert(plain, Question)
    return read


def part_of(plain: Mapping[str, Any]) -> Part:
    return msgspec.convert(plain, Part)


def digest(question: Question, part: Part | None = None) -> str:
    """Equal questions, and equal parts of them, have equal digests; others do not."""
    asked = [to_json(question), to_json(part) if part else None]
    return hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()


def is_sound(question: Question) -> bool:
    """Whether the engine may be asked this: bounds and names that only a forged request would break."""
    match question:
        case Funnel(steps, days):
            return 2 <= len(steps) <= MOST_STEPS and 1 <= days <= MOST_DAYS and all(map(_is_sound, steps))
        case Cohorts():
            return 2 <= question.periods <= MOST_PERIODS[question.unit] and all(
                map(_is_sound, (question.start, question.again))
            )
    return True


def _is_sound(act: Act) -> bool:
    for test in act.where:
        is_number = isinstance(test.value, int | float)
        columns = NUMBER_COLUMNS if is_number else TEXT_COLUMNS
        if test.property not in columns or test.op not in (NUMBER_OPERATIONS if is_number else TEXT_OPERATIONS):
            return False
    return len(act.where) <= 3


def origin(question: Cohorts, today: date) -> date:
    """The first day of the first cohort: what was asked for, or `periods` back from today; Mondays and firsts of months."""
    if question.unit == "week":
        day = question.since or today - timedelta(weeks=question.periods - 1)
        return day - timedelta(days=day.weekday())
    day = question.since or months_later(today, 1 - question.periods)
    return day.replace(day=1)


def periods_until(question: Cohorts, first: date, today: date) -> int:
    """How many periods there are from the first until today's, within what one table shows."""
    if question.unit == "week":
        passed = (today - first).days // 7 + 1
    else:
        passed = (today.year - first.year) * 12 + today.month - first.month + 1
    return max(1, min(passed, MOST_PERIODS[question.unit]))


def period_start(unit: str, first: date, index: int) -> date:
    return first + timedelta(weeks=index) if unit == "week" else months_later(first, index)


def months_later(day: date, months: int) -> date:
    """The first of a month some months later (or earlier)."""
    total = day.year * 12 + day.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)
