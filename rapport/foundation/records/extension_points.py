"""What upper apps plug into records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from rapport.foundation.lib.registry import Registry
from rapport.foundation.records.types import Field, FoundRecord, Label, ListPage, RecordType, Relation
from rapport.foundation.ui.extension_points import finders

if TYPE_CHECKING:
    from django.db.models import Model, Q

    from rapport.foundation.records.models import Operation
    from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
    from rapport.foundation.records.rules.mapping import Guess, SourceColumn
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
# record type, made of `pk IN (subquery)` (queries.fragments.id_in); `negated` asks for all others.
RelationCompiler = Callable[..., "Q"]  # (node: Related, related: QuerySet, *, now, negated)
BehaviourCompiler = Callable[..., "Q"]  # (node: Behaviour, *, now, negated)
SetCompiler = Callable[..., "Q"]  # (set_id, record_type name, *, actor, now, negated)
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


class ImportRun(Protocol):
    """One import at work. Batches are prepared one after another, then written side by side, each in a transaction."""

    def prepare(self, rows: Rows) -> Mapping[str, int]:
        """Make what several batches share (organisations they name), in transactions of its own; returns counts of it."""

    def claims(self, rows: Rows) -> Set[Any]:
        """What only one batch at a time may write. Two batches that claim the same are written in the order of the file."""

    def check(self, rows: Rows) -> Outcome:
        """What writing would come to. Called for all batches in order, with nothing written between."""

    def write(self, rows: Rows) -> Outcome:
        """Write inside the caller's transaction."""

    def finish(self) -> None:
        """Called once all batches are through."""


class Importer(Protocol):
    """How the rows of a file become records of one type."""

    raw_log: Sequence[str]  # fields for id, time and price in a log without headings; empty: there are no such files
    new_fields: str  # what a column can become: "field" (a custom field), "property" (of a touch point), or empty

    def targets(self, actor: Actor) -> Sequence[ImportTarget]:
        """Where columns can go, of what the actor may write."""

    def key_fields(self) -> Sequence[Field]:
        """What a record can be recognised by, the best first."""

    def questions(self, actor: Actor) -> Sequence[Field]:
        """What is asked beside the columns."""

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        """Answers to begin with, from what the file shows."""

    def settle(self, guess: Guess) -> Guess:
        """Second thoughts about a guessed mapping."""

    def problems(self, plan: ImportPlan) -> Mapping[str, str]:
        """What stands in the way of this plan, by question or by target."""

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> ImportRun:
        """Without an operation: only to check."""

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        """Take everything back; returns counts restored, removed and kept."""


importers: Registry[Importer] = Registry("importer")  # by record type

# One slot, "worker": hands an import (with the step to take, for a member) or an export to the worker.
import_deferrers: Registry[Callable[[UUID, str, UUID], None]] = Registry("import deferrer")
export_deferrers: Registry[Callable[[UUID], None]] = Registry("export deferrer")
