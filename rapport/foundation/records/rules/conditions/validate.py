"""Does a condition fit its record type? Every problem points at its node and says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.conditions import values
from rapport.foundation.records.rules.conditions.codec import MAX_TEXT, read
from rapport.foundation.records.rules.conditions.operators import (
    COUNTS,
    MOMENTS,
    OPERATORS,
    PROPERTIES,
    TAKES,
    Operator,
    Takes,
)
from rapport.foundation.records.rules.conditions.problems import Problem, at
from rapport.foundation.records.rules.conditions.tree import (
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Between,
    Condition,
    InSet,
    Json,
    Money,
    Node,
    Not,
    Occurrence,
    PropertyTest,
    Related,
    Since,
    Value,
)
from rapport.foundation.records.rules.conditions.vocabulary import Vocabulary
from rapport.foundation.records.types import Field, FieldKind, RecordType

COLUMNS = ("amount", "currency", "subject", "source", "direction", "channel")  # of a touch point; else a property


def validate(tree: Condition | Json, record_type: RecordType, vocabulary: Vocabulary) -> list[Problem]:
    """Everything that is wrong with a tree, or with any decoded JSON meant to be one. Never raises."""
    if not isinstance(tree, Node):
        tree, problems = read(tree)
        if tree is None:
            return problems
    checker = _Checker(vocabulary)
    checker.node(tree, record_type, "", top=True)
    return checker.problems


class _Checker:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []

    def refuse(self, pointer: str, reason: str, mend: str) -> None:
        self.problems.append(Problem(pointer, reason, mend))

    def node(self, node: Condition, record_type: RecordType, pointer: str, *, top: bool = False) -> None:
        match node:
            case AllOf(parts):
                self._group(parts, "all", record_type, pointer, top=top)
            case AnyOf(parts):
                self._group(parts, "any", record_type, pointer, top=False)
            case Not(part):
                self.node(part, record_type, at(pointer, "not"))
            case Attribute():
                self._attribute(node, record_type, pointer)
            case Related():
                self._related(node, record_type, pointer)
            case Behaviour():
                self._behaviour(node, record_type, pointer)
            case InSet():
                self._in_set(node, pointer)

    def _group(
        self, parts: Sequence[Condition], name: str, record_type: RecordType, pointer: str, *, top: bool
    ) -> None:
        if not parts and not top:
            self.refuse(at(pointer, name), _("This group is empty."), _("Add a condition to it or drop it."))
        for index, part in enumerate(parts):
            self.node(part, record_type, at(pointer, name, index))

    def _attribute(self, node: Attribute, record_type: RecordType, pointer: str) -> None:
        field = record_type.field(node.field)
        if field is None or not field.filterable:
            self.refuse(
                at(pointer, "field"),
                _("%(type)s has no field “%(name)s” to filter by.") % {"type": record_type.label, "name": node.field},
                _("Choose another field."),
            )
            return
        if self._operator(node.op, OPERATORS[field.kind], pointer):
            self._values(node.value, node.op, at(pointer, "value"), field)

    def _operator(self, op: Operator, allowed: Sequence[Operator], pointer: str) -> bool:
        if op in allowed:
            return True
        self.refuse(
            at(pointer, "op"),
            _("“%(op)s” does not go with this.") % {"op": op.value},
            _("Choose one of: %(words)s.") % {"words": ", ".join(allowed)},
        )
        return False

    def _values(self, value: Value, op: Operator, pointer: str, field: Field) -> None:
        match TAKES[op]:
            case Takes.NOTHING | Takes.SPAN:
                return
            case Takes.ONE:
                self._value(value, pointer, field)
            case Takes.TWO | Takes.MANY if isinstance(value, tuple):
                for index, part in enumerate(value):
                    self._value(part, at(pointer, index), field)
                if op is Operator.BETWEEN:
                    self._order(value, pointer)
            case _:
                self.refuse(pointer, _("This must be a list of values."), _("Put the values in square brackets."))

    def _order(self, pair: tuple[object, ...], pointer: str) -> None:
        if len(pair) != 2:
            self.refuse(pointer, _("Between takes two values."), _("Give the lower and the upper one."))
            return
        low, high = pair
        if isinstance(low, Money) != isinstance(high, Money) or (
            isinstance(low, Money) and isinstance(high, Money) and low.currency != high.currency
        ):
            self.refuse(
                pointer, _("The two amounts are in different currencies."), _("Give both in the same currency.")
            )
            return
        first, second = (values.as_number(v.amount if isinstance(v, Money) else v) for v in pair)
        if first is not None and second is not None and first > second:
            self.refuse(pointer, _("The first value is larger than the second."), _("Swap them."))

    def _value(self, value: object, pointer: str, field: Field) -> None:
        wrong = _mismatch(value, field)
        if wrong:
            self.refuse(pointer, *wrong)

    def _related(self, node: Related, record_type: RecordType, pointer: str) -> None:
        relation = self.vocabulary.relation(record_type.name, node.relation)
        if relation is None:
            known = ", ".join(r.name for r in self.vocabulary.relations.get(record_type.name, ()))
            self.refuse(
                at(pointer, "relation"),
                _("%(type)s has no relation “%(name)s”.") % {"type": record_type.label, "name": node.relation},
                _("Choose one of: %(words)s.") % {"words": known} if known else _("Drop this condition."),
            )
            return
        if node.quantifier == "count":
            self._count(node.op, node.value, pointer)
        target = self.vocabulary.record_types.get(relation.target)
        if node.where is not None and target is None:
            self.refuse(at(pointer, "where"), _("Nothing can be asked of these records."), _("Leave “where” out."))
        elif node.where is not None and target is not None:
            self.node(node.where, target, at(pointer, "where"), top=True)

    def _count(self, op: Operator, value: Value, pointer: str) -> None:
        if not self._operator(op, COUNTS, pointer):
            return
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            if values.as_count(part) is None:
                self.refuse(at(pointer, "value"), _("A count is a whole number."), _("Give a number such as 3."))
                return
        if op is Operator.BETWEEN:
            self._order(parts, at(pointer, "value"))

    def _behaviour(self, node: Behaviour, record_type: RecordType, pointer: str) -> None:
        if record_type.name not in self.vocabulary.behaviour:
            self.refuse(
                at(pointer, "behaviour"),
                _("%(type)s has no touch points.") % {"type": record_type.label},
                _("Ask for behaviour of customers only."),
            )
            return
        self._occurrence(node.occurrence, at(pointer, "behaviour"))
        self._measure(node, pointer)
        match node.within:
            case Since(_which, occurrence):
                self._occurrence(occurrence, at(pointer, "within"))
            case Between(start, end):
                self._between(start, end, at(pointer, "within"))

    def _between(self, start: str, end: str, pointer: str) -> None:
        for name, day in (("from", start), ("to", end)):
            if day and values.as_day(day) is None and values.as_instant(day) is None:
                self.refuse(at(pointer, name), _("This is not a date."), _("Write it as 2026-11-19."))
        first, second = values.as_day(start), values.as_day(end)
        if not start and not end:
            self.refuse(pointer, _("A time needs a beginning or an end."), _("Give “from”, “to” or both."))
        elif first and second and first > second:
            self.refuse(pointer, _("This time ends before it begins."), _("Swap the two dates."))

    def _occurrence(self, occurrence: Occurrence, pointer: str) -> None:
        for name, word in (("kind", occurrence.kind), ("channel", occurrence.channel)):
            if word and values.as_word(word) is None:
                self.refuse(
                    at(pointer, name), _("This can't be the name of one."), _("Use letters, digits and underscores.")
                )
        for index, test in enumerate(occurrence.where):
            self._property(test, at(pointer, "where", index))

    def _property(self, test: PropertyTest, pointer: str) -> None:
        if values.as_text(test.property, longest=100) is None:
            self.refuse(
                at(pointer, "property"), _("This can't be the name of a property."), _("Use at most 100 characters.")
            )
            return
        field = property_field(test.property)
        if not self._operator(test.op, OPERATORS[field.kind] if field else PROPERTIES, pointer):
            return
        self._values(test.value, test.op, at(pointer, "value"), field or _by_operator(test.op, test.value))

    def _measure(self, node: Behaviour, pointer: str) -> None:
        if node.measure == "count":
            if node.of:
                self.refuse(
                    at(pointer, "of"), _("A count is not of a property."), _("Leave “of” out, or choose “sum”.")
                )
            self._count(node.op, node.value, pointer)
            return
        if node.measure == "sum":
            if not node.of or (property_field(node.of) or _NUMBER).kind is not FieldKind.NUMBER:
                self.refuse(
                    at(pointer, "of"), _("A sum needs a property that is a number."), _("For example “amount”.")
                )
            elif values.as_text(node.of, longest=100) is None:
                self.refuse(
                    at(pointer, "of"), _("This can't be the name of a property."), _("Use at most 100 characters.")
                )
            if self._operator(node.op, COUNTS, pointer):
                self._values(node.value, node.op, at(pointer, "value"), _NUMBER)
            return
        if not node.of:
            if self._operator(node.op, MOMENTS, pointer):
                self._values(node.value, node.op, at(pointer, "value"), _MOMENT)
            return
        self._property(PropertyTest(node.of, node.op, node.value), pointer)

    def _in_set(self, node: InSet, pointer: str) -> None:
        if node.set not in self.vocabulary.sets:
            self.refuse(
                at(pointer, "set"),
                _("There is no kind of set “%(name)s”.") % {"name": node.set},
                _("Choose one of: %(words)s.") % {"words": ", ".join(self.vocabulary.sets)},
            )
        if values.as_id(node.id) is None:
            self.refuse(at(pointer, "id"), _("This is not an id."), _("Choose the set anew."))


_NUMBER = Field(name="number", label="", kind=FieldKind.NUMBER)
_TEXT = Field(name="text", label="", kind=FieldKind.TEXT)
_TRUTH = Field(name="truth", label="", kind=FieldKind.BOOLEAN)
_MOMENT = Field(name="moment", label="", kind=FieldKind.INSTANT)
_NUMERIC = (Operator.MORE_THAN, Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST, Operator.BETWEEN)


def property_field(name: str) -> Field | None:
    """The field that a column of a touch point behaves like; None for a key of its properties."""
    if name == "amount":
        return _NUMBER
    return _TEXT if name in COLUMNS else None


def _by_operator(op: Operator, value: Value) -> Field:
    """A key of the properties is a number where it is compared with one, a text where with one."""
    sample = value[0] if isinstance(value, tuple) and value else value
    if isinstance(sample, bool):
        return _TRUTH
    return _NUMBER if op in _NUMERIC or isinstance(sample, int | Decimal) else _TEXT


def _mismatch(value: object, field: Field) -> tuple[str, str] | None:
    """Why a single value does not suit a field, and what would."""
    match field.kind:
        case FieldKind.NUMBER:
            if values.as_number(value) is None:
                return _("This is not a number."), _("Write it as 12.50.")
        case FieldKind.MONEY:
            amount = value.amount if isinstance(value, Money) else value
            if values.as_number(amount) is None:
                return _("This is not an amount."), _("Write it as 12.50.")
            if isinstance(value, Money) and values.as_currency(value.currency) is None:
                return _("This is not a currency."), _("Use its three letters, such as EUR.")
        case FieldKind.DATE:
            if values.as_day(value) is None:
                return _("This is not a date."), _("Write it as 2026-11-19.")
        case FieldKind.INSTANT:
            if values.as_day(value) is None and (values.as_instant(value) is None or _outside_the_calendar(value)):
                return _("This is not a date or a time."), _("Write it as 2026-11-19 or 2026-11-19T14:30.")
        case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
            if not isinstance(value, str) or (field.choices and field.choice(value) is None):
                known = ", ".join(choice.value for choice in field.choices)
                return _("This is not one of the choices."), _("Choose one of: %(words)s.") % {"words": known}
            return _text_mismatch(value)
        case FieldKind.BOOLEAN:
            if not isinstance(value, bool):
                return _("This must be true or false."), _("Write true or false, without quotes.")
        case FieldKind.MEMBER:
            if value != values.ME and values.as_id(value) is None:
                return _("This is not a member."), _("Choose a member, or “me”.")
        case FieldKind.RELATION:
            if values.as_id(value) is None:
                return _("This is not the id of a record."), _("Choose a record.")
        case _:
            return _text_mismatch(value)
    return None


def _outside_the_calendar(value: object) -> bool:
    instant = values.as_instant(value)
    return instant is not None and not 2 <= instant.year <= 9998


def _text_mismatch(value: object) -> tuple[str, str] | None:
    if values.as_text(value, longest=MAX_TEXT) is not None:
        return None
    return _("This is not a text that can be looked for."), _("Give a text of 1 to %(n)d characters.") % {"n": MAX_TEXT}


__all__ = ["COLUMNS", "property_field", "validate"]
