"""What an operation brings beside records: fields, views and the like. Noted as its changes, so that undoing finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.models import Change, CustomField, Operation, SavedView, ViewMark
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.types import Actor, Power

CREATED = "created"


def note_created(operation: Operation, thing: str, ids: Sequence[UUID]) -> None:
    """Write down that the operation made these; `thing` says what they are."""
    at = clock.now()
    Change.objects.bulk_create(
        [Change(record_id=one, operation=operation, record_type=thing, action=CREATED, at=at) for one in ids]
    )


def created_by(operation: Operation, thing: str) -> list[UUID]:
    """What note_created wrote down."""
    rows = Change.objects.filter(operation=operation, record_type=thing, action=CREATED)
    return list(rows.values_list("record_id", flat=True))


def provide_view(
    *,
    actor: Actor,
    operation: Operation,
    page: str,
    name: str,
    condition: Mapping[str, Any],
    columns: Sequence[str] = (),
    sort: str = "",
    pinned: bool = False,
) -> SavedView | None:
    """A view that everybody can use. None when the actor has one of this name already. Errors: NotAllowed."""
    policies.require(actor, Power.SHARE_VIEWS)
    if actor.member_id is None:
        return None
    view, made = SavedView.objects.get_or_create(
        page=page,
        member_id=actor.member_id,
        name=name,
        defaults={
            "record_type": operation.record_type,
            "condition": dict(condition),
            "columns": list(columns),
            "sort": sort,
            "is_shared": True,
        },
    )
    if not made:
        return None
    note_created(operation, "saved_view", [view.pk])
    if pinned:
        ViewMark.objects.create(member_id=actor.member_id, page=page, view=str(view.pk), is_pinned=True)
    return view


def remove_views(*, operation: Operation) -> int:
    """Take the operation's views away, whoever pinned them."""
    ids = created_by(operation, "saved_view")
    ViewMark.objects.filter(view__in=[str(one) for one in ids]).delete()
    return SavedView.objects.filter(pk__in=ids).delete()[0]


def remove_fields(*, operation: Operation) -> int:
    """Take the operation's custom fields away, except those that records hold values of: somebody uses them by now."""
    removed = 0
    for field in CustomField.objects.filter(operation_id=operation.id):
        records = record_types[field.record_type].model()._default_manager
        # What the operation made is on its way out; its values keep no field alive.
        if not records.filter(custom__has_key=field.name).exclude(operation_id=operation.id).exists():
            removed += field.delete()[0]
    return removed
