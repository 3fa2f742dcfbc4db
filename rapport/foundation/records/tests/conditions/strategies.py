"""Trees to try: valid ones for a small record type, and JSON of any shape."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from rapport.foundation.records.rules.conditions import (
    COUNTS,
    MOMENTS,
    OPERATORS,
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
    Vocabulary,
)
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType, Relation

TIERS = (Choice("gold", "Gold"), Choice("silver", "Silver"), Choice("bronze", "Bronze", retired=True))
TOPICS = (Choice("bikes", "Bikes"), Choice("parts", "Parts"), Choice("service", "Service"))
FIELDS = tuple(
    Field(
        name=f"{'own_' if custom else ''}{kind.value}",
        label=kind.value.replace("_", " ").capitalize(),
        kind=kind,
        choices=TIERS if kind is FieldKind.CHOICE else TOPICS if kind is FieldKind.MULTI_CHOICE else (),
        target="thing" if kind is FieldKind.RELATION else "",
        custom=custom,
    )
    for kind in FieldKind
    for custom in (False, True)
    if not (custom and kind is FieldKind.TAGS)
)
THING = RecordType(
    name="thing",
    label="Thing",
    plural="Things",
    icon="box",
    model=lambda: (_ for _ in ()).throw(LookupError("no model")),
    fields=FIELDS,
)
VOCABULARY = Vocabulary(
    record_types={"thing": THING},
    relations={"thing": (Relation(name="part_of", label="Part of", target="thing"),)},
    behaviour=frozenset({"thing"}),
    sets={"view": "the view", "import": "the import"},
)

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=12)
numbers = st.integers(-(10**6), 10**6) | st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)
words = st.sampled_from(["email_opened", "order_placed", "web", "page.viewed"])
spans = st.builds(
    Span, st.integers(1, 10_000), st.sampled_from(["minutes", "hours", "days", "weeks", "months", "years"])
)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.isoformat()) | days
ids = st.uuids().map(str)


def singles(kind: FieldKind) -> st.SearchStrategy[Value]:
    match kind:
        case FieldKind.NUMBER:
            return numbers
        case FieldKind.MONEY:
            return numbers
        case FieldKind.DATE:
            return days
        case FieldKind.INSTANT:
            return instants
        case FieldKind.CHOICE:
            return st.sampled_from([choice.value for choice in TIERS])
        case FieldKind.MULTI_CHOICE:
            return st.sampled_from([choice.value for choice in TOPICS])
        case FieldKind.BOOLEAN:
            return st.booleans()
        case FieldKind.RELATION:
            return ids
        case FieldKind.MEMBER:
            return ids | st.just("me")
    return texts


@st.composite
def values(draw: st.DrawFn, op: Operator, kind: FieldKind) -> Value:
    single = singles(kind)
    match TAKES[op]:
        case Takes.NOTHING:
            return None
        case Takes.SPAN:
            return draw(spans)
        case Takes.MANY:
            return tuple(draw(st.lists(single, min_size=1, max_size=3)))
        case Takes.TWO:
            pair = sorted(draw(st.lists(single, min_size=2, max_size=2)))
            return tuple(pair)
    if kind is FieldKind.MONEY and draw(st.booleans()):
        return Money(draw(numbers), draw(st.sampled_from(["EUR", "USD"])))
    return draw(single)


@st.composite
def attributes(draw: st.DrawFn) -> Attribute:
    field = draw(st.sampled_from(FIELDS))
    op = draw(st.sampled_from(OPERATORS[field.kind]))
    return Attribute(field.name, op, draw(values(op, field.kind)))


@st.composite
def property_tests(draw: st.DrawFn) -> PropertyTest:
    name, kind = draw(
        st.sampled_from([("amount", FieldKind.NUMBER), ("subject", FieldKind.TEXT), ("größe", FieldKind.TEXT)])
    )
    op = draw(st.sampled_from(OPERATORS[kind]))
    return PropertyTest(name, op, draw(values(op, kind)))


occurrences = st.builds(
    Occurrence, words | st.just(""), words | st.just(""), st.lists(property_tests(), max_size=2).map(tuple)
)
withins = st.none() | st.one_of(
    st.builds(Last, spans),
    st.tuples(days, days).map(sorted).map(lambda pair: Between(*pair)),
    st.builds(Between, start=days),
    st.builds(Since, st.sampled_from(["first", "last"]), occurrences),
)
counts = st.integers(0, 5)


def _number(op: Operator, single: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    if TAKES[op] is Takes.TWO:
        return st.lists(single, min_size=2, max_size=2).map(sorted).map(tuple)
    return single


@st.composite
def behaviours(draw: st.DrawFn) -> Behaviour:
    occurrence, within = draw(occurrences), draw(withins)
    measure = draw(st.sampled_from(["count", "sum", "first", "last"]))
    if measure in ("count", "sum"):
        op = draw(st.sampled_from(COUNTS))
        value = draw(_number(op, counts if measure == "count" else numbers))
        return Behaviour(occurrence, measure, "" if measure == "count" else "amount", op, value, within)
    of = draw(st.sampled_from(["", "amount", "subject"]))
    kind = {"": FieldKind.INSTANT, "amount": FieldKind.NUMBER, "subject": FieldKind.TEXT}[of]
    op = draw(st.sampled_from(OPERATORS[kind] if of else MOMENTS))
    return Behaviour(occurrence, measure, of, op, draw(values(op, kind)), within)


sets = st.builds(InSet, st.sampled_from(["view", "import"]), ids, st.booleans())


@st.composite
def relateds(draw: st.DrawFn, inner: st.SearchStrategy[Condition]) -> Related:
    quantifier = draw(st.sampled_from(["any", "none", "count"]))
    where = draw(st.none() | inner)
    if quantifier != "count":
        return Related("part_of", quantifier, where=where)
    op = draw(st.sampled_from(COUNTS))
    return Related("part_of", quantifier, op, draw(_number(op, counts)), where)


def _groups(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), inner.map(Not), relateds(inner))


leaves: st.SearchStrategy[Condition] = st.one_of(attributes(), behaviours(), sets, relateds(attributes()))
trees: st.SearchStrategy[Condition] = st.recursive(leaves, _groups, max_leaves=4)

_keys = st.sampled_from(
    ["all", "any", "not", "field", "op", "value", "relation", "quantifier", "where", "behaviour", "kind", "measure",
     "of", "within", "last", "unit", "since", "from", "to", "set", "id", "is_in", "property", "amount", "currency"]
)  # fmt: skip
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from([op.value for op in Operator]),
    st.sampled_from([field.name for field in FIELDS]), st.sampled_from(["count", "part_of", "days", "view", "x\x00"]),
    st.builds(Decimal, st.sampled_from(["1e999999", "NaN", "0.1"])),
)  # fmt: skip
any_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)
