"""A small workspace full of awkward cases, and plain Python that says for whom a condition holds.

Nothing here uses the compiler or the windows of the product: both are written out a second time, as simply as possible.
"""

from __future__ import annotations

import calendar
import random
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rapport.foundation.records.rules.conditions import (
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
    PropertyTest,
    Related,
    Since,
    Span,
)
from rapport.foundation.records.types import Field, FieldKind, RecordType

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 9, 30, tzinfo=BERLIN)
ADA, BEN = UUID(int=1), UUID(int=2)
CITIES = ["", "Hamburg", "hamburg", "Bremen", "100%", "Halle_1", "Münster"]
TAGS = ["a", "b", "c"]
KINDS = ["email_opened", "order_placed", "page_viewed"]
CHANNELS = ["email", "web"]
AMOUNTS = [None, Decimal("0"), Decimal("10"), Decimal("25.5"), Decimal("-3")]
SIZES: list[Any] = [None, 5, 5.5, "5", "large", True, ""]
RELATIONS = ["works_at", "knows"]  # the second reads alike from both ends


@dataclass
class Person:
    id: UUID
    values: dict[str, Any]
    custom: dict[str, Any]
    alive: bool = True
    operation_id: UUID | None = None


@dataclass
class Touch:
    customer_id: UUID
    at: datetime
    id: UUID
    kind: str
    channel: str
    amount: Decimal | None
    currency: str
    subject: str
    source: str
    direction: str
    properties: dict[str, Any]
    batch_id: UUID | None


@dataclass
class World:
    people: list[Person]
    aliases: dict[UUID, UUID]
    edges: list[tuple[str, UUID, UUID, date | None]]
    touches: list[Touch]
    retracted: set[UUID] = field(default_factory=set)
    answers: dict[Condition, set[UUID]] = field(default_factory=dict)  # kept, or nested relations take for ever

    def standing(self, one: UUID) -> UUID:
        return self.aliases.get(one, one)


def make_world(seed: int, customs: tuple[Field, ...], people: int = 30, touches: int = 250) -> World:
    pick = random.Random(seed)
    known = [
        Person(
            UUID(int=pick.getrandbits(128)),
            {
                "name": f"{pick.choice(['Marta', 'Jonas', 'Anna_Lena'])} {n}",
                "kind": pick.choice(["person", "organisation", "household"]),
                "city": pick.choice(CITIES),
                "email": pick.choice(["", f"p{n}@example.org"]),
                "birth_date": pick.choice([None, NOW.date() + timedelta(days=pick.randint(-40, 40))]),
                "owner": pick.choice([None, ADA, BEN]),
                "tags": pick.sample(TAGS, pick.randint(0, 3)),
                "created_at": NOW.astimezone(UTC)
                - timedelta(minutes=pick.choice([0, 30, 500, 5_000, 50_000, 900_000])),
            },
            {f.name: value for f in customs if (value := pick.choice([None, _custom(f, pick)])) is not None},
            alive=pick.random() > 0.1,
            operation_id=pick.choice([None, UUID(int=77)]),
        )
        for n in range(people)
    ]
    ids = [one.id for one in known]
    anonymous = [UUID(int=pick.getrandbits(128)) for _ in range(6)]
    aliases = {one: pick.choice(ids) for one in anonymous[:4]}
    places = [*ids, *anonymous]
    made = [
        Touch(
            pick.choice(places),
            NOW.astimezone(UTC) - timedelta(minutes=pick.choice([0, 10, 600, 1400, 3000, 40_000, 400_000]), seconds=n),
            UUID(int=pick.getrandbits(128)),
            pick.choice(KINDS), pick.choice(CHANNELS), pick.choice(AMOUNTS), pick.choice(["", "EUR", "USD"]),
            pick.choice(["", "Spring offer", "spring"]), pick.choice(["shop", "site"]), pick.choice(["in", "out", "none"]),
            {k: v for k, v in (("size", pick.choice(SIZES)), ("ok", pick.choice([None, True, False]))) if v is not None},
            pick.choice([None, UUID(int=91), UUID(int=92)]),
        )
        for n in range(touches)
    ]  # fmt: skip
    edges = {
        (pick.choice(RELATIONS), *pick.sample(places, 2)): pick.choice([None, date(2026, 3, 30), date(2026, 3, 31)])
        for _ in range(40)
    }
    retracted = {UUID(int=92), *(touch.id for touch in made[:10])}
    return World(known, aliases, [(*edge, until) for edge, until in edges.items()], made, retracted)


def _custom(f: Field, pick: random.Random) -> Any:
    """A stored value; now and then one that does not belong there."""
    match f.kind:
        case FieldKind.NUMBER:
            return pick.choice(["5", "5.50", "-7", "n/a"])
        case FieldKind.MONEY:
            return {"amount": pick.choice(["5", "12.50"]), "currency": pick.choice(["EUR", "USD"])}
        case FieldKind.DATE:
            return (NOW.date() + timedelta(days=pick.randint(-40, 40))).isoformat()
        case FieldKind.INSTANT:
            at = NOW.astimezone(UTC) - timedelta(minutes=pick.choice([0, 30, 5_000, -5_000]))
            return pick.choice([at.isoformat().replace("+00:00", "Z"), "soon"])
        case FieldKind.BOOLEAN:
            return pick.choice([True, False])
        case FieldKind.MULTI_CHOICE:
            return pick.sample([choice.value for choice in f.choices], pick.randint(1, 2))
        case FieldKind.CHOICE:
            return pick.choice([choice.value for choice in f.choices])
        case FieldKind.RELATION | FieldKind.MEMBER:
            return str(pick.choice([ADA, BEN]))
        case FieldKind.EMAIL:
            return pick.choice(["p3@example.org", "hamburg"])
    return pick.choice(CITIES[1:])


# For whom a condition holds


def holders(tree: Condition, world: World, record_type: RecordType) -> set[UUID]:
    if tree not in world.answers:
        world.answers[tree] = {one.id for one in world.people if one.alive and _holds(tree, one, world, record_type)}
    return world.answers[tree]


def _holds(tree: Condition, one: Person, world: World, record_type: RecordType) -> bool:
    match tree:
        case AllOf(parts):
            return all(_holds(part, one, world, record_type) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, one, world, record_type) for part in parts)
        case Not(part):
            return not _holds(part, one, world, record_type)
        case Attribute(name, op, value):
            declared = record_type.field(name)
            assert declared
            held = one.custom.get(name) if declared.custom else one.values[name]
            return _test(declared.kind, held, str(op), value)
        case Related(name, quantifier, op, value, where):
            others = holders(where or AllOf(), world, record_type)
            found = _neighbours(one.id, name, world) & others
            if quantifier == "count":
                return _numbers(Decimal(len(found)), str(op), value)
            return bool(found) is (quantifier == "any")
        case Behaviour():
            return _behaves(tree, one, world)
        case InSet(_kind, set_id, is_in):
            return (one.operation_id == UUID(set_id)) is is_in
    raise TypeError(tree)


def _neighbours(one: UUID, relation: str, world: World) -> set[UUID]:
    name, inverse = relation.removesuffix("__inverse"), relation.endswith("__inverse")
    found = set()
    for type_name, start, end, until in world.edges:
        if type_name != name or (until and until < NOW.date()):
            continue
        here, there = world.standing(start), world.standing(end)
        if here == one and not inverse:
            found.add(there)
        if there == one and (inverse or name == "knows"):
            found.add(here)
    return found


def _behaves(node: Behaviour, one: Person, world: World) -> bool:
    counted = [t for t in _touches(node.occurrence, one, world) if _within(t, node, one, world)]
    if node.measure == "count":
        return _numbers(Decimal(len(counted)), str(node.op), node.value)
    if node.measure == "sum":
        numbers = [_number(_property(t, node.of)) for t in counted]
        return _numbers(sum((n for n in numbers if n is not None), Decimal(0)), str(node.op), node.value)
    ordered = sorted(counted, key=lambda t: (t.at, t.id))
    touch = (ordered[0] if node.measure == "first" else ordered[-1]) if ordered else None
    if not node.of:
        return _test(FieldKind.INSTANT, touch.at if touch else None, str(node.op), node.value)
    return _property_test(PropertyTest(node.of, node.op, node.value), touch)


def _touches(occurrence: Occurrence, one: Person, world: World) -> list[Touch]:
    return [
        touch
        for touch in world.touches
        if world.standing(touch.customer_id) == one.id
        and touch.id not in world.retracted
        and touch.batch_id not in world.retracted
        and occurrence.kind in ("", touch.kind)
        and occurrence.channel in ("", touch.channel)
        and all(_property_test(test, touch) for test in occurrence.where)
    ]


def _within(touch: Touch, node: Behaviour, one: Person, world: World) -> bool:
    match node.within:
        case None:
            return True
        case Last(span):
            return _back(span) <= touch.at <= NOW
        case Between(start, end):
            day = touch.at.astimezone(BERLIN).date()
            return (not start or day >= date.fromisoformat(start)) and (not end or day <= date.fromisoformat(end))
        case Since(which, occurrence):
            anchors = [anchor.at for anchor in _touches(occurrence, one, world)]
            return bool(anchors) and touch.at > (min(anchors) if which == "first" else max(anchors))
    raise TypeError(node.within)


def _property(touch: Touch, name: str) -> Any:
    if name in ("amount", "currency", "subject", "source", "direction", "channel"):
        return getattr(touch, name)
    return touch.properties.get(name)


def _property_test(test: PropertyTest, touch: Touch | None) -> bool:
    op, wanted = str(test.op), test.value
    negatives = {"is_not": "is", "none_of": "any_of", "not_contains": "contains", "is_empty": "is_not_empty"}
    if op in negatives:
        return not _property_test(PropertyTest(test.property, type(test.op)(negatives[op]), wanted), touch)
    held = _property(touch, test.property) if touch else None
    if held is None:
        return False
    if op == "is_not_empty":
        return held != ""
    if op == "any_of" and isinstance(wanted, tuple):
        return any(_property_test(PropertyTest(test.property, type(test.op)("is"), one), touch) for one in wanted)
    if isinstance(wanted, bool):
        return held is wanted
    sample = wanted[0] if isinstance(wanted, tuple) else wanted
    if test.property == "amount" or not isinstance(sample, str):
        number = _number(held)
        return number is not None and _numbers(number, op, wanted)
    return _texts(_shown(held), op, str(wanted))


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    return Decimal(str(value)) if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else None


def _numbers(number: Decimal, op: str, value: Any) -> bool:
    parts = [Decimal(str(part)) for part in (value if isinstance(value, tuple) else (value,))]
    return {
        "is": number == parts[0],
        "is_not": number != parts[0],
        "more_than": number > parts[0],
        "at_least": number >= parts[0],
        "less_than": number < parts[0],
        "at_most": number <= parts[0],
        "between": parts[0] <= number <= parts[-1],
    }[op]


def _texts(held: str, op: str, wanted: str) -> bool:
    if op == "is":
        return held == wanted
    low, sought = held.upper(), wanted.upper()
    return sought in low if op == "contains" else low.startswith(sought)


def _test(kind: FieldKind, held: Any, op: str, value: Any) -> bool:
    if op == "is_empty":
        return held in (None, "", [])
    negatives = {
        "is_not": "is", "none_of": "any_of", "not_contains": "contains", "not_in_last": "in_last",
        "has_none": "has_any", "is_not_empty": "is_empty",
    }  # fmt: skip
    if op in negatives:
        return not _test(kind, held, negatives[op], value)
    if op == "any_of":
        return any(_test(kind, held, "is", one) for one in value)
    if held in (None, "", []):
        return False
    match kind:
        case FieldKind.NUMBER:
            number = _number(held)
            return number is not None and _numbers(number, op, value)
        case FieldKind.MONEY:
            parts = value if isinstance(value, tuple) else (value,)
            if isinstance(parts[0], Money) and parts[0].currency != held["currency"]:
                return False
            amounts = tuple(part.amount if isinstance(part, Money) else part for part in parts)
            return _numbers(Decimal(held["amount"]), op, amounts)
        case FieldKind.DATE:
            return _dates(date.fromisoformat(str(held)), op, value)
        case FieldKind.INSTANT:
            return held != "soon" and _instants(held, op, value)
        case FieldKind.MULTI_CHOICE | FieldKind.TAGS:
            return bool(set(value) & set(held)) if op == "has_any" else set(value) <= set(held)
        case FieldKind.MEMBER | FieldKind.RELATION:
            return str(held) == (str(ADA) if value == "me" else value)
        case FieldKind.BOOLEAN | FieldKind.CHOICE:
            return bool(held == value)
        case FieldKind.EMAIL if op == "is":
            return bool(held == value.lower())
    return _texts(held, op, value)


def _dates(held: date, op: str, value: Any) -> bool:
    if op == "in_last":
        return _day_back(value, -1) <= held <= NOW.date()
    if op == "in_next":
        return NOW.date() <= held <= _day_back(value, +1)
    days = [date.fromisoformat(day) for day in (value if isinstance(value, tuple) else (value,))]
    return {
        "on": held == days[0],
        "before": held < days[0],
        "after": held > days[0],
        "between": days[0] <= held <= days[-1],
    }[op]


def _instants(held: Any, op: str, value: Any) -> bool:
    at = held if isinstance(held, datetime) else datetime.fromisoformat(held)
    if op == "in_last":
        return _back(value) <= at <= NOW
    if op == "in_next":
        if value.unit in ("hours", "minutes"):
            return NOW <= at < NOW + timedelta(**{value.unit: value.n})
        return at >= NOW and at.astimezone(BERLIN).date() <= _day_back(value, +1)
    return _dates(at.astimezone(BERLIN).date(), op, value)


def _back(span: Span) -> datetime:
    if span.unit in ("hours", "minutes"):
        return NOW - timedelta(**{span.unit: span.n})
    return datetime.combine(_day_back(span, -1), time.min, tzinfo=BERLIN)


def _day_back(span: Span, sign: int) -> date:
    today = NOW.date()
    if span.unit in ("days", "weeks"):
        return today + sign * timedelta(**{span.unit: span.n})
    if span.unit in ("hours", "minutes"):
        return today + sign * timedelta(days=span.n // {"hours": 24, "minutes": 1440}[span.unit])
    months = today.year * 12 + today.month - 1 + sign * span.n * (12 if span.unit == "years" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))
