"""What the page of any record shows: its values, its last change, and the records that are related to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, F, OuterRef, QuerySet, Subquery, Value, Window
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change
from rapport.foundation.records.queries.addresses import record_url, records_url
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.records.queries.relations import FieldRelation, field_relations, names_one_of
from rapport.foundation.records.rules.conditions import Attribute, Operator
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.records.types import Field, Label, RecordType
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor

MOST_RELATIONS = 40
SHOWN = 6


@dataclass(frozen=True)
class RecordPage:
    """One record, as far as the actor may see it."""

    record: Any
    record_type: RecordType
    fields: tuple[Field, ...]
    values: Mapping[str, Any]
    changed_by: str
    changed_at: datetime | None

    @property
    def title(self) -> str:
        return str(self.values.get(self.record_type.title_field) or "") or str(self.record_type.label)


@dataclass(frozen=True)
class RelatedRecord:
    id: UUID
    title: str
    url: str


@dataclass(frozen=True)
class RelatedGroup:
    """Records of one type that name this one in one of their fields."""

    relation: FieldRelation
    record_type: RecordType
    records: tuple[RelatedRecord, ...]
    count: int
    list_url: str
    new_query: str = ""  # of the form that adds one; empty: the actor may not

    @property
    def label(self) -> Label:
        return self.relation.label

    @property
    def more(self) -> int:
        return self.count - len(self.records)


def paged_type(name: str) -> RecordType:
    """A record type with pages. Errors: NotFound."""
    declared = record_types.get(name)
    if declared is None or not declared.stands_alone:
        raise NotFound(_("There are no such records."))
    return declared


def record_page(*, actor: Actor, record_type_name: str, record_id: UUID) -> RecordPage:
    """Two queries. Errors: NotFound."""
    paged_type(record_type_name)
    rows = policies.visible(actor, record_type_name).filter(pk=record_id)
    record = rows.annotate(**_last_change()).first()
    if record is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    declared = record_type(record_type_name)
    fields = policies.readable_fields(actor, declared)
    return RecordPage(
        record=record,
        record_type=declared,
        fields=fields,
        values={field.name: value_of(record, field) for field in fields},
        changed_by=record.last_changed_by or "",
        changed_at=record.last_changed_at,
    )


def _last_change() -> dict[str, Subquery]:
    """Columns that come with the record itself."""
    changes = Change.objects.filter(record_id=OuterRef("pk")).order_by("-id")
    return {
        "last_changed_by": Subquery(changes.values("operation__actor_name")[:1]),
        "last_changed_at": Subquery(changes.values("at")[:1]),
    }


def related_groups(
    *, actor: Actor, record_type_name: str, ids: Sequence[UUID], only_own: bool = False
) -> list[RelatedGroup]:
    """Records that name one of these ids (all of one record), by type and field. One query, whatever there is.

    `only_own`: those of types and fields that the workspace defined; for pages on which the built-in ones have panels.
    """
    relations = [
        one
        for one in field_relations(record_type_name)
        if not one.forward
        and actor.may(Action.READ, one.source)
        and policies.may_read_field(actor, record_types[one.source], one.field.name)
        and (not only_own or one.field.custom or record_types[one.source].is_own)
    ][:MOST_RELATIONS]
    parts = [_part(at, one, actor, ids) for at, one in enumerate(relations)]
    if not parts:
        return []
    rows = list(parts[0].union(*parts[1:], all=True)) if len(parts) > 1 else list(parts[0])
    groups = []
    for at, one in enumerate(relations):
        found = [row for row in rows if row[0] == at]
        declared = record_types[one.source]
        may_add = (
            declared.is_written
            and not declared.url_name
            and actor.may(Action.CREATE, one.source)
            and policies.may_write_field(actor, _with(declared, one.field), one.field.name)
        )
        if not found and not may_add:
            continue
        groups.append(
            RelatedGroup(
                relation=one,
                record_type=declared,
                records=tuple(
                    RelatedRecord(pk, title or str(declared.label), record_url(declared, pk))
                    for _at, pk, title, _count, _created in found
                ),
                count=found[0][3] if found else 0,
                list_url=_list_url(declared, one, ids),
                new_query=f"{one.field.name}={ids[0]}" if may_add else "",
            )
        )
    return groups


def _part(at: int, relation: FieldRelation, actor: Actor, ids: Sequence[UUID]) -> QuerySet[Any]:
    declared = record_types[relation.source]
    rows = policies.visible(actor, relation.source).filter(names_one_of(relation.field, ids))
    return rows.order_by("-created_at", "-pk").values_list(
        Value(at),
        "pk",
        Cast(F(declared.title_path), CharField()),
        Window(Count("pk")),
        "created_at",
    )[:SHOWN]


def _list_url(declared: RecordType, relation: FieldRelation, ids: Sequence[UUID]) -> str:
    """The list of them all. Ids of merged customers are found under the standing one."""
    url = records_url(declared)
    if not url or not relation.field.filterable:
        return url
    tree = Attribute(relation.field.name, Operator.IS, str(ids[0]))
    return f"{url}?{ListState(where=tree).query()}"


def _with(declared: RecordType, field: Field) -> RecordType:
    return declared if declared.field(field.name) else declared.with_fields((field,))
