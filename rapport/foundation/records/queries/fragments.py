"""Pieces of SQL with their parameters, for conditions that the ORM can't say without correlated subqueries.

The text of a fragment is written in this code base, never by a user: values, also names of properties, are parameters.
Tables are named without a schema, so the workspace's search path decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from rapport.foundation.records.rules.conditions import Operator, Value
from rapport.foundation.records.rules.conditions.values import as_number

# What is read as a number in JSON text; the guard keeps a cast from failing on any other text.
NUMBER_PATTERN = r"^-?[0-9]{1,30}(\.[0-9]{1,30})?$"
_COMPARISONS = {
    Operator.IS: "=",
    Operator.MORE_THAN: ">",
    Operator.AT_LEAST: ">=",
    Operator.LESS_THAN: "<",
    Operator.AT_MOST: "<=",
}


@dataclass(frozen=True)
class Fragment:
    text: str
    params: tuple[object, ...] = ()

    def __add__(self, other: Fragment | str) -> Fragment:
        if isinstance(other, str):
            return Fragment(self.text + other, self.params)
        return Fragment(self.text + other.text, self.params + other.params)

    def __radd__(self, other: str) -> Fragment:
        return Fragment(other + self.text, self.params)


def joined(glue: str, parts: Iterable[Fragment]) -> Fragment:
    known = list(parts)
    return Fragment(glue.join(part.text for part in known), tuple(p for part in known for p in part.params))


def of_queryset(rows: QuerySet[Any]) -> Fragment:
    """The SQL of a queryset. One that can't match anything gives a query without rows."""
    from django.core.exceptions import EmptyResultSet

    try:
        text, params = rows.query.get_compiler(using=rows.db).as_sql()
    except EmptyResultSet:
        return Fragment("SELECT NULL::uuid WHERE false")
    return Fragment(text, tuple(params))


def id_in(select: Fragment, model: type[Model], *, negated: bool = False) -> Q:
    """Records whose id the select gives, or those of `model` that it does not give: always IN (subquery).

    Never NOT IN: once its list outgrows a backend's memory, PostgreSQL goes through all of it for each row.
    """
    if negated:
        select = f"SELECT id FROM {model._meta.db_table} EXCEPT " + select  # noqa: S608 (no user's text is in it)
    return Q(pk__in=RawSQL(select.text, select.params))  # noqa: S611 (text is ours, values are parameters)


def number_test(expression: Fragment, op: Operator, value: Value) -> Fragment:
    """`expression` compared with one number or two."""
    if op is Operator.BETWEEN:
        low, high = value if isinstance(value, tuple) else (value, value)
        return expression + Fragment(" BETWEEN %s AND %s", (as_number(low), as_number(high)))
    if op is Operator.IS_NOT:
        return expression + Fragment(" <> %s", (as_number(value),))
    return expression + Fragment(f" {_COMPARISONS[op]} %s", (as_number(value),))


def number_holds(number: Decimal, op: Operator, value: Value) -> bool:
    """The same comparison in Python."""
    parts = [as_number(part) or Decimal(0) for part in (value if isinstance(value, tuple) else (value,))]
    match op:
        case Operator.IS:
            return number == parts[0]
        case Operator.IS_NOT:
            return number != parts[0]
        case Operator.MORE_THAN:
            return number > parts[0]
        case Operator.AT_LEAST:
            return number >= parts[0]
        case Operator.LESS_THAN:
            return number < parts[0]
        case Operator.AT_MOST:
            return number <= parts[0]
    return parts[0] <= number <= parts[-1]
