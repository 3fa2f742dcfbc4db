"""Filters as forms: from a condition to inputs and back. Each form is one node of the tree, sent as a plain GET.

The language itself checks what was sent, so a form here only translates; its problems are the language's own sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from rapport.foundation.records.rules.conditions import (
    COUNTS,
    MOMENTS,
    OPERATORS,
    PROPERTIES,
    TAKES,
    Attribute,
    Behaviour,
    Between,
    Condition,
    InSet,
    Last,
    Money,
    Occurrence,
    Operator,
    Problem,
    PropertyTest,
    Related,
    Since,
    Span,
    Takes,
    menu_label,
    to_json,
)
from rapport.foundation.records.rules.conditions.values import ME, as_day, as_number
from rapport.foundation.records.types import Field, FieldKind, Label

Option = tuple[str, str]
PROPERTY_ROWS = 2
UNITS: tuple[tuple[str, Label], ...] = (
    ("minutes", gettext_lazy("minutes")),
    ("hours", gettext_lazy("hours")),
    ("days", gettext_lazy("days")),
    ("weeks", gettext_lazy("weeks")),
    ("months", gettext_lazy("months")),
    ("years", gettext_lazy("years")),
)
MEASURES: tuple[tuple[str, Label], ...] = (
    ("count", gettext_lazy("how often")),
    ("sum", gettext_lazy("sum of a property")),
    ("first", gettext_lazy("the first one")),
    ("last", gettext_lazy("the last one")),
)
WINDOWS: tuple[tuple[str, Label], ...] = (
    ("", pgettext_lazy("time of a behaviour", "at any time")),
    ("last", pgettext_lazy("time of a behaviour", "in the last")),
    ("between", pgettext_lazy("time of a behaviour", "between two days")),
    ("since_last", pgettext_lazy("time of a behaviour", "since the last")),
    ("since_first", pgettext_lazy("time of a behaviour", "since the first")),
)
QUANTIFIERS: tuple[tuple[str, Label], ...] = (
    ("any", pgettext_lazy("quantifier", "any")),
    ("none", pgettext_lazy("quantifier", "none")),
    ("count", pgettext_lazy("quantifier", "a number of them")),
)
_INPUTS = {
    FieldKind.NUMBER: "number",
    FieldKind.MONEY: "money",
    FieldKind.DATE: "date",
    FieldKind.INSTANT: "date",
    FieldKind.BOOLEAN: "boolean",
    FieldKind.CHOICE: "choices",
    FieldKind.MULTI_CHOICE: "choices",
    FieldKind.MEMBER: "choices",
    FieldKind.RELATION: "records",
}


class Data:
    """What a GET carries, one or several values to a name."""

    def __init__(self, getlist: Callable[[str], Sequence[str]]) -> None:
        self._getlist = getlist

    def one(self, name: str, default: str = "") -> str:
        values = self._getlist(name)
        return values[-1].strip() if values else default

    def many(self, name: str) -> list[str]:
        return [stripped for value in self._getlist(name) if (stripped := value.strip())]


@dataclass(frozen=True)
class Value:
    """The inputs for the value of one test, by the shape its operator asks for."""

    prefix: str
    input: str  # text, lines, number, money, date, boolean, choices, records
    shape: str  # nothing, one, two, many, span
    values: tuple[str, ...] = ()
    currency: str = ""
    unit: str = "days"
    choices: tuple[Option, ...] = ()
    units: tuple[tuple[str, Label], ...] = UNITS

    @property
    def first(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def lines(self) -> str:
        return "\n".join(self.values)

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """Choices with those that are chosen; chosen ones that are no longer offered come last."""
        known = [(value, label, value in self.values) for value, label in self.choices]
        offered = {value for value, _label in self.choices}
        return known + [(value, value, True) for value in self.values if value not in offered]


@dataclass(frozen=True)
class TestForm:
    """An operator and its value."""

    __test__ = False

    prefix: str
    op: str
    ops: tuple[Option, ...]
    value: Value


@dataclass(frozen=True)
class PropertyRow:
    """A test of one property of a touch point."""

    property: str
    test: TestForm


@dataclass(frozen=True, kw_only=True)
class FilterForm:
    """One node as the page shows it."""

    node: str  # field, relation, behaviour, set
    name: str  # of the field, relation or kind of set
    title: str
    test: TestForm | None = None
    problems: tuple[Problem, ...] = ()
    # relations
    quantifier: str = "any"
    quantifiers: tuple[tuple[str, Label], ...] = QUANTIFIERS
    # behaviour
    kind: str = ""
    kinds: tuple[Option, ...] = ()
    channel: str = ""
    channels: tuple[Option, ...] = ()
    measure: str = "count"
    measures: tuple[tuple[str, Label], ...] = MEASURES
    of: str = ""
    window: str = ""
    windows: tuple[tuple[str, Label], ...] = WINDOWS
    n: str = "30"
    unit: str = "days"
    units: tuple[tuple[str, Label], ...] = UNITS
    start: str = ""
    end: str = ""
    since_kind: str = ""
    properties: tuple[PropertyRow, ...] = ()
    kind_has_tests: bool = False
    # sets
    set_id: str = ""
    sets: tuple[Option, ...] = ()
    is_in: bool = True


@dataclass(frozen=True)
class Offer:
    """What menus of a form offer."""

    members: Sequence[Option] = ()
    records: Sequence[Option] = ()  # of a relation field
    kinds: Sequence[Option] = ()
    channels: Sequence[Option] = ()
    sets: Sequence[Option] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)


# From a node to inputs


def field_form(declared: Field, node: Attribute | None, offer: Offer, problems: Sequence[Problem] = ()) -> FilterForm:
    op = node.op if node else OPERATORS[declared.kind][0]
    choices = _choices(declared, offer)
    return FilterForm(
        node="field",
        name=declared.name,
        title=str(declared.label),
        test=_test_form("", OPERATORS[declared.kind], op, node.value if node else None, declared.kind, choices),
        problems=tuple(problems),
    )


def relation_form(name: str, title: str, node: Related | None, problems: Sequence[Problem] = ()) -> FilterForm:
    node = node or Related(name)
    return FilterForm(
        node="relation",
        name=name,
        title=title,
        quantifier=node.quantifier,
        test=_test_form("", COUNTS, node.op, node.value, FieldKind.NUMBER, (), counting=True),
        problems=tuple(problems),
    )


def behaviour_form(node: Behaviour, offer: Offer, problems: Sequence[Problem] = ()) -> FilterForm:
    within = node.within
    last = within.span if isinstance(within, Last) else Span(30, "days")
    between = within if isinstance(within, Between) else Between()
    since = within if isinstance(within, Since) else None
    kind = FieldKind.NUMBER
    allowed: Sequence[Operator] = COUNTS
    if node.measure in ("first", "last"):
        allowed, kind = (PROPERTIES, _kind_of(node.op, node.of)) if node.of else (MOMENTS, FieldKind.INSTANT)
    window = {Last: "last", Between: "between"}.get(type(within), "") if within else ""
    window = f"since_{since.which}" if since else window
    blanks = (PropertyTest("", Operator.IS),) * max(0, PROPERTY_ROWS - len(node.occurrence.where))
    return FilterForm(
        node="behaviour",
        name="behaviour",
        title=_("What they did"),
        kind=node.occurrence.kind,
        kinds=_with(offer.kinds, node.occurrence.kind),
        channel=node.occurrence.channel,
        channels=_with(offer.channels, node.occurrence.channel),
        measure=node.measure,
        of=node.of or ("amount" if node.measure == "sum" else ""),
        test=_test_form("", allowed, node.op, node.value, kind, (), counting=node.measure == "count"),
        window=window,
        n=str(last.n),
        unit=last.unit,
        start=between.start,
        end=between.end,
        since_kind=since.occurrence.kind if since else "",
        kind_has_tests=bool(node.occurrence.where),
        properties=tuple(
            PropertyRow(
                test.property,
                _test_form(f"p{at}-", PROPERTIES, test.op, test.value, _kind_of(test.op, test.property), ()),
            )
            for at, test in enumerate((*node.occurrence.where, *blanks))
        ),
        problems=tuple(problems),
    )


def set_form(name: str, title: str, node: InSet | None, offer: Offer, problems: Sequence[Problem] = ()) -> FilterForm:
    return FilterForm(
        node="set",
        name=name,
        title=title,
        set_id=node.id if node else "",
        sets=_with(offer.sets, node.id if node else ""),
        is_in=node.is_in if node else True,
        problems=tuple(problems),
    )


# From inputs to a form again: what was sent stays, whether or not it makes sense


def sent_field_form(declared: Field, data: Data, offer: Offer, problems: Sequence[Problem] = ()) -> FilterForm:
    op, value = _sent_test("", OPERATORS[declared.kind], data)
    return field_form(declared, Attribute(declared.name, op, value), offer, problems)


def sent_relation_form(name: str, title: str, data: Data, problems: Sequence[Problem] = ()) -> FilterForm:
    op, value = _sent_test("", COUNTS, data)
    quantifier = data.one("quantifier", "any")
    known: Any = quantifier if quantifier in dict(QUANTIFIERS) else "any"
    return relation_form(name, title, Related(name, known, op, value), problems)


def sent_behaviour_form(data: Data, offer: Offer, problems: Sequence[Problem] = ()) -> FilterForm:
    measure: Any = data.one("measure") if data.one("measure") in dict(MEASURES) else "count"
    of = "" if measure == "count" else data.one("of")
    allowed: Sequence[Operator] = COUNTS
    if measure in ("first", "last"):
        allowed = PROPERTIES if of else MOMENTS
    op, value = _sent_test("", allowed, data)
    tests = tuple(
        PropertyTest(data.one(f"p{at}-property"), *_sent_test(f"p{at}-", PROPERTIES, data))
        for at in range(10)
        if data.one(f"p{at}-property")
    )
    node = Behaviour(Occurrence(data.one("kind"), data.one("channel"), tests), measure, of, op, value)
    form = behaviour_form(node, offer, problems)
    return replace(
        form,
        window=data.one("window") if data.one("window") in dict(WINDOWS) else "",
        n=data.one("n", "30"),
        unit=data.one("unit", "days"),
        start=data.one("start"),
        end=data.one("end"),
        since_kind=data.one("since_kind"),
    )


def _sent_test(prefix: str, allowed: Sequence[Operator], data: Data) -> tuple[Operator, Any]:
    word = data.one(f"{prefix}op")
    op = Operator(word) if word in set(allowed) else allowed[0]
    sent = [line for one in data.many(f"{prefix}value") for line in one.splitlines()]
    match TAKES[op]:
        case Takes.NOTHING:
            return op, None
        case Takes.SPAN:
            n = data.one(f"{prefix}value")
            unit: Any = data.one(f"{prefix}unit", "days")
            return op, Span(int(n) if n.isdigit() and len(n) < 9 else 30, unit if unit in dict(UNITS) else "days")
        case Takes.TWO:
            return op, (data.one(f"{prefix}value"), data.one(f"{prefix}value_to"))
        case Takes.MANY:
            return op, tuple(sent)
    if data.one(f"{prefix}currency"):
        return op, Money(data.one(f"{prefix}value"), data.one(f"{prefix}currency"))
    return op, sent[0] if sent else ""


# From inputs to the JSON of a node


def field_json(declared: Field, data: Data) -> dict[str, Any]:
    return {"field": declared.name, **_test_json("", declared.kind, data)}


def relation_json(name: str, data: Data, where: Condition | None) -> dict[str, Any]:
    quantifier = data.one("quantifier", "any")
    plain: dict[str, Any] = {"relation": name, "quantifier": quantifier}
    if quantifier == "count":
        plain |= _test_json("", FieldKind.NUMBER, data)
    if where is not None:
        plain["where"] = to_json(where)
    return plain


def behaviour_json(data: Data) -> dict[str, Any]:
    occurrence: dict[str, Any] = {name: data.one(name) for name in ("kind", "channel") if data.one(name)}
    tests = [
        {"property": name, **_test_json(f"p{at}-", None, data)}
        for at in range(10)
        if (name := data.one(f"p{at}-property"))
    ]
    if tests:
        occurrence["where"] = tests
    measure, of = data.one("measure", "count"), data.one("of")
    plain: dict[str, Any] = {"behaviour": occurrence, "measure": measure}
    kind: FieldKind | None = FieldKind.NUMBER
    if measure != "count" and of:
        plain["of"] = of
    if measure in ("first", "last"):
        kind = None if of else FieldKind.INSTANT
    plain |= _test_json("", kind, data)
    within = _within_json(data)
    if within is not None:
        plain["within"] = within
    return plain


def set_json(name: str, data: Data) -> dict[str, Any]:
    return {"set": name, "id": data.one("set_id"), "is_in": data.one("is_in", "1") != "0"}


def _within_json(data: Data) -> dict[str, Any] | None:
    match data.one("window"):
        case "last":
            return {"last": _whole(data.one("n")), "unit": data.one("unit", "days")}
        case "between":
            return {"from": data.one("start"), "to": data.one("end")}
        case "since_last":
            return {"since": "last", "kind": data.one("since_kind")}
        case "since_first":
            return {"since": "first", "kind": data.one("since_kind")}
    return None


def _test_json(prefix: str, kind: FieldKind | None, data: Data) -> dict[str, Any]:
    word = data.one(f"{prefix}op")
    plain: dict[str, Any] = {"op": word}
    if word not in set(Operator):
        return plain
    match TAKES[Operator(word)]:
        case Takes.NOTHING:
            return plain
        case Takes.SPAN:
            return plain | {
                "value": {"n": _whole(data.one(f"{prefix}value")), "unit": data.one(f"{prefix}unit", "days")}
            }
        case Takes.TWO:
            pair = [data.one(f"{prefix}value"), data.one(f"{prefix}value_to")]
            return plain | {"value": [_single(one, kind, prefix, data, word) for one in pair]}
        case Takes.MANY:
            listed = [line.strip() for one in data.many(f"{prefix}value") for line in one.splitlines()]
            if kind is FieldKind.TAGS:
                listed = [tag.strip() for line in listed for tag in line.split(",")]
            return plain | {"value": [one for one in listed if one]}
    return plain | {"value": _single(data.one(f"{prefix}value"), kind, prefix, data, word)}


def _single(text: str, kind: FieldKind | None, prefix: str, data: Data, op: str) -> Any:
    if kind is FieldKind.BOOLEAN:
        return text == "true"
    if kind is FieldKind.MONEY and data.one(f"{prefix}currency"):
        return {"amount": _number(text), "currency": data.one(f"{prefix}currency").upper()}
    if kind in (FieldKind.NUMBER, FieldKind.MONEY):
        return _number(text)
    if kind is None and Operator(op) in COUNTS and as_number(text.replace(",", ".")) is not None:
        return _number(text)
    return text


def _number(text: str) -> Any:
    """Numbers as people type them; anything else goes on as it is, for the language to refuse."""
    plain = text.replace(" ", "").replace("\u00a0", "")
    if "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    number = as_number(plain)
    return text if number is None else int(number) if number == number.to_integral_value() else number


def _whole(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text


def _test_form(
    prefix: str,
    allowed: Sequence[Operator],
    op: Operator,
    value: object,
    kind: FieldKind,
    choices: Sequence[Option],
    *,
    counting: bool = False,
) -> TestForm:
    op = op if op in allowed else allowed[0]
    shape = TAKES[op]
    input_ = _INPUTS.get(kind, "text")
    if input_ == "text" and shape is Takes.MANY:
        input_ = "lines"
    if kind is FieldKind.INSTANT and isinstance(value, str) and as_day(value) is None:
        input_ = "text"
    currency = ""
    shown: tuple[str, ...] = ()
    unit = "days"
    if isinstance(value, Span):
        shown, unit = (str(value.n),), value.unit
    elif value is not None:
        parts = value if isinstance(value, tuple) else (value,)
        currency = next((part.currency for part in parts if isinstance(part, Money)), "")
        shown = tuple(_shown(part) for part in parts)
    elif shape is Takes.SPAN:
        shown = ("30",)
    elif counting:
        shown = ("1",)
    ops = tuple((each.value, menu_label(each, counting=counting)) for each in allowed)
    return TestForm(
        prefix, op.value, ops, Value(prefix, input_, shape.name.lower(), shown, currency, unit, tuple(choices))
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.amount) if isinstance(value, Money) else str(value)


def _choices(declared: Field, offer: Offer) -> tuple[Option, ...]:
    if declared.kind is FieldKind.MEMBER:
        return ((ME, _("Me")), *offer.members)
    if declared.kind is FieldKind.RELATION:
        return tuple(offer.records)
    return tuple((choice.value, str(choice.label)) for choice in declared.choices)


def _kind_of(op: Operator, name: str) -> FieldKind:
    numeric = name == "amount" or (op in COUNTS and op not in (Operator.IS, Operator.IS_NOT))
    return FieldKind.NUMBER if numeric else FieldKind.TEXT


def _with(options: Sequence[Option], chosen: str) -> tuple[Option, ...]:
    known = tuple(options)
    return known if not chosen or chosen in dict(known) else (*known, (chosen, chosen.replace("_", " ")))
