"""What upper apps plug into records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from rapport.foundation.lib.registry import Registry
from rapport.foundation.records.types import Field, FoundRecord, Label, ListPage, RecordType, Relation
from rapport.foundation.ui.extension_points import finders

if TYPE_CHECKING:
    from django.db.models import Model, Q

    from rapport.foundation.workspace.types import Actor

record_types: Registry[RecordType] = Registry("record type")


class WriteHook(Protocol):
    """What a record type does beside storing values. All methods run inside the writing transaction."""

    def check(self, values: Mapping[str, Any], instance: Model | None) -> Mapping[str, str]:
        """Problems by field name, beyond what the kinds of the fields already refuse."""

    def before_save(self, instance: Model, changed: set[str]) -> set[str]:
        """Set derived columns; returns their attribute names, so that they are saved too."""

    def after_save(self, instances: Sequence[Model], changed: set[str], operation_id: UUID) -> None:
        """Bring dependent rows in line (identities, rollups)."""

    def undo_created(self, operation_id: UUID) -> Mapping[str, int]:
        """Take back what the operation created; returns counts `removed` and `kept` (those used since)."""


write_hooks: Registry[WriteHook] = Registry("write hook")

# Relation, behaviour and set conditions are answered by the app that holds the rows: each returns a filter of the
# record type, made of `pk IN (subquery)`.
RelationCompiler = Callable[..., "Q"]  # (node: Related, related: QuerySet, *, now)
BehaviourCompiler = Callable[..., "Q"]  # (node: Behaviour, *, now)
SetCompiler = Callable[..., "Q"]  # (set_id, record_type name, *, actor, now)
relation_compilers: Registry[RelationCompiler] = Registry("relation compiler")  # by record type
behaviour_compilers: Registry[BehaviourCompiler] = Registry("behaviour compiler")  # by record type
set_compilers: Registry[SetCompiler] = Registry("set compiler")  # by kind of set

# Relations a workspace can add to at run time (its own relationship types), by record type.
relation_sources: Registry[Callable[[], Iterable[Relation]]] = Registry("relation source")


class ComputedColumn(Protocol):
    """A list column whose values come from elsewhere: fetched once for all rows of a page."""

    field: Field

    def values(self, actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, Any]:
        """Ready values by record id."""


computed_columns: Registry[list[ComputedColumn]] = Registry("computed columns")  # by record type


class ConditionCompiler(Protocol):
    def __call__(self, condition: Mapping[str, Any], record_type: str, *, actor: Actor, now: datetime) -> Q:
        """The filter a stored condition stands for."""


# One slot, "orm": policies need the compiler, which lives above them.
condition_compilers: Registry[ConditionCompiler] = Registry("condition compiler")


@dataclass(frozen=True, kw_only=True)
class HistoryPart:
    """Something that hangs on a record and appears in its history under a name of its own: an address, a file.

    Changes hold such a part whole, in a JSON form that its app reads.
    """

    label: Label
    describe: Callable[[Any], str]  # from the JSON form
    readable: Callable[[Actor, Any], bool] = lambda actor, value: True


# Names by the ids asked for, of records the actor may see, where an id may stand for another record (merged customers).
record_names: Registry[Callable[[Actor, Sequence[UUID]], Mapping[UUID, str]]] = Registry("record names")

# Records found by words, best first, with what helps to tell them apart: by record type.
record_finders: Registry[Callable[[Actor, str, int], Sequence[FoundRecord]]] = Registry("record finder")

# What the palette and the search page look through, beside records: touch points, later deals and cases.
search_sources = finders

history_parts: Registry[HistoryPart] = Registry("history part")  # by the name it has in changes


# How an operation of this kind is taken back, where setting fields back is not enough (merges, imports, demo data).
# Called inside the transaction with the operation and the reverse operation; returns counts restored, removed, kept.
undo_handlers: Registry[Callable[..., Mapping[str, int]]] = Registry("undo handler")


list_pages: Registry[ListPage] = Registry("list page")


@dataclass(frozen=True)
class BehaviourWords:
    """The kinds and channels of touch points there are, with their labels, in the order in which menus show them."""

    kinds: Mapping[str, Label]
    channels: Mapping[str, Label]


behaviour_words: Registry[Callable[[], BehaviourWords]] = Registry("behaviour words")  # by record type


# One slot, "worker": hands a bulk run to the worker. Services lie below tasks.
bulk_deferrers: Registry[Callable[[UUID], None]] = Registry("bulk deferrer")
