"""What conditions on a record type can name, for one actor: fields, relations, behaviour, sets, and names for ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import (
    BehaviourWords,
    behaviour_compilers,
    behaviour_words,
    record_types,
    set_compilers,
    set_words,
)
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.names import names_in
from rapport.foundation.records.queries.own_fields import custom_fields
from rapport.foundation.records.queries.relations import with_relations
from rapport.foundation.records.queries.saved_views import usable
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import (
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Condition,
    ConditionError,
    Description,
    InSet,
    Not,
    Related,
    Vocabulary,
)
from rapport.foundation.records.rules.conditions.values import as_id
from rapport.foundation.records.types import Field, FieldKind, Label, RecordType
from rapport.foundation.ui import formats
from rapport.foundation.workspace.queries.members import everyone
from rapport.foundation.workspace.types import Actor

SETS: Mapping[str, Label] = {"view": _("the view"), "import": _("the import"), "operation": _("the change")}
NO_WORDS = BehaviourWords({}, {})


def readable_type(name: str, *, actor: Actor) -> RecordType:
    """The record type with the fields the actor may read: nobody filters or sorts by what they may not see.

    Its relations are read when they are first asked for, which most lists never do.
    """
    declared = record_types[name]
    if declared.custom_fields:
        declared = declared.with_fields(custom_fields(name))
    declared = replace(declared, relations=with_relations(declared, actor))
    return replace(declared, fields=policies.readable_fields(actor, declared))


@dataclass
class Words:
    """Everything a list needs to check a condition and to say it. Each part is read once, when it is first needed."""

    record_type: RecordType
    actor: Actor
    _types: dict[str, RecordType] = field(default_factory=dict)

    def type_named(self, name: str) -> RecordType:
        if name == self.record_type.name:
            return self.record_type
        if name not in self._types:
            self._types[name] = readable_type(name, actor=self.actor)
        return self._types[name]

    @cached_property
    def behaviour(self) -> BehaviourWords:
        return self.behaviour_of(self.record_type.name)

    def behaviour_of(self, record_type: str) -> BehaviourWords:
        source = behaviour_words.get(record_type)
        return source() if source else NO_WORDS

    @cached_property
    def members(self) -> Mapping[str, str]:
        """Every colleague, also those who left: their names stay on records."""
        return {str(member.id): member.name for member in everyone()}

    def checked(self, plain: Any) -> Condition:
        """The tree of JSON that fits this record type. Errors: ConditionError."""
        tree = plain if isinstance(plain, conditions.Node) else conditions.from_json(plain)
        problems = conditions.validate(tree, self.record_type, self.vocabulary(tree, names=False))
        if problems:
            raise ConditionError(problems)
        return tree

    def describe(self, tree: Condition) -> Description:
        return conditions.describe(tree, self.record_type, self.vocabulary(tree))

    def vocabulary(self, tree: Condition, *, names: bool = True) -> Vocabulary:
        """What this tree needs, and no more: a condition on a city asks the database nothing."""
        used = list(_walk(tree))
        types = {self.record_type.name: self.record_type}
        types |= {r.target: self.type_named(r.target) for r in self._relations_in(used)}
        known = BehaviourWords({}, {})
        if names and any(isinstance(node, Behaviour) for node in used):
            known = self.behaviour
        return Vocabulary(
            record_types=types,
            relations={name: each.relations for name, each in types.items()},
            kinds=known.kinds,
            channels=known.channels,
            behaviour=frozenset(behaviour_compilers),
            sets={**SETS, **{name: set_words[name].label if name in set_words else name for name in set_compilers}},
            set_names=self._set_names(used) if names else {},
            names=self._names(used, types) if names else {},
            day_text=formats.short_date,
        )

    def _relations_in(self, used: Iterable[Condition]) -> Iterable[Any]:
        wanted = {node.relation for node in used if isinstance(node, Related)}
        pending, seen = [self.record_type], set()
        while wanted and pending:
            current = pending.pop()
            if current.name in seen:
                continue
            seen.add(current.name)
            for relation in current.relations:
                if relation.name in wanted:
                    yield relation
                    pending.append(self.type_named(relation.target))

    def _set_names(self, used: Iterable[Condition]) -> dict[tuple[str, str], str]:
        wanted = [(node.set, set_id) for node in used if isinstance(node, InSet) and (set_id := as_id(node.id))]
        found: dict[tuple[str, str], str] = {}
        views = [set_id for name, set_id in wanted if name == "view"]
        if views:
            rows = usable(self.actor).filter(pk__in=views).values_list("pk", "name")
            found |= {("view", str(pk)): name for pk, name in rows}
        operations = [set_id for name, set_id in wanted if name in ("import", "operation")]
        if operations:
            for pk, label, kind in Operation.objects.filter(pk__in=operations).values_list("pk", "label", "kind"):
                found |= {(name, str(pk)): label or kind for name in ("import", "operation")}
        for kind, words in set_words.items():
            if ids := [set_id for name, set_id in wanted if name == kind]:
                found |= {(kind, str(pk)): name for pk, name in words.names(self.actor, ids).items()}
        return found

    def _names(self, used: Iterable[Condition], types: Mapping[str, RecordType]) -> dict[str, str]:
        """Names of the members and records that the tree names by id."""
        fields: dict[tuple[str, str], Field] = {}
        values: list[dict[str, Any]] = []
        for node in used:
            if not isinstance(node, Attribute):
                continue
            parts = node.value if isinstance(node.value, tuple) else (node.value,)
            for each in types.values():
                declared = each.field(node.field)
                if declared is not None and declared.kind in (FieldKind.MEMBER, FieldKind.RELATION):
                    fields[each.name, node.field] = declared
                    values += [{node.field: str(one)} for part in parts if (one := as_id(part))]
        if not values:
            return {}
        known = names_in(actor=self.actor, fields=fields.values(), values=values)
        return {**known.members, **{one: name for one, (name, _url) in known.records.items()}}


def _walk(tree: Condition) -> Iterable[Condition]:
    yield tree
    match tree:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _walk(part)
        case Not(part):
            yield from _walk(part)
        case Related(where=where) if where is not None:
            yield from _walk(where)
