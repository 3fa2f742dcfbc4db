"""Saved views: those a member can use on a list, and what one of them asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from rapport.foundation.accounts.tenancy import current_tenant
from rapport.foundation.records.models import SavedView, ViewMark
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Condition, ConditionError
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Actor, Power

# Every page shows them: read with the member on each visit (`brought_along`), as queries.frame does with own record types.
PINNED = """(select jsonb_build_object('member', workspace_member.id, 'views',
        coalesce(jsonb_agg(jsonb_build_array(v.page, v.id, v.name) order by v.name), '[]'::jsonb))
    from records_viewmark m join records_savedview v on v.id::text = m.view
    where m.member_id = workspace_member.id and m.is_pinned and (v.member_id = workspace_member.id or v.is_shared))"""
_REMEMBERED = "_records_pinned"
_written: list[int] = [0]  # how often this process changed what anybody pinned


@dataclass(frozen=True)
class Mark:
    """Whether the member pinned a view, and begins with it."""

    is_pinned: bool = False
    is_default: bool = False


@dataclass(frozen=True)
class _Pinned:
    written: int
    member_id: UUID
    views: tuple[tuple[str, str, str], ...]


def usable(actor: Actor) -> QuerySet[SavedView]:
    """One's own views and those that were shared."""
    if actor.is_system:
        return SavedView.objects.all()
    return SavedView.objects.filter(Q(member_id=actor.member_id) | Q(is_shared=True))


def views_of(page: str, *, actor: Actor) -> list[SavedView]:
    """Every view the actor can use on a list, the oldest first. One query."""
    return list(usable(actor).filter(page=page).order_by("created_at"))


def marks_of(page: str, *, actor: Actor) -> Mapping[str, Mark]:
    """What the actor pinned and begins with on a list, by view. One query."""
    if actor.member_id is None:
        return {}
    rows = ViewMark.objects.filter(member_id=actor.member_id, page=page)
    return {row.view: Mark(row.is_pinned, row.is_default) for row in rows}


def pinned_views(*, actor: Actor) -> list[tuple[str, str, str]]:
    """Page, view and name of each saved view the actor pinned. No query on the visit they came in with, else one."""
    if actor.member_id is None:
        return []
    held: _Pinned | None = getattr(current_tenant(), _REMEMBERED, None)
    if held is None or (held.written, held.member_id) != (_written[0], actor.member_id):
        rows = Member.objects.filter(pk=actor.member_id).annotate(pinned=RawSQL(PINNED, ()))  # noqa: S611 (a text of ours)
        held = remember_pinned(rows.values_list("pinned", flat=True).get())
    return list(held.views)


def remember_pinned(found: Any) -> _Pinned:
    """Keep what a statement carried along."""
    read = json.loads(found) if isinstance(found, str) else found
    views = tuple((page, view, name) for page, view, name in read["views"])
    held = _Pinned(_written[0], UUID(read["member"]), views)
    setattr(current_tenant(), _REMEMBERED, held)
    return held


def forget_pinned() -> None:
    """Some of it was written: whoever asks next reads it again."""
    _written[0] += 1


def get_view(view_id: UUID, *, actor: Actor) -> SavedView:
    """Errors: NotFound, also for somebody else's private view."""
    view = usable(actor).filter(pk=view_id).first()
    if view is None:
        raise NotFound("There is no such view.")
    return view


def may_change(view: SavedView, *, actor: Actor) -> bool:
    """Its maker may, and for shared views whoever may share views and manages members."""
    return view.member_id == actor.member_id or (view.is_shared and actor.has(Power.MANAGE_MEMBERS))


def view_condition(view_id: UUID, *, record_type: str, actor: Actor) -> Condition | None:
    """The condition of a view of this record type; None when there is none for the actor, or it can't be read any more."""
    stored: Any = usable(actor).filter(pk=view_id, record_type=record_type).values_list("condition", flat=True).first()
    if stored is None:
        return None
    try:
        return conditions.from_json(stored)
    except ConditionError:
        return None
