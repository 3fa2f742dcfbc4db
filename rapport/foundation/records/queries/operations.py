"""Recent acts in the workspace: who did what to which records, and whether it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, F, OuterRef, Value
from django.db.models.functions import Cast

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import history_parts, record_names, record_types, write_hooks
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.addresses import record_url
from rapport.foundation.records.queries.history import can_be_undone
from rapport.foundation.workspace.types import Action, Actor, Rows

SHOWN = 3  # records named with an act


@dataclass(frozen=True)
class Named:
    """A record an act touched."""

    name: str
    url: str


@dataclass(frozen=True)
class Act:
    id: UUID
    at: datetime
    actor_name: str
    kind: str
    label: str
    counts: Mapping[str, int]
    records: tuple[Named, ...]
    touched: int
    undone_at: datetime | None
    undone_by: str
    can_undo: bool


def recent_operations(*, actor: Actor, before: UUID | None = None, limit: int = 30) -> list[Act]:
    """Newest first. Who does not see every record sees only what they did themselves. A fixed number of queries."""
    readable = [name for name in record_types if actor.may(Action.READ, name)]
    rows = Operation.objects.filter(record_type__in=readable).order_by("-id")
    if not all(actor.row_rule(Action.READ, name).rows is Rows.ALL for name in readable):
        rows = rows.filter(member_id=actor.member_id) if actor.member_id else rows.none()
    if before:
        rows = rows.filter(id__lt=before)
    written = [name for name in readable if name in write_hooks]  # records that name the act which made them
    found: list[Any] = list(rows.annotate(**_first_records(written))[:limit])
    touched = {row.pk: _touched(row, written) for row in found}
    named = _names(actor, touched)
    return [_act(actor, row, touched[row.pk], named) for row in found]


def may_undo(actor: Actor, record_type: str) -> bool:
    """Whether Undo is worth offering; the service decides about each act."""
    return actor.may(Action.UPDATE, record_type)


def _act(actor: Actor, row: Operation, touched: list[tuple[str, UUID]], named: Mapping[UUID, Named]) -> Act:
    own = row.member_id is not None and row.member_id == actor.member_id
    allowed = may_undo(actor, row.record_type) and (own or actor.may(Action.DELETE, row.record_type))
    return Act(
        id=row.pk,
        at=row.at,
        actor_name=row.actor_name,
        kind=row.kind,
        label="" if row.kind in history_parts else row.label,  # it may quote a field that the actor may not read
        counts=row.counts,
        records=tuple(named[pk] for _, pk in touched if pk in named)[:SHOWN],
        touched=sum(number for name, number in row.counts.items() if name in _RECORDS),
        undone_at=row.undone_at,
        undone_by=row.undone_by_name,
        can_undo=allowed and can_be_undone(row),
    )


_RECORDS = frozenset({"created", "updated", "deleted", "restored", "removed"})


def _first_records(written: list[str]) -> dict[str, ArraySubquery]:
    """A few records of each act, changed or created: whichever the index gives first, however many there are."""
    changed = Change.objects.filter(operation_id=OuterRef("pk")).values("record_id")[:SHOWN]
    made = {
        f"made_{name}": ArraySubquery(
            policies.all_rows(record_types[name]).filter(operation_id=OuterRef("pk")).values("pk")[:SHOWN]
        )
        for name in written
    }
    return {"changed_records": ArraySubquery(changed), **made}


def _touched(row: Any, written: list[str]) -> list[tuple[str, UUID]]:
    found = [(row.record_type, pk) for pk in row.changed_records or []]
    for name in written:
        found += [(name, pk) for pk in getattr(row, f"made_{name}") or []]
    return list(dict.fromkeys(found))


def _names(actor: Actor, touched: Mapping[UUID, list[tuple[str, UUID]]]) -> dict[UUID, Named]:
    wanted: dict[str, set[UUID]] = {}
    for several in touched.values():
        for record_type, record_id in several:
            wanted.setdefault(record_type, set()).add(record_id)
    titles = _titles(actor, {name: ids for name, ids in wanted.items() if name not in record_names})
    for name, names_of in record_names.items():
        if ids := wanted.get(name):
            titles |= {(name, pk): title for pk, title in names_of(actor, list(ids)).items()}
    return {pk: Named(title, record_url(record_types[name], pk)) for (name, pk), title in titles.items()}


def _titles(actor: Actor, wanted: Mapping[str, set[UUID]]) -> dict[tuple[str, UUID], str]:
    """By type and id, of the records the actor may see. One query for all types together."""
    parts = [
        policies.visible(actor, name)
        .filter(pk__in=ids)
        .values_list(Value(name), "pk", Cast(F(record_types[name].title_path), CharField()))
        for name, ids in wanted.items()
    ]
    if not parts:
        return {}
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return {(name, pk): title for name, pk, title in rows}
