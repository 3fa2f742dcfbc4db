"""What importers of all kinds of records share: what a plan means, names that stand for records, rows that name one twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_matchers
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget, Outcome, Rows
from rapport.foundation.records.rules.values import parse_tags
from rapport.foundation.records.types import Choice, Field, FieldKind, RecordType
from rapport.foundation.workspace.types import Action, Actor
from rapport.foundation.workspace.types import Rows as RowReach

MOST_SEEN = 3_000_000
_LISTS = (FieldKind.TAGS, FieldKind.MULTI_CHOICE)


class PlannedRun:
    """What the run of any import knows: which fields its columns fill, what becomes of records that are here already."""

    def __init__(self, name: str, plan: ImportPlan, actor: Actor, operation_id: UUID | None) -> None:
        self.plan, self.actor, self.operation_id = plan, actor, operation_id
        declared = record_type(name)
        made = tuple(one for one in plan.new_fields if declared.field(one.name) is None)
        self.declared = declared.with_fields(made)  # while checking, new fields are not there yet
        self.fields = [*(one for one in declared.fields if one.name in plan.targets), *plan.new_fields]
        self.relations = [one for one in self.fields if one.kind is FieldKind.RELATION]
        self.existing = str(plan.option("existing", "update"))
        self.tags = tags_of(plan) if declared.field("tags") else []
        self.may_create = actor.may(Action.CREATE, name)
        self.owner = None if actor.row_rule(Action.READ, name).rows is RowReach.ALL else actor.member_id
        self.now = clock.now()
        self._repeats = Repeats()

    def finish(self) -> None:
        """Nothing is left to do."""

    def _operation(self) -> UUID:
        if self.operation_id is None:
            raise AssertionError("An import that only checks writes nothing.")
        return self.operation_id

    def _with_relations(self, rows: Rows, outcome: Outcome) -> Rows:
        return with_relations(rows, self.relations, self.declared.name, self.actor, outcome)

    def _wanted(self, rows: Rows, position: int, held: Callable[[Field], Any]) -> Iterator[tuple[Field, Any, Any]]:
        """What a row asks of a record that is here: fields with what they hold and what they are to hold, in JSON form."""
        if self.existing == "leave":
            return
        for one in self.fields:
            value = rows.values[one.name][position]
            if value in codec.EMPTY:
                continue
            now = held(one)
            if self.existing == "fill" and now not in codec.EMPTY:
                continue
            after = codec.encode(value)
            if one.kind in _LISTS:
                after = [*(now or ()), *(item for item in after if item not in (now or ()))]
            yield one, now, after


def field_targets(
    actor: Actor, declared: RecordType, parsers: Mapping[str, Callable[[Any], Any]] | None = None
) -> list[ImportTarget]:
    """The fields that the actor may fill from a file. `parsers` read some in a way of their own."""
    lengths = {one.attname: one.max_length for one in declared.model()._meta.concrete_fields}
    return [
        ImportTarget(
            field=one,
            parse=(parsers or {}).get(one.name),
            max_length=None if one.custom else lengths.get(one.column or one.name),
        )
        for one in declared.fields
        if one.importable and one.editable and policies.may_write_field(actor, declared, one.name)
    ]


def existing_question(label: Any) -> Field:
    """What becomes of records that are here already."""
    return Field(
        name="existing",
        label=label,
        kind=FieldKind.CHOICE,
        required=True,
        choices=(
            Choice("update", lazy("get the values of the file")),
            Choice("fill", lazy("get values only where they have none")),
            Choice("leave", lazy("stay as they are")),
        ),
    )


def tags_of(plan: ImportPlan) -> list[str]:
    """Tags for all rows. Errors: BadValue."""
    text = plan.option("tags")
    return parse_tags(text) if text else []


def waves(keys: Sequence[Any]) -> list[list[int]]:
    """Positions of rows of one key one after another: the second finds what the first wrote. No key: in the first wave."""
    if len(set(keys)) == len(keys):
        return [list(range(len(keys)))]
    found: list[list[int]] = [[]]
    times: dict[Any, int] = {}
    for position, key in enumerate(keys):
        turn = times.get(key, 0) if key is not None else 0
        times[key] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(position)
    return [wave for wave in found if wave]


@dataclass
class Repeats:
    """Hashes of keys met in earlier rows of a file, with those of their rows."""

    _seen: dict[int, int] = field(default_factory=dict)

    def met_before(self, key: Any, content: Any) -> bool | None:
        """Whether an earlier row of this key said the same; None when there was none."""
        if key is None:
            return None
        before = self._seen.get(hash(key))
        if before is not None or len(self._seen) < MOST_SEEN:
            self._seen[hash(key)] = hash(repr(content))
        return None if before is None else before == hash(repr(content))


def with_relations(rows: Rows, fields: Iterable[Field], own_type: str, actor: Actor, outcome: Outcome) -> Rows:
    """Ids for the names, e-mail addresses and ids that relation columns hold; rows whose records can't be told are refused."""
    for one in fields:
        column = rows.column(one.name)
        wanted = {value for value in column if value}
        if not wanted:
            continue
        found = _records_called(wanted, one.target or own_type, actor)
        good: list[int] = []
        for position, value in enumerate(column):
            held = found.get(value, []) if value else [None]
            if len(held) == 1:
                column[position] = held[0]
                good.append(position)
            else:
                outcome.refuse(rows.numbers[position], _why(held), str(one.label), value)
        rows.values[one.name] = column
        rows = rows.take(good)
    return rows


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _records_called(wanted: set[str], target_name: str, actor: Actor) -> dict[str, list[UUID]]:
    target = record_type(target_name)
    visible = policies.visible(actor, target.name)
    found: dict[str, list[UUID]] = {}
    given = {value: UUID(value) for value in wanted if is_id(value)}
    here = set(visible.filter(pk__in=given.values()).values_list("pk", flat=True)) if given else set()
    for value, pk in given.items():
        if pk in here:
            found[value] = [pk]
    named = wanted - set(given)
    if named:
        path = target.title_path
        for pk, name in visible.filter(**{f"{path}__in": named}).values_list("pk", path):
            found.setdefault(name, []).append(pk)
    matcher = record_matchers.get(target.name)
    missing = sorted(wanted - set(found))
    if matcher and missing:
        found |= {value: list(ids) for value, ids in matcher(actor, missing).items()}
    return found


def _why(held: Sequence[Any]) -> str:
    if held:
        return _("Several records have this name. Write the id of the one you mean.")
    return _("There is no record of this name.")
