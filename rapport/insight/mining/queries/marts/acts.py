"""Which touch points an act means, as a test of their columns."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis.expr.types import BooleanValue, Table

    from rapport.insight.mining.types import Act, Test

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "contains": lambda column, value: column.lower().contains(value.lower()),
    "starts_with": lambda column, value: column.lower().startswith(value.lower()),
    "more_than": operator.gt,
    "at_least": operator.ge,
    "less_than": operator.lt,
    "at_most": operator.le,
}


def is_act(touchpoints: Table, act: Act) -> BooleanValue:
    """True or false for each touch point, never NULL: a missing value passes no test, "is not" included."""
    tests = [touchpoints[name] == value for name, value in (("kind", act.kind), ("channel", act.channel)) if value]
    tests += [_holds(touchpoints, test) for test in act.where]
    return reduce(operator.and_, tests) if tests else ibis.literal(True)


def any_act(touchpoints: Table, acts: tuple[Act, ...]) -> BooleanValue:
    return reduce(operator.or_, [is_act(touchpoints, act) for act in acts])


def _holds(touchpoints: Table, test: Test) -> BooleanValue:
    column = touchpoints[test.property]
    return _OPERATIONS[test.op](column, test.value).fill_null(False)
