"""Conditions on behaviour: "opened an e-mail at least 3 times in the last 30 days", compiled for lists and segments.

Touch points keep the customer id they were recorded with, so ids are resolved through the aliases here; touch points
that were retracted, one by one or with their batch, do not count. The answer is IN (subquery) without correlation.
"""

# ruff: noqa: S608 (the text is ours alone; whatever a user wrote is a parameter)
from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import Q
from msgspec.structs import replace

from rapport.foundation.records.queries.conditions import instants_of
from rapport.foundation.records.queries.fragments import (
    NUMBER_PATTERN,
    Fragment,
    id_in,
    joined,
    number_holds,
    number_test,
)
from rapport.foundation.records.rules.conditions import (
    POSITIVE,
    Behaviour,
    Between,
    Last,
    Occurrence,
    Operator,
    PropertyTest,
    Since,
    Value,
    windows,
)
from rapport.foundation.records.rules.conditions.values import as_number
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.ledger.models import Retraction, Touchpoint

_TOUCHPOINT, _ALIAS, _RETRACTION = (model._meta.db_table for model in (Touchpoint, CustomerAlias, Retraction))
_TEXT_COLUMNS = frozenset({"currency", "subject", "source", "direction", "channel"})
_NUMERIC = frozenset({Operator.MORE_THAN, Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST, Operator.BETWEEN})


def compile_behaviour(node: Behaviour, *, now: datetime, negated: bool = False) -> Q:
    """Customers for whom the measure over their touch points holds, or all others.

    `now` is in the zone in which days begin.
    """
    if node.op in POSITIVE and node.measure in ("first", "last"):
        return compile_behaviour(replace(node, op=POSITIVE[node.op]), now=now, negated=not negated)
    rows = _rows(node, now)
    match node.measure:
        case "count":
            return _grouped(rows, Fragment("count(*)"), node.op, node.value, negated=negated)
        case "sum":
            total = "COALESCE(sum(" + _number_of(node.of) + "), 0)"
            return _grouped(rows, total, node.op, node.value, negated=negated)
    return id_in(_first_or_last(node, rows, now), Customer, negated=negated)


# Which touch points


def _rows(node: Behaviour, now: datetime) -> Fragment:
    """The touch points that count: customer (its standing id), occurred_at, id, amount, properties and text columns."""
    match node.within:
        case None:
            return _occurrences(node.occurrence)
        case Last() | Between():
            return _occurrences(node.occurrence, *windows.span_of(node.within, now))
        case Since(which, occurrence):
            extreme = "min" if which == "first" else "max"
            anchors = (
                f"SELECT y.customer, {extreme}(y.occurred_at) AS at FROM ("
                + _occurrences(occurrence)
                + ") y GROUP BY y.customer"
            )
            return (
                "SELECT z.* FROM (" + _occurrences(node.occurrence) + ") z JOIN (" + anchors
                + ") s ON s.customer = z.customer WHERE z.occurred_at > s.at"
            )  # fmt: skip
    raise TypeError(node.within)


def _occurrences(occurrence: Occurrence, start: datetime | None = None, end: datetime | None = None) -> Fragment:
    tests = [Fragment("r.touchpoint_id IS NULL AND b.batch_id IS NULL")]
    if occurrence.kind:
        tests.append(Fragment("t.kind = %s", (occurrence.kind,)))
    if occurrence.channel:
        tests.append(Fragment("t.channel = %s", (occurrence.channel,)))
    if start is not None:
        tests.append(Fragment("t.occurred_at >= %s", (start,)))
    if end is not None:
        tests.append(Fragment("t.occurred_at < %s", (end,)))
    tests += [_property_test(test) for test in occurrence.where]
    return (
        "SELECT COALESCE(a.surviving_id, t.customer_id) AS customer, t.occurred_at, t.id, t.amount, t.currency, t.subject,"
        f" t.source, t.direction, t.channel, t.properties FROM {_TOUCHPOINT} t"
        f" LEFT JOIN {_ALIAS} a ON a.absorbed_id = t.customer_id"
        f" LEFT JOIN {_RETRACTION} r ON r.touchpoint_id = t.id LEFT JOIN {_RETRACTION} b ON b.batch_id = t.batch_id"
        " WHERE " + joined(" AND ", tests)
    )


def _property_test(test: PropertyTest) -> Fragment:
    return "COALESCE(" + _value_test(test, "t") + ", false)"


def _value_test(test: PropertyTest, table: str) -> Fragment:
    """A test of one property; NULL where the property is missing, so the caller says what that means."""
    if test.op in POSITIVE:
        return "NOT COALESCE(" + _value_test(replace(test, op=POSITIVE[test.op]), table) + ", false)"
    sample = test.value[0] if isinstance(test.value, tuple) and test.value else test.value
    is_column = test.property in _TEXT_COLUMNS
    if test.op is Operator.IS_NOT_EMPTY:
        if test.property == "amount":
            return Fragment(f"{table}.amount IS NOT NULL")
        return _text_of(test.property, table) + " <> ''"
    if isinstance(sample, bool):
        return Fragment(f"{table}.properties -> %s::text = %s::jsonb", (test.property, "true" if sample else "false"))
    as_numbers = test.property == "amount" or test.op in _NUMERIC or (not is_column and not isinstance(sample, str))
    if test.op is Operator.ANY_OF and isinstance(test.value, tuple):
        singles = [_value_test(PropertyTest(test.property, Operator.IS, value), table) for value in test.value]
        return "(" + joined(" OR ", singles) + ")"
    if as_numbers:
        return number_test(_number_of(test.property, table), test.op, test.value)
    text = _text_of(test.property, table)
    if test.op is Operator.IS:
        return text + Fragment(" = %s", (str(test.value),))
    pattern = str(test.value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return (
        "upper("
        + text
        + Fragment(") LIKE upper(%s)", (f"%{pattern}%" if test.op is Operator.CONTAINS else f"{pattern}%",))
    )


def _text_of(name: str, table: str) -> Fragment:
    return (
        Fragment(f"{table}.{name}")
        if name in _TEXT_COLUMNS
        else Fragment(f"({table}.properties ->> %s::text)", (name,))
    )


def _number_of(name: str, table: str = "x") -> Fragment:
    """The property as a number; NULL where it is none."""
    if name == "amount":
        return Fragment(f"{table}.amount")
    text = _text_of(name, table)
    return "(CASE WHEN " + text + Fragment(" ~ %s", (NUMBER_PATTERN,)) + " THEN " + text + "::numeric END)"


# What is measured


def _grouped(rows: Fragment, measure: Fragment, op: Operator, value: Value, *, negated: bool) -> Q:
    """Customers without any such touch point are in no group: where they match, the others are looked for and left out."""
    none_match = number_holds(Decimal(0), op, value)
    select = "SELECT x.customer FROM (" + rows + ") x"
    if not _is_any(measure, op, value):
        test = number_test(measure, op, value)
        select += " GROUP BY x.customer HAVING " + ("NOT (" + test + ")" if none_match else test)
    return id_in(select, Customer, negated=negated != none_match)


def _is_any(measure: Fragment, op: Operator, value: Value) -> bool:
    """Whether the question, or its opposite, is only whether there is any: no group needs to be counted then."""
    if measure.text != "count(*)":
        return False
    number = as_number(value)
    if number == 1:
        return op in (Operator.AT_LEAST, Operator.LESS_THAN)
    return number == 0 and op in (Operator.MORE_THAN, Operator.AT_MOST, Operator.IS, Operator.IS_NOT)


def _first_or_last(node: Behaviour, rows: Fragment, now: datetime) -> Fragment:
    """The ids of those for whom the first or last one passes the test."""
    extreme, order = ("min", "ASC") if node.measure == "first" else ("max", "DESC")
    everyone = "SELECT x.customer FROM (" + rows + ") x"
    if not node.of:
        if node.op is Operator.IS_NOT_EMPTY:
            return everyone
        start, end = instants_of(node.op, node.value, now)
        moment = Fragment(f"{extreme}(x.occurred_at)")
        tests = [Fragment("true")]
        if start is not None:
            tests.append(moment + Fragment(" >= %s", (start,)))
        if end is not None:
            tests.append(moment + Fragment(" < %s", (end,)))
        return everyone + " GROUP BY x.customer HAVING " + joined(" AND ", tests)
    one = (
        "SELECT DISTINCT ON (x.customer) x.* FROM (" + rows
        + f") x ORDER BY x.customer, x.occurred_at {order}, x.id {order}"
    )  # fmt: skip
    return (
        "SELECT o.customer FROM (" + one + ") o WHERE " + _value_test(PropertyTest(node.of, node.op, node.value), "o")
    )


__all__ = ["compile_behaviour"]
