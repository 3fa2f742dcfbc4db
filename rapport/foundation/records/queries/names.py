"""Names for the ids that values hold: colleagues and other records. A fixed number of queries for any number of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_names, record_types
from rapport.foundation.records.queries.addresses import record_url
from rapport.foundation.records.types import Field, FieldKind
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Actor


@dataclass(frozen=True)
class Names:
    """By id in its JSON form. What the actor may not see is not in here."""

    members: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # name and address


def names_in(*, actor: Actor, fields: Iterable[Field], values: Iterable[Mapping[str, Any]]) -> Names:
    """Names for all values of these fields; one query for colleagues and one or two for each type of record."""
    members: set[str] = set()
    wanted: dict[str, set[str]] = {}
    rows = list(values)
    for declared in fields:
        if declared.kind not in (FieldKind.MEMBER, FieldKind.RELATION):
            continue
        found = {str(row[declared.name]) for row in rows if row.get(declared.name)}
        if declared.kind is FieldKind.MEMBER:
            members |= found
        else:
            wanted.setdefault(declared.target, set()).update(found)
    names: dict[str, tuple[str, str]] = {}
    for target, found in wanted.items():
        names |= _records(actor, target, found)
    return Names(_members(members), names)


def _members(wanted: set[str]) -> dict[str, str]:
    if not wanted:
        return {}
    return {str(pk): name for pk, name in Member.objects.filter(pk__in=wanted).values_list("pk", "name")}


def _records(actor: Actor, target: str, wanted: set[str]) -> dict[str, tuple[str, str]]:
    declared = record_types.get(target)
    if declared is None or not wanted:
        return {}
    ids = [UUID(one) for one in wanted]
    resolve = record_names.get(target)
    names = resolve(actor, ids) if resolve else _titles(actor, target, declared.title_path, ids)
    return {str(one): (name, record_url(declared, one)) for one, name in names.items()}


def _titles(actor: Actor, target: str, title: str, ids: Sequence[UUID]) -> dict[UUID, str]:
    return dict(policies.visible(actor, target).filter(pk__in=ids).values_list("pk", title))
