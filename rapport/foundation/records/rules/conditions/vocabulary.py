"""What a condition may name besides the fields of its record type, and how names and values are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from rapport.foundation.records.types import Label, RecordType, Relation


def _plain_day(day: date) -> str:
    return day.isoformat()


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Kinds and channels are open: one that is not listed is allowed, and shown as it is written."""

    record_types: Mapping[str, RecordType] = field(default_factory=dict)
    relations: Mapping[str, tuple[Relation, ...]] = field(default_factory=dict)  # by the record type they start from
    kinds: Mapping[str, Label] = field(default_factory=dict)
    channels: Mapping[str, Label] = field(default_factory=dict)
    behaviour: frozenset[str] = frozenset({"customer"})  # record types that have touch points
    sets: Mapping[str, Label] = field(default_factory=dict)  # "view": "view"
    set_names: Mapping[tuple[str, str], str] = field(default_factory=dict)  # ("view", id): "Value at risk"
    names: Mapping[str, str] = field(default_factory=dict)  # ids of members and related records: their names
    day_text: Callable[[date], str] = _plain_day

    def relation(self, record_type: str, name: str) -> Relation | None:
        return next((r for r in self.relations.get(record_type, ()) if r.name == name), None)

    def kind(self, name: str) -> str:
        return str(self.kinds.get(name) or name.replace("_", " ").capitalize())

    def channel(self, name: str) -> str:
        return str(self.channels.get(name) or name.replace("_", " "))
