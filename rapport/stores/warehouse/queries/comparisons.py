"""What a condition asks of one value, as Ibis expressions that are true or false, never empty."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.conditions import Money, Operator
from rapport.foundation.records.rules.conditions.values import as_id, as_number
from rapport.foundation.records.types import Field, FieldKind
from rapport.stores.customers.models import CustomerAlias
from rapport.stores.warehouse.errors import Unanswerable
from rapport.stores.warehouse.queries.columns import SEPARATOR

_TEXTS = frozenset(
    {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.URL, FieldKind.EMAIL, FieldKind.PHONE, FieldKind.CHOICE}
)
_COMPARISONS: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.IS: operator.eq,
    Operator.IS_NOT: operator.ne,
    Operator.MORE_THAN: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.LESS_THAN: operator.lt,
    Operator.AT_MOST: operator.le,
}


def always(_row: Any) -> Any:
    import ibis

    return ibis.literal(True)


def never(_row: Any) -> Any:
    import ibis

    return ibis.literal(False)


def sure(test: Any) -> Any:
    """False where it can't be told."""
    return test.fill_null(False)


def is_filled(row: Any, field: Field, column: str) -> Any:
    if field.custom:
        return sure(row[f"{column}__set"])
    if field.kind in _TEXTS or field.kind in (FieldKind.TAGS, FieldKind.MULTI_CHOICE):
        return sure(row[column] != "")
    return row[column].notnull()


def is_equal(value: Any, field: Field, wanted: Any) -> Any:
    if isinstance(wanted, bool):
        return value == wanted
    text = str(wanted)
    if field.kind is FieldKind.RELATION and (named := as_id(text)):
        return value.isin(sorted(str(one) for one in _same(named)))
    if field.kind in (FieldKind.EMAIL, FieldKind.MEMBER):
        text = text.lower()
    return value == text


def _same(named: UUID) -> set[UUID]:
    """All ids of the customer that an id stands for."""
    alias = CustomerAlias.objects.filter(absorbed_id=named).first()
    standing = alias.surviving_id if alias else named
    absorbed = CustomerAlias.objects.filter(surviving_id=standing).values_list("absorbed_id", flat=True)
    return {named, standing, *absorbed}


def text_holds(text: Any, op: Operator, wanted: str) -> Any:
    import ibis

    folded = ibis.literal(wanted).upper()  # by the engine, on both sides alike
    return text.upper().contains(folded) if op is Operator.CONTAINS else text.upper().startswith(folded)


def list_holds(joined: Any, op: Operator, wanted: Any) -> Any:
    parts = [str(part) for part in wanted] if isinstance(wanted, tuple) else [str(wanted)]
    there = [sure(joined.contains(f"{SEPARATOR}{part}{SEPARATOR}")) for part in parts]
    return reduce(operator.and_ if op is Operator.HAS_ALL else operator.or_, there)


def number_holds(number: Any, op: Operator, value: Any) -> Any:
    if op is Operator.BETWEEN and isinstance(value, tuple):
        low, high = value
        return number_holds(number, Operator.AT_LEAST, low) & number_holds(number, Operator.AT_MOST, high)
    wanted = as_number(value)
    if wanted is None:
        raise Unanswerable(_("“%(value)s” is not a number.") % {"value": value})
    return _COMPARISONS[op](number, float(wanted))


def money_holds(row: Any, column: str, op: Operator, value: Any) -> Any:
    if op is Operator.BETWEEN and isinstance(value, tuple):
        low, high = value
        return money_holds(row, column, Operator.AT_LEAST, low) & money_holds(row, column, Operator.AT_MOST, high)
    held = sure(number_holds(row[column], op, value.amount if isinstance(value, Money) else value))
    return sure(row[f"{column}__currency"] == value.currency) & held if isinstance(value, Money) else held


def is_on_days(column: Any, days: tuple[date | None, date | None], *, as_text: bool = False) -> Any:
    """Whether a date lies among the days [first, last]."""
    first, last = days
    tests = [column.notnull()]
    if first is not None:
        tests.append(column >= (first.isoformat() if as_text else first))
    if last is not None:
        tests.append(column <= (last.isoformat() if as_text else last))
    return sure(reduce(operator.and_, tests))


def is_between(at: Any, start: datetime | None, end: datetime | None, *, as_text: bool = False) -> Any:
    """Whether an instant lies in [start, end)."""
    tests = [at.notnull()]
    if start is not None:
        tests.append(at >= _moment(start, as_text))
    if end is not None:
        tests.append(at < _moment(end, as_text))
    return sure(reduce(operator.and_, tests))


def _moment(at: datetime, as_text: bool) -> Any:
    import ibis

    utc = at.astimezone(UTC)
    if as_text:
        return utc.replace(tzinfo=None).isoformat(timespec="microseconds")
    return ibis.literal(utc, type="timestamp('UTC', 6)")
