"""What importers of all kinds of records share: names that stand for records, rows that name one record several times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_matchers
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules.imports import Outcome, Rows
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.types import Actor

MOST_SEEN = 3_000_000


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
