"""The condition tree: what list filters, saved views, segments, automation and row rules are written in.

The tree says what must hold, never how to find it: it names fields, relations and kinds of touch points, and knows no
table, column or engine. `queries.conditions` compiles it to the ORM for pages and single records; an analytical
compiler can read the same tree. Values are data throughout: no part of a tree is ever run as code or pasted into SQL.

JSON form, one key telling the nodes apart:

    {"all": [...]}  {"any": [...]}  {"not": {...}}
    {"field": "city", "op": "is", "value": "Hamburg"}
    {"relation": "works_at", "quantifier": "any", "where": {...}}
    {"behaviour": {"kind": "email_opened"}, "measure": "count", "op": "at_least", "value": 3, "within": {...}}
    {"set": "import", "id": "...", "is_in": true}
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from rapport.foundation.records.rules.conditions.operators import Operator

Scalar: TypeAlias = str | int | bool | Decimal | None
Unit = Literal["minutes", "hours", "days", "weeks", "months", "years"]
Quantifier = Literal["any", "none", "count"]
Measure = Literal["count", "sum", "first", "last"]


class Span(msgspec.Struct, frozen=True):
    """A length of calendar time: {"n": 30, "unit": "days"}."""

    n: int
    unit: Unit


class Money(msgspec.Struct, frozen=True):
    """An amount in one currency. A bare number stands for the amount in any currency."""

    amount: Scalar
    currency: str


Value: TypeAlias = Scalar | Span | Money | tuple[Scalar | Money, ...]


class Node(msgspec.Struct, frozen=True):
    """What every node of the tree is."""


class AllOf(Node, frozen=True, tag="all"):
    """Every part holds; with no parts, every record does."""

    parts: tuple[Node, ...] = ()


class AnyOf(Node, frozen=True, tag="any"):
    """At least one part holds."""

    parts: tuple[Node, ...] = ()


class Not(Node, frozen=True, tag="not"):
    part: Node


class Attribute(Node, frozen=True, tag="field"):
    """A test of one field of the record."""

    field: str
    op: Operator
    value: Value = None


class Related(Node, frozen=True, tag="relation"):
    """Any, no, or a number of related records, of those for which `where` holds."""

    relation: str
    quantifier: Quantifier = "any"
    op: Operator = Operator.AT_LEAST
    value: Value = 1
    where: Node | None = None


class PropertyTest(msgspec.Struct, frozen=True):
    """A test of one property of a touch point: a column (amount, subject, …) or a key of its properties."""

    property: str
    op: Operator
    value: Value = None


class Occurrence(msgspec.Struct, frozen=True):
    """Which touch points are meant. An empty kind or channel means every one."""

    kind: str = ""
    channel: str = ""
    where: tuple[PropertyTest, ...] = ()


class Within(msgspec.Struct, frozen=True):
    """The time in which a behaviour counts."""


class Last(Within, frozen=True, tag="last"):
    """From the start of the day `span` ago (for hours and minutes: from that minute) until now."""

    span: Span


class Between(Within, frozen=True, tag="between"):
    """From a day or instant to another, both included; either end may be open."""

    start: str = ""
    end: str = ""


class Since(Within, frozen=True, tag="since"):
    """After the customer's first or last occurrence of something else. Without one, nothing is within."""

    which: Literal["first", "last"]
    occurrence: Occurrence


class Behaviour(Node, frozen=True, tag="behaviour"):
    """A measure over a customer's touch points.

    count: how many. sum: of `of` over all of them, 0 without any. first, last: the time of the first or last one or,
    with `of`, that property of it; without any, it is empty.
    """

    occurrence: Occurrence
    measure: Measure = "count"
    of: str = ""
    op: Operator = Operator.AT_LEAST
    value: Value = 1
    within: Within | None = None


class InSet(Node, frozen=True, tag="set"):
    """Whether the record is in a saved view, or was written by an import or another operation."""

    set: str
    id: str
    is_in: bool = True


Condition: TypeAlias = Node
EVERYTHING = AllOf()
Json: TypeAlias = Any  # what a JSON decoder gives
