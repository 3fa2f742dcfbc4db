"""What lies in the bin: which records, who put them there and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change
from rapport.foundation.records.rules.search import words_of
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.types import Action, Actor


@dataclass(frozen=True)
class Binned:
    id: UUID
    title: str
    avatar: str
    deleted_at: datetime
    deleted_by: str
    operation_id: UUID | None


def binned_types(*, actor: Actor) -> list[RecordType]:
    """Record types with a bin that the actor may look into."""
    return [
        declared
        for declared in record_types.values()
        if declared.deletable and not declared.parent and actor.may(Action.DELETE, declared.name)
    ]


def binned(
    *, actor: Actor, record_type: str, words: str = "", before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Binned]:
    """Latest first; one query. Errors: NotAllowed."""
    policies.require(actor, Action.DELETE, record_type)
    declared = record_types[record_type]
    rows = policies.visible(actor, record_type, Action.DELETE, binned=True)
    for word in words_of(words):
        rows = rows.filter(**{f"{declared.searchable_column or declared.title_path}__contains": word})
    if before:
        rows = rows.filter(Q(deleted_at__lt=before[0]) | Q(deleted_at=before[0], pk__lt=before[1]))
    last = Change.objects.filter(record_id=OuterRef("pk"), action="deleted").order_by("-id")
    rows = rows.annotate(put=Subquery(last.values(json=JSONObject(by="operation__actor_name", act="operation_id"))[:1]))
    return [_binned(row, declared) for row in rows.order_by("-deleted_at", "-pk")[:limit]]


def _binned(row: Any, declared: RecordType) -> Binned:
    put = row.put or {}
    act = put.get("act")
    avatar = str(getattr(row, "kind", "") or "person") if declared.has_faces else ""
    return Binned(
        row.pk,
        getattr(row, declared.title_path),
        avatar,
        row.deleted_at,
        put.get("by", ""),
        UUID(act) if act else None,
    )
