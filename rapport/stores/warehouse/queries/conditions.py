"""Conditions as Ibis expressions: the same tree as `records.queries.conditions`, answered for everybody at once.

Every leaf becomes a column of one wide table, a row for each customer: attributes are columns already, what customers did
is counted in one pass over the touch points for all leaves together, and each leaf that needs rows of its own (since
something else, a property of the first or last one, relations) is one joined table. A leaf is true or false, never
empty, so "not" means what it says. A property test holds the answers equal to those of the ORM's compiler.

What is not in the warehouse raises Unanswerable; then the ORM's compiler is asked instead. That is: relations that
fields make to other record types, properties that hold lists or objects or came after the sixtieth, a field added since
the last write, and record types other than customers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec.structs import replace as changed

from rapport.foundation.records.extension_points import set_compilers
from rapport.foundation.records.models import Change
from rapport.foundation.records.queries.conditions import days_of, instants_of, local
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.queries.fragments import NUMBER_PATTERN
from rapport.foundation.records.queries.saved_views import view_condition
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import (
    POSITIVE,
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Between,
    Condition,
    InSet,
    Last,
    Node,
    Not,
    Occurrence,
    Operator,
    PropertyTest,
    Related,
    Since,
    windows,
)
from rapport.foundation.records.rules.conditions.values import ME, as_id
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.workspace.types import SYSTEM, Action, Actor, Rows
from rapport.stores.customers.models import Customer, RelationshipType
from rapport.stores.warehouse.errors import Unanswerable
from rapport.stores.warehouse.queries.columns import column_of_field
from rapport.stores.warehouse.queries.comparisons import (
    always,
    is_between,
    is_equal,
    is_filled,
    is_on_days,
    list_holds,
    money_holds,
    never,
    number_holds,
    sure,
    text_holds,
)
from rapport.stores.warehouse.rules.layout import SAME

if TYPE_CHECKING:
    import ibis

    from rapport.stores.warehouse.queries.engine import Engine

CUSTOMER = "customer"
INVERSE = "__inverse"
_COLUMNS = frozenset({"currency", "subject", "source", "direction", "channel"})
_NUMERIC = frozenset({Operator.MORE_THAN, Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST, Operator.BETWEEN})
# From a row of the wide table to true or false.
Test = Callable[[Any], Any]


def compile(  # noqa: A001 (it is what it does, and it is called by the name of its module)
    condition: Condition | Mapping[str, Any],
    record_type: RecordType | str,
    engine: Engine,
    now: datetime,
    *,
    actor: Actor = SYSTEM,
) -> ibis.Table:
    """The ids (`customer_id`) of those the actor sees for whom a checked condition holds.

    Days begin in the actor's zone, or for the system in that of `now`. Errors: Unanswerable, ConditionError.
    """
    name = record_type if isinstance(record_type, str) else record_type.name
    if name != CUSTOMER:
        raise Unanswerable(_("The warehouse answers conditions about customers only."))
    declared = record_type_of(CUSTOMER) if isinstance(record_type, str) else record_type
    tree = condition if isinstance(condition, Node) else conditions.from_json(dict(condition))
    at = now if actor.is_system else local(now, actor)
    return _ids(tree, Scope(engine, declared, actor, at, actor))


@dataclass(frozen=True)
class Scope:
    """Who asks of what, and when. `reach` is whose row rules bound the customers: nobody's while a row rule is compiled."""

    engine: Engine
    record_type: RecordType
    actor: Actor
    now: datetime
    reach: Actor
    views: tuple[UUID, ...] = ()  # being compiled, so that views that name each other come to an end


def _ids(tree: Condition, scope: Scope) -> ibis.Table:
    wide = _Wide(scope)
    tests = [wide.test(tree), wide.visible()]
    table = wide.table()
    held = table.filter([test(table) for test in tests])
    return held.select(customer_id=held.customer_id)


class _Wide:
    """The wide table in the making: tests are collected first, then it is known which columns they need."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.touchpoints = scope.engine.table("touchpoints")
        self._customers = scope.engine.table("customers")
        self._used = ["customer_id"]  # columns of customers
        self._measured_at_once: dict[str, Behaviour] = {}  # over all touch points, in one pass
        self._joined: list[Any] = []  # tables of (key, columns)

    def table(self) -> Any:
        table = self._customers.select(*dict.fromkeys(self._used))
        joined = list(self._joined)
        if at_once := self._measured_at_once:
            chosen = [self._within(self.touchpoints, node) for node in at_once.values()]
            rows = self.touchpoints.filter(reduce(operator.or_, chosen))
            measures = {name: self._measure(node, rows, self._within(rows, node)) for name, node in at_once.items()}
            joined.insert(0, rows.group_by(key=rows.customer_id).agg(**measures))
        for number, other in enumerate(joined):
            key = f"key_{number}"
            other = other.rename({key: "key"})
            table = table.left_join(other, table.customer_id == other[key]).drop(key)
        return table

    # The tree

    def test(self, tree: Condition) -> Test:
        match tree:
            case AllOf(parts):
                return self._group(parts, operator.and_, always)
            case AnyOf(parts):
                return self._group(parts, operator.or_, never)
            case Not(part):
                inner = self.test(part)
                return lambda row: ~inner(row)
            case Attribute():
                return self._attribute(tree)
            case Behaviour():
                return self._behaviour(tree)
            case Related():
                return self._related(tree)
            case InSet():
                return self._in_set(tree)
        raise TypeError(tree)

    def _group(self, parts: tuple[Node, ...], join: Callable[[Any, Any], Any], empty: Test) -> Test:
        tests = [self.test(part) for part in parts]
        return (lambda row: reduce(join, [test(row) for test in tests])) if tests else empty

    def visible(self) -> Test:
        """As `records.policies.visible`."""
        reach = self.scope.reach
        rule = reach.row_rule(Action.READ, CUSTOMER)
        match rule.rows:
            case Rows.NONE:
                return never
            case Rows.OWN:
                self._used.append("owner_id")
                member = str(reach.member_id) if reach.member_id else ""
                return (lambda row: sure(row.owner_id == member)) if member else never
            case Rows.CONDITION:
                inner = replace(self.scope, reach=SYSTEM)
                tree = conditions.from_json(dict(rule.condition or {}))
                return self._among(_ids(tree, inner))
        return always

    def _among(self, ids: Any) -> Test:
        """Whether the customer is among those of a table of ids."""
        name = self._new("in")
        self._join(ids.select(key=ids.customer_id, **{name: True}))
        return lambda row: row[name].notnull()

    def _join(self, table: Any) -> None:
        self._joined.append(table)

    def _new(self, what: str) -> str:
        return f"{what}_{len(self._measured_at_once)}_{len(self._joined)}"

    # Attributes

    def _attribute(self, node: Attribute) -> Test:
        field = self.scope.record_type.field(node.field)
        column = column_of_field(field) if field else ""
        if field is None or column not in self._customers.columns:
            raise Unanswerable(_("The warehouse does not know “%(name)s” yet.") % {"name": node.field})
        more = (f"{column}{end}" for end in ("", "__set", "__currency"))
        self._used += [name for name in more if name in self._customers.columns]
        return lambda row: self._holds(row, field, column, node.op, node.value)

    def _holds(self, row: Any, field: Field, column: str, op: Operator, value: Any) -> Any:
        if op in POSITIVE:
            return ~self._holds(row, field, column, POSITIVE[op], value)
        if op is Operator.IS_NOT_EMPTY:
            return is_filled(row, field, column)
        if isinstance(value, tuple) and op is Operator.ANY_OF:
            singles = [self._holds(row, field, column, Operator.IS, one) for one in value]
            return reduce(operator.or_, singles)
        match field.kind:
            case FieldKind.NUMBER:
                return sure(number_holds(row[column], op, value))
            case FieldKind.MONEY:
                return money_holds(row, column, op, value)
            case FieldKind.DATE:
                return is_on_days(row[column], days_of(op, value, self.scope.now), as_text=field.custom)
            case FieldKind.INSTANT:
                start, end = instants_of(op, value, self.scope.now)
                return is_between(row[column], start, end, as_text=field.custom)
            case FieldKind.MULTI_CHOICE | FieldKind.TAGS:
                return list_holds(row[column], op, value)
            case FieldKind.MEMBER if value == ME:
                member = self.scope.actor.member_id
                return sure(row[column] == str(member)) if member else never(row)
        if op is Operator.IS:
            return sure(is_equal(row[column], field, value))
        return sure(text_holds(row[column], op, str(value)))

    # What they did

    def _behaviour(self, node: Behaviour) -> Test:
        if node.op in POSITIVE and node.measure in ("first", "last"):
            opposite = self._behaviour(changed(node, op=POSITIVE[node.op]))
            return lambda row: ~opposite(row)
        if node.measure in ("first", "last") and node.of:
            return self._first_or_last(node)
        if isinstance(node.within, Since):
            rows = self._since(node.occurrence, node.within)
            name = self._new("own")
            self._join(rows.group_by(key=rows.customer_id).agg(**{name: self._measure(node, rows, None)}))
        else:
            name = self._new("did")
            self._within(self.touchpoints, node)  # whether it can be answered
            self._measured_at_once[name] = node
        return self._measured(node, name)

    def _measure(self, node: Behaviour, rows: Any, where: Any) -> Any:
        match node.measure:
            case "count":
                return rows.count(where=where)
            case "sum":
                return self._number_of(rows, node.of).sum(where=where)
            case "first":
                return rows.occurred_at.min(where=where)
        return rows.occurred_at.max(where=where)

    def _measured(self, node: Behaviour, name: str) -> Test:
        if node.measure in ("count", "sum"):
            return lambda row: number_holds(row[name].cast("float64").fill_null(0.0), node.op, node.value)
        if node.op is Operator.IS_NOT_EMPTY:
            return lambda row: row[name].notnull()
        start, end = instants_of(node.op, node.value, self.scope.now)
        return lambda row: is_between(row[name], start, end)

    def _within(self, rows: Any, node: Behaviour) -> Any:
        """Which touch points count for a leaf that looks at each by itself."""
        start = end = None
        if isinstance(node.within, Last | Between):
            start, end = windows.span_of(node.within, self.scope.now)
        return self._occurs(rows, node.occurrence, start, end)

    def _occurs(
        self, rows: Any, occurrence: Occurrence, start: datetime | None = None, end: datetime | None = None
    ) -> Any:
        tests = [is_between(rows.occurred_at, start, end)] if start or end else []
        if occurrence.kind:
            tests.append(rows.kind == occurrence.kind)
        if occurrence.channel:
            tests.append(rows.channel == occurrence.channel)
        tests += [sure(self._property(rows, test)) for test in occurrence.where]
        return reduce(operator.and_, tests) if tests else always(rows)

    def _since(self, occurrence: Occurrence, within: Since) -> Any:
        """The touch points after the customer's first or last of another sort."""
        rows = self.touchpoints
        anchors = rows.filter(self._occurs(rows, within.occurrence))
        at = anchors.occurred_at.min() if within.which == "first" else anchors.occurred_at.max()
        anchors = anchors.group_by(anchor_customer=anchors.customer_id).agg(anchor_at=at)
        rows = rows.filter(self._occurs(rows, occurrence))
        joined = rows.join(anchors, rows.customer_id == anchors.anchor_customer)
        return joined.filter(joined.occurred_at > joined.anchor_at).drop("anchor_customer", "anchor_at")

    def _first_or_last(self, node: Behaviour) -> Test:
        """Those whose first or last one has such a property."""
        import ibis

        if isinstance(node.within, Since):
            rows = self._since(node.occurrence, node.within)
        else:
            rows = self.touchpoints.filter(self._within(self.touchpoints, node))
        order = [rows.occurred_at, rows.id] if node.measure == "first" else [rows.occurred_at.desc(), rows.id.desc()]
        place = ibis.row_number().over(group_by=rows.customer_id, order_by=order)
        ends = rows.mutate(place=place)
        ends = ends.filter(ends.place == 0)
        ends = ends.filter(sure(self._property(ends, PropertyTest(node.of, node.op, node.value))))
        return self._among(ends.select(customer_id=ends.customer_id))

    def _property(self, rows: Any, test: PropertyTest) -> Any:
        """A test of one property; empty where the property is missing, so the caller says what that means."""
        if test.op in POSITIVE:
            return ~sure(self._property(rows, changed(test, op=POSITIVE[test.op])))
        sample = test.value[0] if isinstance(test.value, tuple) and test.value else test.value
        if test.op is Operator.IS_NOT_EMPTY:
            if test.property == "amount":
                return rows.amount_original.notnull()
            return self._text_of(rows, test.property) != ""
        if isinstance(sample, bool):
            return self._text_of(rows, test.property) == ("true" if sample else "false")
        if test.op is Operator.ANY_OF and isinstance(test.value, tuple):
            singles = [self._property(rows, PropertyTest(test.property, Operator.IS, one)) for one in test.value]
            return reduce(operator.or_, singles)
        is_text = test.property in _COLUMNS or isinstance(sample, str)
        if test.property == "amount" or test.op in _NUMERIC or not is_text:
            return number_holds(self._number_of(rows, test.property).cast("float64"), test.op, test.value)
        text = self._text_of(rows, test.property)
        return text == str(test.value) if test.op is Operator.IS else text_holds(text, test.op, str(test.value))

    def _text_of(self, rows: Any, name: str) -> Any:
        import ibis

        manifest = self.scope.engine.manifest
        if name in _COLUMNS:
            return rows[name]
        if name in manifest.nested or name in manifest.unflattened:
            raise Unanswerable(_("The warehouse does not hold the property “%(name)s”.") % {"name": name})
        if name in SAME:
            return rows[name]
        column = manifest.properties.get(name)
        return rows[column] if column else ibis.null("string")  # no touch point has it

    def _number_of(self, rows: Any, name: str) -> Any:
        """The property as a number; empty where it is none. Amounts stay decimal, so that sums are exact."""
        import ibis

        if name == "amount":
            return rows.amount_original
        text = self._text_of(rows, name)
        return ibis.ifelse(text.re_search(NUMBER_PATTERN), text, ibis.null("string")).try_cast("float64")

    # Relations and sets

    def _related(self, node: Related) -> Test:
        scope = self.scope
        plain = RelationshipType.objects.filter(name=node.relation.removesuffix(INVERSE)).exists()
        relation = next((one for one in scope.record_type.relations if one.name == node.relation), None)
        if not plain or relation is None or relation.target != CUSTOMER:
            raise Unanswerable(_("The warehouse does not hold the relation “%(name)s”.") % {"name": node.relation})
        ends = self._ends(node.relation)
        wanted = _ids(node.where or AllOf(), scope).rename(wanted="customer_id")
        pairs = ends.semi_join(wanted, ends.there == wanted.wanted).distinct()
        if node.quantifier != "count":
            held = self._among(pairs.select(customer_id=pairs.here).distinct())
            return held if node.quantifier == "any" else lambda row: ~held(row)
        name = self._new("related")
        self._join(pairs.group_by(key=pairs.here).agg(**{name: pairs.count()}))
        return lambda row: number_holds(row[name].cast("float64").fill_null(0.0), node.op, node.value)

    def _ends(self, relation: str) -> Any:
        """Standing ids of both ends, `here` being the side the relation is read from."""
        import ibis

        rows = self.scope.engine.table("relationships")
        today = self.scope.now.date()
        rows = rows.filter(rows.type == relation.removesuffix(INVERSE), rows.until.isnull() | (rows.until >= today))
        if self.scope.engine.rows("aliases"):
            for end in ("from_id", "to_id"):
                aliases = self.scope.engine.raw("aliases").rename(old="absorbed_id", new="surviving_id")
                joined = rows.left_join(aliases, rows[end] == aliases.old)
                rows = joined.mutate(**{end: ibis.coalesce(joined.new, joined[end])}).drop("old", "new")
        backward = rows.select(here=rows.to_id, there=rows.from_id, is_symmetric=rows.is_symmetric)
        if not relation.endswith(INVERSE):
            forward = rows.select(here=rows.from_id, there=rows.to_id, is_symmetric=rows.is_symmetric)
            backward = forward.union(backward.filter(backward.is_symmetric))
        return backward.select("here", "there")

    def _in_set(self, node: InSet) -> Test:
        set_id = as_id(node.id)
        if set_id is None:
            raise Unanswerable(_("There is no such set."))
        held = self._in(node.set, set_id)
        return held if node.is_in else lambda row: ~held(row)

    def _in(self, kind: str, set_id: UUID) -> Test:
        scope = self.scope
        if kind in ("import", "operation"):
            # Who was added is known here; who was changed stands in the history, in the database.
            rows = Change.objects.filter(operation_id=set_id, record_type=CUSTOMER).order_by()
            self._used.append("operation_id")
            among = self._these(rows.values_list("record_id", flat=True).distinct())
            return lambda row: sure(row.operation_id == str(set_id)) | among(row)
        if kind == "view":
            tree = None
            if set_id not in scope.views:
                tree = view_condition(set_id, record_type=CUSTOMER, actor=scope.actor)
            if tree is None:
                return never
            outer, self.scope = scope, replace(scope, views=(*scope.views, set_id))
            try:
                return self.test(tree)
            finally:
                self.scope = outer
        if kind not in set_compilers:
            raise Unanswerable(_("There is no such set."))
        held = set_compilers[kind](set_id, CUSTOMER, actor=scope.actor, now=scope.now, negated=False)
        return self._these(Customer.objects.filter(held).order_by().values_list("pk", flat=True))

    def _these(self, ids: Any) -> Test:
        """Those whose ids the database gives."""
        import ibis
        import pyarrow as pa

        found = pa.table({"customer_id": pa.array([str(one) for one in ids], pa.string())})
        return self._among(ibis.memtable(found)) if found.num_rows else never
