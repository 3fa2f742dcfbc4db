"""Conditions as filters of the ORM.

The compiler for pages, single records and row rules. It reads the tree of `rules.conditions` and nothing else, so other
engines can compile the same tree: an analytical compiler for whole populations is held equal to this one by a
property test. Values reach the database as parameters only.

Every leaf is two-valued: it is true or false, never NULL, so that "not" means what it says. Relations and behaviour are
answered by the apps that hold those rows, through `extension_points`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, DateTimeField, DecimalField, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Collate
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IStartsWith,
    LessThan,
    LessThanOrEqual,
    Lookup,
    Regex,
)

from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.records import extension_points, policies
from rapport.foundation.records.models import Change
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.queries.fragments import NUMBER_PATTERN, id_in, of_queryset
from rapport.foundation.records.queries.relations import FieldRelation, compile_field_relation, stands_for
from rapport.foundation.records.queries.saved_views import view_condition
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import (
    POSITIVE,
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Condition,
    ConditionError,
    InSet,
    Money,
    Not,
    Operator,
    Problem,
    Related,
    Span,
    windows,
)
from rapport.foundation.records.rules.conditions.values import ME, as_day, as_id, as_number
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.workspace.types import SYSTEM, Actor

NOBODY = Q(pk__in=[])
EVERYBODY = Q(pk__isnull=False)  # not an empty Q, which "or" would pass over
_INSTANT_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"
_NUMBER = DecimalField(max_digits=60, decimal_places=30)
_ORDERED: Mapping[Operator, type[Lookup[Any]]] = {
    Operator.MORE_THAN: GreaterThan,
    Operator.AT_LEAST: GreaterThanOrEqual,
    Operator.LESS_THAN: LessThan,
    Operator.AT_MOST: LessThanOrEqual,
}


@dataclass(frozen=True)
class Scope:
    """Who asks, and when. `reach` is whose row rules bound related records: nobody's while a row rule is compiled."""

    actor: Actor
    now: datetime  # in the actor's zone
    reach: Actor
    views: tuple[UUID, ...] = ()  # being compiled, so that views that name each other come to an end


def compile_condition(tree: Condition, record_type: RecordType, *, actor: Actor, now: datetime) -> Q:
    """The filter for a checked tree. Days begin in the actor's zone. Errors: ConditionError when it does not fit."""
    return _compile(tree, record_type, Scope(actor, local(now, actor), actor))


def compile_rule(condition: Mapping[str, Any], record_type: str, *, actor: Actor, now: datetime) -> Q:
    """The filter for a row rule. A rule that no longer fits (its field was removed) lets nobody in."""
    try:
        tree = conditions.from_json(dict(condition))
        return _compile(tree, record_type_of(record_type), Scope(actor, local(now, actor), SYSTEM))
    except ConditionError:
        return NOBODY


def local(now: datetime, actor: Actor) -> datetime:
    """The instant in the zone in which the actor's days begin."""
    try:
        return now.astimezone(ZoneInfo(actor.timezone))
    except (KeyError, ValueError, OSError):
        return now.astimezone(ZoneInfo("UTC"))


def matching(tree: Condition, record_type: RecordType, *, actor: Actor) -> QuerySet[Any]:
    """The visible records for which the tree holds."""
    held = compile_condition(tree, record_type, actor=actor, now=clock.now())
    return policies.visible(actor, record_type.name).filter(held)


def _compile(tree: Condition, record_type: RecordType, scope: Scope, *, negated: bool = False) -> Q:
    """The filter for a tree or, negated, for its opposite: "not" is carried down to the leaves, which know how to say it."""
    match tree:
        case AllOf(parts) | AnyOf(parts):
            compiled = [_compile(part, record_type, scope, negated=negated) for part in parts]
            if isinstance(tree, AllOf) != negated:
                return reduce(and_, compiled) if compiled else EVERYBODY
            return reduce(or_, compiled) if compiled else NOBODY
        case Not(part):
            return _compile(part, record_type, scope, negated=not negated)
        case Attribute():
            held = _attribute(tree, record_type, scope)
            return ~held if negated else held
        case Related():
            return _related(tree, record_type, scope, negated=negated)
        case Behaviour():
            behaviour = extension_points.behaviour_compilers.get(record_type.name)
            if behaviour is None:
                raise _misfit("behaviour")
            return behaviour(tree, now=scope.now, negated=negated)
        case InSet():
            return _in_set(tree, record_type, scope, negated=negated)
    raise TypeError(tree)


def _misfit(what: str) -> ConditionError:
    return ConditionError([Problem("", f"Nothing answers “{what}” here.", "Drop this condition.")])


# Attributes


def _attribute(node: Attribute, record_type: RecordType, scope: Scope) -> Q:
    field = record_type.field(node.field)
    if field is None:
        raise _misfit(node.field)
    if node.op in POSITIVE:
        return ~_attribute(replace_op(node, POSITIVE[node.op]), record_type, scope)
    if node.op is Operator.IS_NOT_EMPTY:
        return _filled(field)
    if isinstance(node.value, tuple) and node.op is Operator.ANY_OF:
        singles = [Attribute(node.field, Operator.IS, value) for value in node.value]
        if field.custom or field.kind in (FieldKind.MEMBER, FieldKind.RELATION):
            return reduce(or_, [_attribute(single, record_type, scope) for single in singles])
        return Q(**{f"{field.path}__in": [_plain(value, field) for value in node.value]})
    match field.kind:
        case FieldKind.NUMBER:
            return _number(_json_text(field) if field.custom else None, field, node.op, node.value)
        case FieldKind.MONEY:
            return _money(field, node.op, node.value)
        case FieldKind.DATE | FieldKind.INSTANT:
            return _time(field, node.op, node.value, scope.now)
        case FieldKind.MULTI_CHOICE | FieldKind.TAGS:
            return _members(field, node.op, node.value)
        case FieldKind.MEMBER if node.value == ME:
            if scope.actor.member_id is None:
                return NOBODY
            return _equal(field, str(scope.actor.member_id))
    if node.op is Operator.IS:
        if field.kind is FieldKind.RELATION and (named := as_id(node.value)):
            return stands_for(field, record_type, named) or _equal(field, node.value)
        return _equal(field, node.value)
    return _text(field, node.op, str(node.value), record_type)


def replace_op(node: Attribute, op: Operator) -> Attribute:
    return Attribute(node.field, op, node.value)


def _plain(value: object, field: Field) -> object:
    if field.kind in (FieldKind.RELATION, FieldKind.MEMBER):
        return as_id(value)
    return str(value).lower() if field.kind is FieldKind.EMAIL else value


def _equal(field: Field, value: object) -> Q:
    if field.custom:
        plain = str(value).lower() if field.kind in (FieldKind.EMAIL, FieldKind.RELATION, FieldKind.MEMBER) else value
        return _custom_holds(field, plain)
    return Q(**{field.path: _plain(value, field)})


def _custom_holds(field: Field, value: object) -> Q:
    """Containment, which the GIN index on the custom values answers."""
    return Q(custom__contains={field.name: value})


def _filled(field: Field) -> Q:
    if field.custom:
        return Q(custom__has_key=field.name)
    path = field.path
    if field.kind in (FieldKind.TAGS, FieldKind.MULTI_CHOICE):
        return Q(**{f"{path}__len__gt": 0})
    there = Q(**{f"{path}__isnull": False})
    if field.kind in (
        FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.URL, FieldKind.EMAIL, FieldKind.PHONE, FieldKind.CHOICE,
    ):  # fmt: skip
        return there & ~Q(**{path: ""})
    return there


def _text(field: Field, op: Operator, value: str, record_type: RecordType) -> Q:
    if field.custom:
        return _certain((IContains if op is Operator.CONTAINS else IStartsWith)(_json_text(field), value))
    lookup = "icontains" if op is Operator.CONTAINS else "istartswith"
    held = Q(**{f"{field.path}__{lookup}": value})
    words = folded(value)
    if field.searchable and record_type.searchable_column and field.kind is not FieldKind.PHONE and len(words) > 2:
        # Every searchable value is part of the folded search text, whose trigram index narrows the rows first.
        held &= Q(**{f"{record_type.searchable_column}__contains": words})
    return held


def _members(field: Field, op: Operator, value: object) -> Q:
    wanted = [str(part) for part in value] if isinstance(value, tuple) else [str(value)]
    if field.custom:
        if op is Operator.HAS_ALL:
            return _custom_holds(field, wanted)
        return reduce(or_, [_custom_holds(field, [part]) for part in wanted])
    return Q(**{f"{field.path}__{'contains' if op is Operator.HAS_ALL else 'overlap'}": wanted})


def _number(text: Combinable | None, field: Field, op: Operator, value: object) -> Q:
    if op is Operator.BETWEEN and isinstance(value, tuple):
        low, high = value
        return _number(text, field, Operator.AT_LEAST, low) & _number(text, field, Operator.AT_MOST, high)
    wanted = as_number(value)
    if wanted is None:
        raise _misfit(field.name)
    if text is None:
        suffix = _ORDERED[op].lookup_name if op in _ORDERED else "exact"
        return Q(**{f"{field.path}__{suffix}": wanted})
    number = Cast(text, _NUMBER)
    return _certain(_ORDERED.get(op, Exact)(number, Value(wanted, _NUMBER)), guard=Regex(text, NUMBER_PATTERN))


def _money(field: Field, op: Operator, value: object) -> Q:
    """Money is {"amount", "currency"} in JSON, in the custom values or in a column of its own."""
    if op is Operator.BETWEEN and isinstance(value, tuple):
        low, high = value
        return _money(field, Operator.AT_LEAST, low) & _money(field, Operator.AT_MOST, high)
    whole = KeyTransform(field.name, F("custom")) if field.custom else F(field.path)
    amount = KeyTextTransform("amount", whole)
    held = _number(amount, field, op, value.amount if isinstance(value, Money) else value)
    if not isinstance(value, Money):
        return held
    part = {"currency": value.currency}
    in_currency = _custom_holds(field, part) if field.custom else Q(**{f"{field.path}__contains": part})
    return in_currency & held


def _time(field: Field, op: Operator, value: object, now: datetime) -> Q:
    start, end = instants_of(op, value, now)
    if field.kind is FieldKind.DATE:
        return _dates(field, *days_of(op, value, now))
    bounds: list[tuple[type[Lookup[Any]], str, datetime]] = []
    if start is not None:
        bounds.append((GreaterThanOrEqual, "gte", start))
    if end is not None:
        bounds.append((LessThan, "lt", end))
    if not field.custom:
        return reduce(and_, [Q(**{f"{field.path}__{name}": at}) for _, name, at in bounds])
    text = _json_text(field)
    instant = Cast(text, DateTimeField())
    guard = Regex(text, _INSTANT_PATTERN)
    return reduce(and_, [_certain(test(instant, Value(at, DateTimeField())), guard=guard) for test, _, at in bounds])


def instants_of(op: Operator, value: object, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The instants [start, end) a test of time asks for."""
    if isinstance(value, Span):
        if op is Operator.IN_NEXT:
            return windows.coming(value, now)
        start, end = windows.last(value, now)
        return start, end + timedelta(microseconds=1)
    if op is Operator.BETWEEN and isinstance(value, tuple):
        first, second = windows.moment(value[0], now), windows.moment(value[1], now)
        return (first[0] if first else None), (second[1] if second else None)
    covered = windows.moment(value, now)
    if covered is None:
        raise _misfit("date")
    if op is Operator.BEFORE:
        return None, covered[0]
    return (covered[1], None) if op is Operator.AFTER else covered


def days_of(op: Operator, value: object, now: datetime) -> tuple[date | None, date | None]:
    """The days [first, last] a test of a date asks for."""
    today = now.date()
    if isinstance(value, Span):
        if op is Operator.IN_NEXT:
            return today, windows.day_shifted(today, value, +1)
        return windows.day_shifted(today, value, -1), today
    if op is Operator.BETWEEN and isinstance(value, tuple):
        return as_day(value[0]), as_day(value[1])
    day = as_day(value)
    if day is None:
        raise _misfit("date")
    if op is Operator.BEFORE:
        return None, windows.previous_day(day)
    return (windows.next_day(day), None) if op is Operator.AFTER else (day, day)


def _dates(field: Field, first: date | None, last: date | None) -> Q:
    if not field.custom:
        held = EVERYBODY
        if first is not None:
            held &= Q(**{f"{field.path}__gte": first})
        if last is not None:
            held &= Q(**{f"{field.path}__lte": last})
        return held
    if first == last and first is not None:
        return _custom_holds(field, first.isoformat())
    # ISO dates sort as text; the C collation makes sure of it on any server.
    text = Collate(_json_text(field), "C")
    tests: list[Q] = []
    if first is not None:
        tests.append(_certain(GreaterThanOrEqual(text, Value(first.isoformat()))))
    if last is not None:
        tests.append(_certain(LessThanOrEqual(text, Value(last.isoformat()))))
    return reduce(and_, tests)


def _json_text(field: Field) -> Combinable:
    return KeyTextTransform(field.name, F("custom"))


def _certain(test: Lookup[Any], guard: Lookup[Any] | None = None) -> Q:
    """The test where it can be asked, false where the value is missing or of another kind."""
    asked = Case(When(test, then=Value(True)), default=Value(False))
    if guard is None:
        return Q(asked)
    # Nested, because PostgreSQL settles the outer condition of a CASE before it looks at the inner one.
    return Q(Case(When(guard, then=asked), default=Value(False)))


# Relations and sets


def _related(node: Related, record_type: RecordType, scope: Scope, *, negated: bool) -> Q:
    compiler = extension_points.relation_compilers.get(record_type.name)
    relation = next((r for r in record_type.relations if r.name == node.relation), None)
    if relation is None or (compiler is None and not isinstance(relation, FieldRelation)):
        raise _misfit(node.relation)
    related = policies.visible(scope.reach, relation.target)
    if node.where is not None:
        target = record_type if relation.target == record_type.name else record_type_of(relation.target)
        related = related.filter(_compile(node.where, target, scope))
    if isinstance(relation, FieldRelation):
        return compile_field_relation(node, relation, related, record_type, negated=negated)
    return compiler(node, related, now=scope.now, negated=negated) if compiler else NOBODY


def _in_set(node: InSet, record_type: RecordType, scope: Scope, *, negated: bool) -> Q:
    set_id, outside = as_id(node.id), negated == node.is_in
    if set_id is None:
        raise _misfit(node.set)
    if node.set in ("import", "operation"):
        return _touched_by(set_id, record_type, outside)
    if node.set == "view":
        return _in_view(set_id, record_type, scope, outside)
    if node.set not in extension_points.set_compilers:
        raise _misfit(node.set)
    compiler = extension_points.set_compilers[node.set]
    return compiler(set_id, record_type.name, actor=scope.actor, now=scope.now, negated=outside)


def _touched_by(operation_id: UUID, record_type: RecordType, outside: bool) -> Q:
    model = record_type.model()
    created = model._default_manager.filter(operation_id=operation_id).order_by().values("pk")
    changed = Change.objects.filter(operation_id=operation_id, record_type=record_type.name).order_by()
    select = of_queryset(created) + " UNION ALL " + of_queryset(changed.values("record_id"))
    return id_in("(" + select + ")", model, negated=outside)


def _in_view(view_id: UUID, record_type: RecordType, scope: Scope, outside: bool) -> Q:
    """A view that is gone, or that leads back to itself, holds nobody."""
    tree = None
    if view_id not in scope.views:
        tree = view_condition(view_id, record_type=record_type.name, actor=scope.actor)
    if tree is None:
        return EVERYBODY if outside else NOBODY
    return _compile(tree, record_type, replace(scope, views=(*scope.views, view_id)), negated=outside)


__all__ = ["compile_condition", "compile_rule", "instants_of", "local", "matching"]
