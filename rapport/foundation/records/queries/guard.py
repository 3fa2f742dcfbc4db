"""What the roles page and tokens ask about record types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.own_fields import all_custom_fields
from rapport.foundation.records.queries.relations import with_relations
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import ConditionError, Vocabulary
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.types import Actor, GuardedField, GuardedType


class RecordsGuard:
    """Fills workspace.extension_points.guards."""

    def types(self, actor: Actor) -> Sequence[GuardedType]:
        """Every record type with its fields; two queries."""
        return [
            GuardedType(
                name=name,
                label=declared.label,
                plural=declared.plural,
                icon=declared.icon,
                fields=tuple(GuardedField(name=f.name, label=f.label, group=f.group) for f in declared.fields),
                has_owner=bool(declared.owner_column),
            )
            for name, declared in _known().items()
        ]

    def problems(self, record_type_name: str, condition: Mapping[str, Any]) -> Sequence[str]:
        found = conditions.validate(dict(condition), record_type(record_type_name), _vocabulary())
        return [f"{problem.reason} {problem.mend}".strip() for problem in found]

    def sentence(self, record_type_name: str, condition: Mapping[str, Any]) -> str:
        try:
            tree = conditions.from_json(dict(condition))
        except ConditionError as error:
            return str(error)
        return conditions.describe(tree, record_type(record_type_name), _vocabulary()).sentence


def _vocabulary() -> Vocabulary:
    known = _known()
    return Vocabulary(record_types=known, relations={name: each.relations for name, each in known.items()})


def _known() -> dict[str, RecordType]:
    """Every record type with its own fields; relations are read when they are asked for."""
    own = all_custom_fields()
    found = {}
    for name, declared in record_types.items():
        full = declared.with_fields(own.get(name, ())) if declared.custom_fields else declared
        found[name] = replace(full, relations=with_relations(full))
    return found
