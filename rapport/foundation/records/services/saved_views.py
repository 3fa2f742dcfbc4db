"""Keeping lists: saving, changing and removing views, pinning them and beginning with one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.extension_points import list_pages
from rapport.foundation.records.models import SavedView, ViewMark
from rapport.foundation.records.queries.saved_views import forget_pinned, get_view, may_change
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Condition
from rapport.foundation.records.rules.lists import MAX_COLUMNS
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import Action, Actor, Power

LONGEST_NAME = 80


@transaction.atomic
def save_view(
    *,
    actor: Actor,
    page: str,
    name: str,
    condition: Condition,
    columns: Sequence[str] = (),
    sort: str = "",
    is_shared: bool = False,
) -> SavedView:
    """A new view. Errors: NotAllowed, Invalid, ConditionError when the condition does not fit the list."""
    record_type = list_pages[page].record_type
    if actor.member_id is None or not actor.may(Action.READ, record_type):
        raise NotAllowed(_("Your role does not let you keep views here."))
    _require_sharing(actor, is_shared)
    Words(readable_type(record_type, actor=actor), actor).checked(condition)
    now = clock.now()
    return SavedView.objects.create(
        page=page,
        record_type=record_type,
        name=_free_name(name, page, actor.member_id),
        member_id=actor.member_id,
        is_shared=is_shared,
        condition=_stored(condition),
        columns=list(columns)[:MAX_COLUMNS],
        sort=sort,
        created_at=now,
        updated_at=now,
    )


@transaction.atomic
def change_view(
    *,
    actor: Actor,
    view_id: UUID,
    name: str | None = None,
    condition: Condition | None = None,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    is_shared: bool | None = None,
) -> SavedView:
    """Change what is given. Errors: NotFound, NotAllowed, Invalid, ConditionError."""
    view = _changeable(actor, view_id)
    if name is not None and name != view.name:
        view.name = _free_name(name, view.page, view.member_id)
    if condition is not None:
        Words(readable_type(view.record_type, actor=actor), actor).checked(condition)
        view.condition = _stored(condition)
    if columns is not None:
        view.columns = list(columns)[:MAX_COLUMNS]
    if sort is not None:
        view.sort = sort
    if is_shared is not None and is_shared != view.is_shared:
        _require_sharing(actor, is_shared)
        view.is_shared = is_shared
    view.updated_at = clock.now()
    view.save()
    forget_pinned()
    return view


@transaction.atomic
def remove_view(*, actor: Actor, view_id: UUID) -> SavedView:
    """Remove a view with what members marked it with. Errors: NotFound, NotAllowed."""
    view = _changeable(actor, view_id)
    ViewMark.objects.filter(page=view.page, view=str(view.pk)).delete()
    SavedView.objects.filter(pk=view.pk).delete()
    forget_pinned()
    return view


@transaction.atomic
def pin_view(*, actor: Actor, page: str, view: str, pinned: bool) -> None:
    """Keep a view in the sidebar, or no longer. Errors: NotFound, NotAllowed."""
    mark = _mark(actor, page, view)
    mark.is_pinned = pinned
    _keep(mark)


@transaction.atomic
def begin_with_view(*, actor: Actor, page: str, view: str, begin: bool = True) -> None:
    """Show this view when the list is opened, or no longer. Errors: NotFound, NotAllowed."""
    mark = _mark(actor, page, view)
    before = ViewMark.objects.filter(member_id=mark.member_id, page=page, is_default=True).exclude(view=view)
    before.filter(is_pinned=False).delete()
    before.update(is_default=False)
    mark.is_default = begin
    _keep(mark)


def _changeable(actor: Actor, view_id: UUID) -> SavedView:
    view = get_view(view_id, actor=actor)
    if not may_change(view, actor=actor):
        raise NotAllowed(_("Only whoever made this view can change it. Save it under a name of your own instead."))
    return SavedView.objects.select_for_update().get(pk=view.pk)


def _require_sharing(actor: Actor, is_shared: bool) -> None:
    if is_shared and not actor.has(Power.SHARE_VIEWS):
        raise NotAllowed(_("Your role does not let you share views."))


def _free_name(name: str, page: str, member_id: UUID) -> str:
    cleaned = " ".join(name.replace("\x00", "").split())
    if not cleaned:
        raise Invalid({"name": _("Give the view a name.")})
    if len(cleaned) > LONGEST_NAME:
        raise Invalid({"name": _("At most %(n)d characters.") % {"n": LONGEST_NAME}})
    if SavedView.objects.filter(page=page, member_id=member_id, name=cleaned).exists():
        raise Invalid({"name": _("You already have a view of this name. Choose another.")})
    return cleaned


def _stored(condition: Condition) -> object:
    return json.loads(conditions.encode(condition))


def _mark(actor: Actor, page: str, view: str) -> ViewMark:
    if actor.member_id is None:
        raise NotAllowed(_("Only people have views of their own."))
    if view not in {each.key for each in list_pages[page].views}:
        try:
            view_id = UUID(view)
        except ValueError:
            raise Invalid({"view": _("There is no such view.")}) from None
        get_view(view_id, actor=actor)
    found = ViewMark.objects.select_for_update().filter(member_id=actor.member_id, page=page, view=view).first()
    return found or ViewMark(member_id=actor.member_id, page=page, view=view)


def _keep(mark: ViewMark) -> None:
    forget_pinned()
    if mark.is_pinned or mark.is_default:
        mark.save()
    elif not mark._state.adding:
        mark.delete()
