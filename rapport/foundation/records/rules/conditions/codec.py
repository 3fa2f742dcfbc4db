"""Between the tree and its JSON form. Reading never trusts its input and says everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast, get_args

import msgspec
from django.utils.translation import gettext as _

from rapport.foundation.records.rules.conditions.operators import TAKES, Operator, Takes
from rapport.foundation.records.rules.conditions.problems import ConditionError, Problem, at
from rapport.foundation.records.rules.conditions.tree import (
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Between,
    Condition,
    InSet,
    Json,
    Last,
    Measure,
    Money,
    Node,
    Not,
    Occurrence,
    PropertyTest,
    Quantifier,
    Related,
    Since,
    Span,
    Unit,
    Value,
    Within,
)

MAX_BYTES = 32_768
MAX_DEPTH = 8
MAX_NODES = 100
MAX_VALUES = 500
MAX_TEXT = 500
MAX_SPAN = 10_000

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
T = TypeVar("T")


def decode(text: str | bytes) -> Condition:
    """The tree of a JSON text. Errors: ConditionError."""
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise ConditionError(
            [Problem("", _("The condition is too long."), _("Use fewer tests, or save some as a view."))]
        )
    try:
        plain = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConditionError([Problem("", _("This is not JSON."), _("Check brackets, commas and quotes."))]) from error
    return from_json(plain)


def from_json(plain: Json) -> Condition:
    """The tree of decoded JSON. Errors: ConditionError."""
    tree, problems = read(plain)
    if tree is None or problems:
        raise ConditionError(problems)
    return tree


def encode(tree: Condition) -> str:
    """The shortest JSON text of a tree: what permalinks carry."""
    return _encoder.encode(to_json(tree)).decode()


def read(plain: Json) -> tuple[Condition | None, list[Problem]]:
    """The tree as far as it can be read, and everything that is wrong with its shape. Never raises."""
    reader = _Reader()
    tree = reader.node(plain, "", 1)
    return (None if reader.problems else tree), reader.problems


def to_json(tree: Condition) -> dict[str, Json]:
    """The JSON form with defaults left out; numbers stay int or Decimal."""
    return _WRITERS[type(tree)](tree)


# Writing


def _write_value(value: Value) -> Json:
    match value:
        case Span():
            return {"n": value.n, "unit": value.unit}
        case Money():
            return {"amount": value.amount, "currency": value.currency}
        case tuple():
            return [_write_value(part) for part in value]
    return value


def _write_test(op: Operator, value: Value) -> dict[str, Json]:
    return {"op": op.value} if TAKES[op] is Takes.NOTHING else {"op": op.value, "value": _write_value(value)}


def _write_occurrence(occurrence: Occurrence) -> dict[str, Json]:
    plain: dict[str, Json] = {}
    if occurrence.kind:
        plain["kind"] = occurrence.kind
    if occurrence.channel:
        plain["channel"] = occurrence.channel
    if occurrence.where:
        plain["where"] = [{"property": t.property, **_write_test(t.op, t.value)} for t in occurrence.where]
    return plain


def _write_within(within: Within) -> dict[str, Json]:
    match within:
        case Last(span):
            return {"last": span.n, "unit": span.unit}
        case Between(start, end):
            return {name: day for name, day in (("from", start), ("to", end)) if day}
        case Since(which, occurrence):
            return {"since": which, **_write_occurrence(occurrence)}
    raise TypeError(within)


def _write_related(node: Related) -> dict[str, Json]:
    plain: dict[str, Json] = {"relation": node.relation, "quantifier": node.quantifier}
    if node.quantifier == "count":
        plain.update(_write_test(node.op, node.value))
    if node.where is not None:
        plain["where"] = to_json(node.where)
    return plain


def _write_behaviour(node: Behaviour) -> dict[str, Json]:
    plain: dict[str, Json] = {"behaviour": _write_occurrence(node.occurrence), "measure": node.measure}
    if node.of:
        plain["of"] = node.of
    plain.update(_write_test(node.op, node.value))
    if node.within is not None:
        plain["within"] = _write_within(node.within)
    return plain


_WRITERS: Mapping[type[Node], Callable[[Any], dict[str, Json]]] = {
    AllOf: lambda node: {"all": [to_json(part) for part in node.parts]},
    AnyOf: lambda node: {"any": [to_json(part) for part in node.parts]},
    Not: lambda node: {"not": to_json(node.part)},
    Attribute: lambda node: {"field": node.field, **_write_test(node.op, node.value)},
    Related: _write_related,
    Behaviour: _write_behaviour,
    InSet: lambda node: {"set": node.set, "id": node.id, "is_in": node.is_in},
}


# Reading


class _Reader:
    """Collects problems. A method that found one gives a harmless stand-in, so that the rest is read as well."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.nodes = 0
        self._readers: Mapping[str, Callable[[dict[str, Json], str, int], Condition]] = {
            "all": self._all,
            "any": self._any,
            "not": self._not,
            "field": self._attribute,
            "relation": self._related,
            "behaviour": self._behaviour,
            "set": self._in_set,
        }

    def refuse(self, pointer: str, reason: str, mend: str) -> None:
        if len(self.problems) < MAX_NODES:
            self.problems.append(Problem(pointer, reason, mend))

    def node(self, plain: Json, pointer: str, depth: int) -> Condition:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1 or depth == MAX_DEPTH + 1:
                self.refuse(
                    pointer,
                    _("The condition is too deep or has too many parts."),
                    _("Save a part as a view and use that."),
                )
            return AllOf()
        if not isinstance(plain, dict):
            self.refuse(pointer, _("A condition is an object."), self._node_mend())
            return AllOf()
        names = [name for name in self._readers if name in plain]
        if len(names) != 1:
            # "any" is a group and "behaviour" holds its own "where", but two of these keys never share an object.
            self.refuse(pointer, _("It is not clear which kind of condition this is."), self._node_mend())
            return AllOf()
        return self._readers[names[0]](plain, pointer, depth)

    def _node_mend(self) -> str:
        return _("Give exactly one of: %(names)s.") % {"names": ", ".join(self._readers)}

    def _only(self, plain: dict[str, Json], pointer: str, *known: str) -> None:
        for name in plain:
            if name not in known:
                self.refuse(
                    at(pointer, str(name)[:MAX_TEXT]),
                    _("This is not known here."),
                    _("Leave it out. Known: %(names)s.") % {"names": ", ".join(known)},
                )

    def _text(self, plain: dict[str, Json], name: str, pointer: str, *, needed: bool = True) -> str:
        value = plain.get(name, "")
        if not isinstance(value, str) or len(value) > MAX_TEXT or (needed and not value):
            self.refuse(
                at(pointer, name),
                _("This must be a text."),
                _("Give a text of at most %(n)d characters.") % {"n": MAX_TEXT},
            )
            return ""
        return value

    def _word(
        self, plain: dict[str, Json], name: str, pointer: str, words: Sequence[str], default: str | None = None
    ) -> str:
        value = plain.get(name, default)
        if not isinstance(value, str) or value not in words:
            self.refuse(
                at(pointer, name),
                _("This word is not known here."),
                _("Choose one of: %(words)s.") % {"words": ", ".join(words)},
            )
            return words[0]
        return value

    def _parts(self, plain: dict[str, Json], name: str, pointer: str, depth: int) -> tuple[Condition, ...]:
        self._only(plain, pointer, name)
        parts = plain[name]
        if not isinstance(parts, list):
            self.refuse(at(pointer, name), _("A group is a list of conditions."), _("Put them in square brackets."))
            return ()
        return tuple(
            self.node(part, at(pointer, name, index), depth + 1) for index, part in enumerate(parts[: MAX_NODES + 1])
        )

    def _all(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        return AllOf(self._parts(plain, "all", pointer, depth))

    def _any(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        return AnyOf(self._parts(plain, "any", pointer, depth))

    def _not(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        self._only(plain, pointer, "not")
        return Not(self.node(plain["not"], at(pointer, "not"), depth + 1))

    def _attribute(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        self._only(plain, pointer, "field", "op", "value")
        op, value = self._test(plain, pointer)
        return Attribute(self._text(plain, "field", pointer), op, value)

    def _related(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        self._only(plain, pointer, "relation", "quantifier", "op", "value", "where")
        quantifier = cast(Quantifier, self._word(plain, "quantifier", pointer, get_args(Quantifier), "any"))
        where = None if plain.get("where") is None else self.node(plain["where"], at(pointer, "where"), depth + 1)
        relation = self._text(plain, "relation", pointer)
        if quantifier != "count":
            return Related(relation, quantifier, where=where)
        op, value = self._test(plain, pointer, default=(Operator.AT_LEAST, 1))
        return Related(relation, quantifier, op, value, where)

    def _behaviour(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        self._only(plain, pointer, "behaviour", "measure", "of", "op", "value", "within")
        measure = cast(Measure, self._word(plain, "measure", pointer, get_args(Measure), "count"))
        op, value = self._test(plain, pointer, default=(Operator.AT_LEAST, 1) if measure == "count" else None)
        within = plain.get("within")
        return Behaviour(
            self._occurrence(plain["behaviour"], at(pointer, "behaviour"), ("kind", "channel", "where")),
            measure,
            self._text(plain, "of", pointer, needed=False),
            op,
            value,
            None if within is None else self._within(within, at(pointer, "within")),
        )

    def _in_set(self, plain: dict[str, Json], pointer: str, depth: int) -> Condition:
        self._only(plain, pointer, "set", "id", "is_in")
        is_in = plain.get("is_in", True)
        if not isinstance(is_in, bool):
            self.refuse(
                at(pointer, "is_in"), _("This must be true or false."), _("Write true or false, without quotes.")
            )
        return InSet(self._text(plain, "set", pointer), self._text(plain, "id", pointer), is_in is True)

    def _occurrence(self, plain: Json, pointer: str, known: tuple[str, ...]) -> Occurrence:
        if not isinstance(plain, dict):
            self.refuse(pointer, _("A behaviour is an object."), _('For example {"kind": "order_placed"}.'))
            return Occurrence()
        self._only(plain, pointer, *known)
        tests = plain.get("where") or []
        if not isinstance(tests, list):
            self.refuse(
                at(pointer, "where"), _("Tests of a touch point are a list."), _("Put them in square brackets.")
            )
            tests = []
        return Occurrence(
            self._text(plain, "kind", pointer, needed=False),
            self._text(plain, "channel", pointer, needed=False),
            tuple(
                self._property(test, at(pointer, "where", index)) for index, test in enumerate(tests[: MAX_NODES + 1])
            ),
        )

    def _property(self, plain: Json, pointer: str) -> PropertyTest:
        self.nodes += 1
        if self.nodes == MAX_NODES + 1:
            self.refuse(pointer, _("The condition has too many parts."), _("Use fewer tests."))
        if not isinstance(plain, dict):
            self.refuse(
                pointer,
                _("A test of a touch point is an object."),
                _('For example {"property": "amount", "op": "more_than", "value": 100}.'),
            )
            return PropertyTest("", Operator.IS_EMPTY)
        self._only(plain, pointer, "property", "op", "value")
        op, value = self._test(plain, pointer)
        return PropertyTest(self._text(plain, "property", pointer), op, value)

    def _within(self, plain: Json, pointer: str) -> Within | None:
        if isinstance(plain, dict):
            if "last" in plain:
                self._only(plain, pointer, "last", "unit")
                return Last(self._span(plain.get("last"), plain, pointer, "last"))
            if "since" in plain:
                which = self._word(plain, "since", pointer, ("last", "first"))
                occurrence = self._occurrence(plain, pointer, ("since", "kind", "channel", "where"))
                return Since("first" if which == "first" else "last", occurrence)
            if "from" in plain or "to" in plain:
                self._only(plain, pointer, "from", "to")
                return Between(
                    self._text(plain, "from", pointer, needed=False), self._text(plain, "to", pointer, needed=False)
                )
        self.refuse(
            pointer,
            _("This is not a time."),
            _('Give {"last": 30, "unit": "days"}, {"from": …, "to": …} or {"since": "last", "kind": …}.'),
        )
        return None

    def _test(
        self, plain: dict[str, Json], pointer: str, default: tuple[Operator, Value] | None = None
    ) -> tuple[Operator, Value]:
        if default and "op" not in plain and "value" not in plain:
            return default
        op = Operator(self._word(plain, "op", pointer, [op.value for op in Operator]))
        shape = TAKES[op]
        if shape is Takes.NOTHING:
            if plain.get("value") is not None:
                self.refuse(at(pointer, "value"), _("This test takes no value."), _("Leave the value out."))
            return op, None
        if "value" not in plain:
            self.refuse(at(pointer, "value"), _("A value is missing."), _("Say what to compare with."))
            return op, None
        return op, self._value(plain["value"], shape, at(pointer, "value"))

    def _value(self, plain: Json, shape: Takes, pointer: str) -> Value:
        if shape is Takes.SPAN:
            if not isinstance(plain, dict):
                self.refuse(pointer, _("This must be a length of time."), _('For example {"n": 30, "unit": "days"}.'))
                return None
            self._only(plain, pointer, "n", "unit")
            return self._span(plain.get("n"), plain, pointer, "n")
        if shape is Takes.ONE:
            return self._single(plain, pointer)
        if not isinstance(plain, list):
            self.refuse(pointer, _("This must be a list of values."), _("Put the values in square brackets."))
            return None
        if shape is Takes.TWO and len(plain) != 2:
            self.refuse(pointer, _("Between takes two values."), _("Give the lower and the upper one."))
        elif not 1 <= len(plain) <= MAX_VALUES:
            self.refuse(pointer, _("Give between 1 and %(n)d values.") % {"n": MAX_VALUES}, _("Split the condition."))
            return ()
        return tuple(self._single(part, at(pointer, index)) for index, part in enumerate(plain[:MAX_VALUES]))

    def _single(self, plain: Json, pointer: str) -> str | int | bool | Decimal | Money | None:
        if isinstance(plain, float):
            plain = Decimal(repr(plain))
        if isinstance(plain, str | int | bool | Decimal):
            return plain
        if isinstance(plain, dict) and set(plain) == {"amount", "currency"}:
            amount, currency = plain["amount"], plain["currency"]
            amount = Decimal(repr(amount)) if isinstance(amount, float) else amount
            if isinstance(amount, str | int | Decimal) and isinstance(currency, str):
                return Money(amount, currency)
        self.refuse(
            pointer, _("This can't be compared with."), _("Give a text, a number, true, false or an amount of money.")
        )
        return None

    def _span(self, n: Json, plain: dict[str, Json], pointer: str, name: str) -> Span:
        unit = cast(Unit, self._word(plain, "unit", pointer, get_args(Unit)))
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_SPAN:
            self.refuse(
                at(pointer, name),
                _("This must be a whole number."),
                _("Give a number from 1 to %(n)d.") % {"n": MAX_SPAN},
            )
            return Span(1, unit)
        return Span(n, unit)
