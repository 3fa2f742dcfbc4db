"""The operators: which kind of field takes which, and what each takes as its value. The one table of both."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from rapport.foundation.records.types import FieldKind


class Operator(enum.StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    ANY_OF = "any_of"
    NONE_OF = "none_of"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    MORE_THAN = "more_than"
    AT_LEAST = "at_least"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    BETWEEN = "between"
    BEFORE = "before"
    AFTER = "after"
    ON = "on"
    IN_LAST = "in_last"
    NOT_IN_LAST = "not_in_last"
    IN_NEXT = "in_next"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"


class Takes(enum.Enum):
    """The shape of an operator's value."""

    NOTHING = enum.auto()
    ONE = enum.auto()
    TWO = enum.auto()
    MANY = enum.auto()
    SPAN = enum.auto()


_SHAPES: Mapping[Takes, tuple[Operator, ...]] = {
    Takes.NOTHING: (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY),
    Takes.TWO: (Operator.BETWEEN,),
    Takes.MANY: (Operator.ANY_OF, Operator.NONE_OF, Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE),
    Takes.SPAN: (Operator.IN_LAST, Operator.NOT_IN_LAST, Operator.IN_NEXT),
}
TAKES: Mapping[Operator, Takes] = {
    op: next((shape for shape, ops in _SHAPES.items() if op in ops), Takes.ONE) for op in Operator
}

# A negative holds exactly where its positive does not, so also where the field is empty: "city is not Hamburg" finds
# those without a city. Compilers need the positives only.
POSITIVE: Mapping[Operator, Operator] = {
    Operator.IS_NOT: Operator.IS,
    Operator.NONE_OF: Operator.ANY_OF,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.IS_EMPTY: Operator.IS_NOT_EMPTY,
    Operator.NOT_IN_LAST: Operator.IN_LAST,
    Operator.HAS_NONE: Operator.HAS_ANY,
}

_EMPTY = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
_EQUAL = (Operator.IS, Operator.IS_NOT)
_ONE_OF = (*_EQUAL, Operator.ANY_OF, Operator.NONE_OF)
_TEXT = (*_ONE_OF, Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.STARTS_WITH, *_EMPTY)
_ORDER = (Operator.MORE_THAN, Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST, Operator.BETWEEN)
_TIME = (
    Operator.IN_LAST, Operator.NOT_IN_LAST, Operator.IN_NEXT,
    Operator.ON, Operator.BEFORE, Operator.AFTER, Operator.BETWEEN,
)  # fmt: skip
_MEMBERS = (Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE)

OPERATORS: Mapping[FieldKind, tuple[Operator, ...]] = {
    FieldKind.TEXT: _TEXT,
    FieldKind.LONG_TEXT: (Operator.CONTAINS, Operator.NOT_CONTAINS, *_EMPTY),
    FieldKind.NUMBER: (*_ORDER, *_EQUAL, *_EMPTY),
    FieldKind.MONEY: (*_ORDER, *_EQUAL, *_EMPTY),
    FieldKind.DATE: (*_TIME, *_EMPTY),
    FieldKind.INSTANT: (*_TIME, *_EMPTY),
    FieldKind.CHOICE: (Operator.ANY_OF, Operator.NONE_OF, *_EQUAL, *_EMPTY),
    FieldKind.MULTI_CHOICE: (*_MEMBERS, *_EMPTY),
    FieldKind.BOOLEAN: (Operator.IS, *_EMPTY),
    FieldKind.URL: _TEXT,
    FieldKind.EMAIL: _TEXT,
    FieldKind.PHONE: _TEXT,
    FieldKind.RELATION: (*_ONE_OF, *_EMPTY),
    FieldKind.MEMBER: (*_ONE_OF, *_EMPTY),
    FieldKind.TAGS: (*_MEMBERS, *_EMPTY),
}
COUNTS: tuple[Operator, ...] = (*_ORDER, *_EQUAL)  # of relations and of behaviour; sums take them too
MOMENTS: tuple[Operator, ...] = (*_TIME, *_EMPTY)  # the time of a first or last touch point
PROPERTIES: tuple[Operator, ...] = (*_TEXT, *_ORDER)  # of a touch point: text or number, as the value says
