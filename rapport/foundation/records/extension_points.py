"""What upper apps plug into records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar
from uuid import UUID

from rapport.foundation.lib.registry import Registry, RegistryError
from rapport.foundation.records.types import Field, FoundRecord, Label, ListPage, RecordType, Relation
from rapport.foundation.ui.extension_points import finders

if TYPE_CHECKING:
    from django.db.models import Model, Q
    from django.http import HttpRequest

    from rapport.foundation.records.models import Operation
    from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
    from rapport.foundation.records.rules.mapping import Guess, SourceColumn
    from rapport.foundation.workspace.types import Actor

T = TypeVar("T")


class OpenRegistry(Registry[T]):
    """A registry that answers for more than what was registered: for what the workspace at hand defined itself, and for
    what can be made of any record type. That is asked for each time and never kept here, so that no workspace meets
    what belongs to another.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._more: Callable[[str], T | None] = lambda name: None
        self._names: Callable[[], Iterable[str]] = tuple
        self._completed: dict[str, Callable[[T], T]] = {}

    def complete(self, name: str, how: Callable[[T], T]) -> None:
        """Whoever asks for what is registered by this name gets it as the workspace at hand completes it, such as with
        the choices it defined itself. `how` is asked very often: it keeps its answer for the visit.
        """
        if self._frozen:
            raise RegistryError(f"{self.what} {name!r} was completed after start-up")
        self._completed[name] = how

    def open(self, more: Callable[[str], T | None], names: Callable[[], Iterable[str]]) -> None:
        """`more` answers for a name that nobody registered, `names` says which those are."""
        self._more, self._names = more, names

    def registered(self) -> list[T]:
        """Only what was registered."""
        return list(self._items.values())

    def get(self, name: str) -> T | None:
        found = super().get(name)
        if found is None:
            return self._more(name)
        complete = self._completed.get(name)
        return complete(found) if complete else found

    def __getitem__(self, name: str) -> T:
        found = self.get(name)
        return found if found is not None else super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter([*self._items, *(name for name in self._names() if name not in self._items)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def values(self) -> list[T]:
        return [found for _, found in self.items()]

    def items(self) -> list[tuple[str, T]]:
        return [(name, found) for name in self if (found := self.get(name)) is not None]


record_types: OpenRegistry[RecordType] = OpenRegistry("record type")


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


# A record type that registers none gets services.default_writes.DefaultWrites: no checks, search text, removal on undo.
write_hooks: OpenRegistry[WriteHook] = OpenRegistry("write hook")

# Relation, behaviour and set conditions are answered by the app that holds the rows: each returns a filter of the
# record type, made of `pk IN (subquery)` (queries.fragments.id_in); `negated` asks for all others.
RelationCompiler = Callable[..., "Q"]  # (node: Related, related: QuerySet, *, now, negated)
BehaviourCompiler = Callable[..., "Q"]  # (node: Behaviour, *, now, negated)
SetCompiler = Callable[..., "Q"]  # (set_id, record_type name, *, actor, now, negated)
relation_compilers: Registry[RelationCompiler] = Registry("relation compiler")  # by record type
behaviour_compilers: Registry[BehaviourCompiler] = Registry("behaviour compiler")  # by record type
set_compilers: Registry[SetCompiler] = Registry("set compiler")  # by kind of set


@dataclass(frozen=True)
class SetWords:
    """How conditions say a kind of set: "is in <label> <name>". `names` by the ids asked for."""

    label: Label
    names: Callable[[Actor, Sequence[UUID]], Mapping[UUID, str]]


set_words: Registry[SetWords] = Registry("set words")  # by kind of set

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


@dataclass(frozen=True)
class ActWords:
    """How an act reads in "Recent changes": "Ada <phrase> <records>"."""

    phrase: Label
    icon: str = "pencil"


act_words: Registry[ActWords] = Registry("act words")  # by kind of operation

# How an operation of this kind is taken back, where setting fields back is not enough (merges, imports, demo data).
# Called inside the transaction with the operation and the reverse operation; returns counts restored, removed, kept.
undo_handlers: Registry[Callable[..., Mapping[str, int]]] = Registry("undo handler")


# A record type that registers none gets one at /records/<type>/.
list_pages: OpenRegistry[ListPage] = OpenRegistry("list page")

Position = Literal["left", "main", "right"]


@dataclass(frozen=True)
class Panel:
    """One part of a record's page, ready to be drawn: the template sees the page's context and this."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RecordPanel:
    """A part of the page at /records/<type>/<id>/. None from `render`: nothing to show. The record is visible."""

    record_type: str
    render: Callable[[HttpRequest, Actor, Any], Panel | None]
    position: Position = "main"
    order: int = 100


record_panels: Registry[RecordPanel] = Registry("record panel")


@dataclass(frozen=True)
class Aliases:
    """Where ids of a record type stand for other records: customers that were merged. A table and its two columns."""

    model: Callable[[], type[Model]]
    absorbed: str
    surviving: str


record_aliases: Registry[Aliases] = Registry("record aliases")  # by record type

# Records by what files call them (a customer's e-mail address): ids by the texts asked for, of records the actor may see.
# By record type; ids and titles are known without it.
record_matchers: Registry[Callable[[Actor, Sequence[str]], Mapping[str, Sequence[UUID]]]] = Registry("record matcher")


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


# By record type; one that registers none gets services.importing.GenericImporter.
importers: OpenRegistry[Importer] = OpenRegistry("importer")

# One slot, "worker": hands an import (with the step to take, for a member) or an export to the worker.
import_deferrers: Registry[Callable[[UUID, str, UUID], None]] = Registry("import deferrer")
export_deferrers: Registry[Callable[[UUID], None]] = Registry("export deferrer")

# By record type: the tables that an import of it fills beside the type's own, for ANALYZE; with the columns to look at
# where not all of them tell the planner anything: "touchpoint (customer_id, kind)".
filled_tables: Registry[Sequence[str]] = Registry("filled tables")
