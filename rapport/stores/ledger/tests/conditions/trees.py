"""Conditions on the customers of `world`, with values that occur there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from rapport.foundation.records.rules.conditions import (
    COUNTS,
    MOMENTS,
    OPERATORS,
    PROPERTIES,
    TAKES,
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Between,
    Condition,
    InSet,
    Last,
    Money,
    Not,
    Occurrence,
    Operator,
    PropertyTest,
    Related,
    Since,
    Span,
    Takes,
    Value,
)
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.stores.ledger.tests.conditions.world import ADA, BEN, CHANNELS, CITIES, KINDS, NOW, TAGS

TIERS = (Choice("gold", "Gold"), Choice("silver", "Silver"))
CUSTOM = tuple(
    Field(
        name=f"own_{kind.value}", label=f"Own {kind.value}", kind=kind, custom=True, target="customer",
        choices=TIERS if kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE) else (),
    )
    for kind in FieldKind
    if kind is not FieldKind.TAGS
)  # fmt: skip
BUILT_IN = {
    "name": FieldKind.TEXT, "kind": FieldKind.CHOICE, "city": FieldKind.TEXT, "email": FieldKind.EMAIL,
    "birth_date": FieldKind.DATE, "owner": FieldKind.MEMBER, "tags": FieldKind.TAGS, "created_at": FieldKind.INSTANT,
}  # fmt: skip
FIELDS = [*BUILT_IN.items(), *((field.name, field.kind) for field in CUSTOM)]

texts = st.sampled_from([*CITIES[1:], "Marta", "Marta 3", "_", "%", "a", "ham", "ü", "p3@example.org"])
numbers = st.sampled_from([0, 5, -7, Decimal("5.5"), "12.50", 100])
spans = st.builds(
    Span, st.sampled_from([1, 2, 10, 40]), st.sampled_from(["minutes", "hours", "days", "weeks", "months", "years"])
)
days = st.integers(-45, 45).map(lambda n: (NOW.date() + timedelta(days=n)).isoformat())
counts = st.integers(0, 4)


def _singles(kind: FieldKind, name: str) -> st.SearchStrategy[Value]:
    match kind:
        case FieldKind.NUMBER:
            return numbers
        case FieldKind.DATE | FieldKind.INSTANT:
            return days
        case FieldKind.BOOLEAN:
            return st.booleans()
        case FieldKind.MEMBER:
            return st.sampled_from(["me", str(ADA), str(BEN)])
        case FieldKind.RELATION:
            return st.sampled_from([str(ADA), str(BEN)])
        case FieldKind.TAGS:
            return st.sampled_from([*TAGS, "z"])
        case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
            return st.sampled_from(["person", "organisation"] if name == "kind" else ["gold", "silver"])
    return texts


@st.composite
def _values(draw: st.DrawFn, op: Operator, kind: FieldKind, name: str = "") -> Value:
    single = _singles(kind, name)
    if kind is FieldKind.MONEY:
        currency = draw(st.sampled_from(["", "EUR"]))
        single = numbers.map(lambda n: Money(n, currency)) if currency else numbers
    match TAKES[op]:
        case Takes.NOTHING:
            return None
        case Takes.SPAN:
            return draw(spans)
        case Takes.MANY:
            return tuple(draw(st.lists(single, min_size=1, max_size=3)))
        case Takes.TWO:
            pair = draw(st.lists(single, min_size=2, max_size=2))
            return tuple(
                sorted(
                    pair,
                    key=lambda v: (
                        Decimal(str(v.amount if isinstance(v, Money) else v))
                        if not isinstance(v, str) or v == "12.50"
                        else v
                    ),
                )
            )
    return draw(single)


@st.composite
def attributes(draw: st.DrawFn) -> Attribute:
    name, kind = draw(st.sampled_from(FIELDS))
    op = draw(st.sampled_from(OPERATORS[kind]))
    return Attribute(name, op, draw(_values(op, kind, name)))


@st.composite
def property_tests(draw: st.DrawFn) -> PropertyTest:
    name, kind = draw(
        st.sampled_from(
            [
                ("amount", FieldKind.NUMBER),
                ("subject", FieldKind.TEXT),
                ("currency", FieldKind.TEXT),
                ("size", None),
                ("ok", FieldKind.BOOLEAN),
            ]
        )
    )
    op = draw(st.sampled_from(PROPERTIES if kind is None else OPERATORS[kind]))
    if kind is None:
        numeric = op in COUNTS and op not in (Operator.IS, Operator.IS_NOT)
        kind = (
            FieldKind.NUMBER
            if numeric
            else draw(
                st.sampled_from([FieldKind.TEXT, FieldKind.NUMBER])
                if op in (Operator.IS, Operator.IS_NOT)
                else st.just(FieldKind.TEXT)
            )
        )
        single = (
            st.sampled_from([5, Decimal("5.5"), 6])
            if kind is FieldKind.NUMBER
            else st.sampled_from(["5", "large", "LAR"])
        )
        match TAKES[op]:
            case Takes.NOTHING:
                return PropertyTest(name, op)
            case Takes.TWO:
                return PropertyTest(
                    name, op, tuple(sorted(draw(st.lists(single, min_size=2, max_size=2)), key=lambda n: Decimal(n)))
                )
            case Takes.MANY:
                return PropertyTest(name, op, tuple(draw(st.lists(single, min_size=1, max_size=2))))
        return PropertyTest(name, op, draw(single))
    if name in ("subject", "currency"):
        single = st.sampled_from(["Spring offer", "spring", "pring", "EUR", "US"])
        shape = TAKES[op]
        return PropertyTest(
            name, op, None if shape is Takes.NOTHING else (draw(single),) if shape is Takes.MANY else draw(single)
        )
    return PropertyTest(name, op, draw(_values(op, kind, name)))


occurrences = st.builds(
    Occurrence,
    st.sampled_from(["", *KINDS]),
    st.sampled_from(["", "", *CHANNELS]),
    st.lists(property_tests(), max_size=1).map(tuple),
)
withins = st.one_of(
    st.none(),
    st.builds(Last, spans),
    st.tuples(days, days).map(sorted).map(lambda pair: Between(*pair)),
    st.builds(Between, end=days),
    st.builds(Since, st.sampled_from(["first", "last"]), occurrences),
)


def _counted(op: Operator, single: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    if TAKES[op] is Takes.TWO:
        return st.lists(single, min_size=2, max_size=2).map(
            lambda pair: tuple(sorted(pair, key=lambda n: Decimal(str(n))))
        )
    return single


@st.composite
def behaviours(draw: st.DrawFn) -> Behaviour:
    occurrence, within = draw(occurrences), draw(withins)
    measure = draw(st.sampled_from(["count", "sum", "first", "last"]))
    if measure == "count":
        op = draw(st.sampled_from(COUNTS))
        return Behaviour(occurrence, measure, "", op, draw(_counted(op, counts)), within)
    if measure == "sum":
        op = draw(st.sampled_from(COUNTS))
        of = draw(st.sampled_from(["amount", "size"]))
        return Behaviour(occurrence, measure, of, op, draw(_counted(op, numbers)), within)
    if draw(st.booleans()):
        op = draw(st.sampled_from(MOMENTS))
        return Behaviour(occurrence, measure, "", op, draw(_values(op, FieldKind.INSTANT)), within)
    test = draw(property_tests())
    return Behaviour(occurrence, measure, test.property, test.op, test.value, within)


@st.composite
def relateds(draw: st.DrawFn, inner: st.SearchStrategy[Condition]) -> Related:
    name = draw(st.sampled_from(["works_at", "works_at__inverse", "knows"]))
    quantifier = draw(st.sampled_from(["any", "none", "count"]))
    where = draw(st.none() | inner)
    if quantifier != "count":
        return Related(name, quantifier, where=where)
    op = draw(st.sampled_from(COUNTS))
    return Related(name, quantifier, op, draw(_counted(op, counts)), where)


sets = st.builds(InSet, st.just("import"), st.just("00000000-0000-0000-0000-00000000004d"), st.booleans())
leaves: st.SearchStrategy[Condition] = st.one_of(
    attributes(), attributes(), behaviours(), behaviours(), sets, relateds(attributes())
)


def _groups(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), inner.map(Not), relateds(inner))


trees: st.SearchStrategy[Condition] = st.recursive(leaves, _groups, max_leaves=4)
