"""A condition in words: chips for the page, and the sentence they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from rapport.foundation.records.rules.conditions import values
from rapport.foundation.records.rules.conditions.operators import TAKES, Operator, Takes
from rapport.foundation.records.rules.conditions.problems import at
from rapport.foundation.records.rules.conditions.tree import (
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
    Value,
    Within,
)
from rapport.foundation.records.rules.conditions.validate import property_field
from rapport.foundation.records.rules.conditions.vocabulary import Vocabulary
from rapport.foundation.records.types import Field, FieldKind, Label, RecordType

_VERBS: Mapping[Operator, Label] = {
    Operator.IS: gettext_lazy("is"),
    Operator.IS_NOT: gettext_lazy("is not"),
    Operator.ANY_OF: gettext_lazy("is"),
    Operator.NONE_OF: gettext_lazy("is not"),
    Operator.CONTAINS: gettext_lazy("contains"),
    Operator.NOT_CONTAINS: gettext_lazy("does not contain"),
    Operator.STARTS_WITH: gettext_lazy("starts with"),
    Operator.IS_EMPTY: gettext_lazy("is empty"),
    Operator.IS_NOT_EMPTY: gettext_lazy("is not empty"),
    Operator.MORE_THAN: gettext_lazy("is more than"),
    Operator.AT_LEAST: gettext_lazy("is at least"),
    Operator.LESS_THAN: gettext_lazy("is less than"),
    Operator.AT_MOST: gettext_lazy("is at most"),
    Operator.BETWEEN: gettext_lazy("is between"),
    Operator.BEFORE: gettext_lazy("is before"),
    Operator.AFTER: gettext_lazy("is after"),
    Operator.ON: gettext_lazy("is on"),
    Operator.IN_LAST: gettext_lazy("is in the last"),
    Operator.NOT_IN_LAST: gettext_lazy("is not in the last"),
    Operator.IN_NEXT: gettext_lazy("is in the next"),
    Operator.HAS_ANY: gettext_lazy("has any of"),
    Operator.HAS_ALL: gettext_lazy("has all of"),
    Operator.HAS_NONE: gettext_lazy("has none of"),
}
_COUNT_VERBS: Mapping[Operator, Label] = {
    Operator.IS: gettext_lazy("exactly"),
    Operator.IS_NOT: gettext_lazy("not exactly"),
    Operator.MORE_THAN: gettext_lazy("more than"),
    Operator.AT_LEAST: gettext_lazy("at least"),
    Operator.LESS_THAN: gettext_lazy("less than"),
    Operator.AT_MOST: gettext_lazy("at most"),
    Operator.BETWEEN: gettext_lazy("between"),
}
_COLUMN_LABELS: Mapping[str, Label] = {
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "subject": gettext_lazy("Subject"),
    "source": gettext_lazy("Source"),
    "direction": gettext_lazy("Direction"),
    "channel": gettext_lazy("Channel"),
}


@dataclass(frozen=True)
class Chip:
    """One node in words. A group has children and a joiner, everything else subject, verb and value."""

    pointer: str
    node: str  # the key of the JSON form: all, any, not, field, relation, behaviour, set
    subject: str = ""
    verb: str = ""
    value: str = ""
    joiner: str = ""
    children: tuple[Chip, ...] = ()

    @property
    def text(self) -> str:
        if self.node in ("all", "any"):
            return f" {self.joiner} ".join(
                f"({c.text})" if c.joiner and len(c.children) > 1 else c.text for c in self.children
            )
        if self.node == "not":
            return _("not (%(text)s)") % {"text": self.children[0].text}
        return " ".join(part for part in (self.subject, self.verb, self.value) if part)


@dataclass(frozen=True)
class Description:
    sentence: str  # "Customers where City is Hamburg and Owner is me"
    opening: str  # "Customers where"
    joiner: str  # between the chips
    chips: tuple[Chip, ...]

    def __str__(self) -> str:
        return self.sentence


def describe(tree: Condition, record_type: RecordType, vocabulary: Vocabulary) -> Description:
    """In words, whatever the tree: names that no longer exist are shown as they are written."""
    root = _Teller(vocabulary).chip(tree, record_type, "")
    chips = root.children if root.node in ("all", "any") else (root,)
    joiner = root.joiner or pgettext("joins two conditions", "and")
    if not chips:
        nobody = root.node == "any"
        opening = (_("No %(plural)s") if nobody else _("All %(plural)s")) % {
            "plural": _within_sentence(record_type.plural)
        }
        return Description(opening, opening, joiner, ())
    opening = _("%(plural)s where") % {"plural": record_type.plural}
    return Description(f"{opening} {root.text}", opening, joiner, chips)


def menu_label(op: Operator, *, counting: bool = False) -> str:
    """As `verb_label`, but telling operators apart that a sentence need not."""
    alone = {Operator.ANY_OF: _("is one of"), Operator.NONE_OF: _("is none of")}
    return alone.get(op) or verb_label(op, counting=counting)


def verb_label(op: Operator, *, counting: bool = False) -> str:
    return str(_COUNT_VERBS[op] if counting and op in _COUNT_VERBS else _VERBS[op])


def _within_sentence(label: Label) -> str:
    # Only languages whose nouns stay lower case translate this; the others give the label back unchanged.
    text = str(label)
    return text[:1].lower() + text[1:] if pgettext("nouns within a sentence", "lower case") == "lower case" else text


def _listed(parts: Sequence[str], *, joiner: str) -> str:
    shown = list(parts[:4]) + (
        [ngettext("%(n)d more", "%(n)d more", len(parts) - 4) % {"n": len(parts) - 4}] if len(parts) > 4 else []
    )
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joiner} {shown[-1]}" if shown else ""


class _Teller:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def chip(self, node: Condition, record_type: RecordType, pointer: str) -> Chip:
        match node:
            case AllOf(parts):
                return self._group("all", pgettext("joins two conditions", "and"), parts, record_type, pointer)
            case AnyOf(parts):
                return self._group("any", pgettext("joins two conditions", "or"), parts, record_type, pointer)
            case Not(part):
                return Chip(pointer, "not", children=(self.chip(part, record_type, at(pointer, "not")),))
            case Attribute(name, op, value):
                field = record_type.field(name) or Field(name=name, label=name, kind=FieldKind.TEXT)
                return Chip(pointer, "field", str(field.label), verb_label(op), self._value(value, op, field))
            case Related():
                return self._related(node, record_type, pointer)
            case Behaviour():
                return self._behaviour(node, pointer)
            case InSet(kind, record_id, is_in):
                name = self.vocabulary.set_names.get((kind, record_id), "")
                label = str(self.vocabulary.sets.get(kind, kind))
                verb = pgettext("in a set", "in") if is_in else pgettext("in a set", "not in")
                return Chip(pointer, "set", "", f"{verb} {label}", f"“{name}”" if name else "…")
        raise TypeError(node)

    def _group(self, name: str, joiner: str, parts: Iterable[Condition], record_type: RecordType, pointer: str) -> Chip:
        children = tuple(self.chip(part, record_type, at(pointer, name, index)) for index, part in enumerate(parts))
        return Chip(pointer, name, joiner=joiner, children=children)

    def _related(self, node: Related, record_type: RecordType, pointer: str) -> Chip:
        relation = self.vocabulary.relation(record_type.name, node.relation)
        target = self.vocabulary.record_types.get(relation.target) if relation else None
        chip = Chip(pointer, "relation", str(relation.label if relation else node.relation))
        noun = _within_sentence(target.label) if target else _("record")
        nouns = _within_sentence(target.plural) if target else _("records")
        match node.quantifier:
            case "any":
                chip = replace(chip, verb=_("any %(noun)s") % {"noun": noun})
            case "none":
                chip = replace(chip, verb=_("no %(noun)s") % {"noun": noun})
            case _:
                counted = self._count(node.op, node.value)
                chip = replace(chip, verb=f"{counted} {noun if node.value == 1 else nouns}")
        if node.where is None or node.where == AllOf() or target is None:
            return chip
        where = self.chip(node.where, target, at(pointer, "where"))
        return replace(chip, value=_("where %(condition)s") % {"condition": where.text}, children=(where,))

    def _count(self, op: Operator, value: Value) -> str:
        return f"{verb_label(op, counting=True)} {self._numbers(value)}"

    def _numbers(self, value: Value) -> str:
        parts = value if isinstance(value, tuple) else (value,)
        return _listed([self._scalar(part, None) for part in parts], joiner=pgettext("between one value", "and"))

    def _behaviour(self, node: Behaviour, pointer: str) -> Chip:
        what, when = self._occurrence(node.occurrence), self._within(node.within)
        if node.measure == "count":
            verb, value = self._times(node.op, node.value)
            return Chip(pointer, "behaviour", what, verb, f"{value} {when}".strip())
        if node.measure == "sum":
            subject = _("Sum of %(property)s of %(what)s") % {"property": self._property_label(node.of), "what": what}
            return Chip(
                pointer, "behaviour", subject, verb_label(node.op), f"{self._numbers(node.value)} {when}".strip()
            )
        subject = (_("First %(what)s") if node.measure == "first" else _("Last %(what)s")) % {"what": what}
        field = Field(name="moment", label="", kind=FieldKind.INSTANT)
        if node.of:
            subject = _("%(property)s of %(what)s") % {"property": self._property_label(node.of), "what": subject}
            field = property_field(node.of) or Field(name=node.of, label="", kind=FieldKind.TEXT)
        return Chip(
            pointer,
            "behaviour",
            f"{subject} {when}".strip(),
            verb_label(node.op),
            self._value(node.value, node.op, field),
        )

    def _times(self, op: Operator, value: Value) -> tuple[str, str]:
        """The two commonest are said shortly: "at least 1" needs no word, "at most 0" is "never"."""
        if (op, value) == (Operator.AT_LEAST, 1):
            return "", _("at least once")
        if value == 0 and op in (Operator.AT_MOST, Operator.IS):
            return pgettext("zero times", "never"), ""
        number = value if isinstance(value, int) else 2
        times = ngettext("%(numbers)s time", "%(numbers)s times", number) % {"numbers": self._numbers(value)}
        return verb_label(op, counting=True), times

    def _occurrence(self, occurrence: Occurrence) -> str:
        what = self.vocabulary.kind(occurrence.kind) if occurrence.kind else _("Any touch point")
        if occurrence.channel:
            what = _("%(what)s by %(channel)s") % {"what": what, "channel": self.vocabulary.channel(occurrence.channel)}
        if occurrence.where:
            tests = _listed(
                [self._test(test) for test in occurrence.where], joiner=pgettext("joins two conditions", "and")
            )
            what = _("%(what)s whose %(tests)s") % {"what": what, "tests": tests}
        return what

    def _test(self, test: PropertyTest) -> str:
        field = property_field(test.property) or Field(name=test.property, label="", kind=FieldKind.TEXT)
        words = (self._property_label(test.property), verb_label(test.op), self._value(test.value, test.op, field))
        return " ".join(word for word in words if word)

    def _property_label(self, name: str) -> str:
        return _within_sentence(_COLUMN_LABELS.get(name, name))

    def _within(self, within: Within | None) -> str:
        match within:
            case None:
                return ""
            case Last(span):
                return _("in the last %(span)s") % {"span": self._span(span)}
            case Between(start, end) if start and end:
                return _("from %(start)s to %(end)s") % {"start": self._day(start), "end": self._day(end)}
            case Between(start, end):
                return (
                    _("from %(start)s on") % {"start": self._day(start)}
                    if start
                    else _("until %(end)s") % {"end": self._day(end)}
                )
            case Since(which, occurrence):
                what = self._occurrence(occurrence)
                return (_("since the first %(what)s") if which == "first" else _("since the last %(what)s")) % {
                    "what": what
                }
        raise TypeError(within)

    def _span(self, span: Span) -> str:
        n = span.n
        match span.unit:
            case "minutes":
                return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}
            case "hours":
                return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}
            case "days":
                return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}
            case "weeks":
                return ngettext("%(n)d week", "%(n)d weeks", n) % {"n": n}
            case "months":
                return ngettext("%(n)d month", "%(n)d months", n) % {"n": n}
        return ngettext("%(n)d year", "%(n)d years", n) % {"n": n}

    def _value(self, value: Value, op: Operator, field: Field) -> str:
        if TAKES[op] is Takes.NOTHING or value is None:
            return ""
        if isinstance(value, Span):
            return self._span(value)
        if not isinstance(value, tuple):
            return self._scalar(value, field)
        both = op in (Operator.BETWEEN, Operator.HAS_ALL)
        joiner = pgettext("between one value", "and") if both else pgettext("one of several values", "or")
        return _listed([self._scalar(part, field) for part in value], joiner=joiner)

    def _scalar(self, value: object, field: Field | None) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, Money):
            return f"{self._scalar(value.amount, None)} {value.currency}"
        if isinstance(value, Decimal):
            return f"{value.normalize():f}" if -30 < value.adjusted() < 30 else str(value)
        text = str(value)
        kind = field.kind if field else None
        if kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE) and field:
            choice = field.choice(text)
            return str(choice.label) if choice else text
        if kind in (FieldKind.MEMBER, FieldKind.RELATION):
            return _("me") if text == values.ME else self.vocabulary.names.get(text, _("someone no longer here"))
        if kind in (FieldKind.DATE, FieldKind.INSTANT):
            return self._day(text)
        return text

    def _day(self, text: str) -> str:
        day = values.as_day(text)
        return self.vocabulary.day_text(day) if day else text.replace("T", " ")
