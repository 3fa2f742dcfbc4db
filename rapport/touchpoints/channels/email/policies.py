"""Who may have, use and look after which mailbox."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from rapport.foundation.workspace.errors import NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor, Power
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.types import MESSAGE


def may_have_one(actor: Actor) -> bool:
    """Whoever writes messages may connect a mailbox of their own."""
    return actor.member_id is not None and actor.may(Action.CREATE, MESSAGE)


def may_share(actor: Actor) -> bool:
    return actor.has(Power.MANAGE_SOURCES)


def usable(actor: Actor) -> QuerySet[Mailbox]:
    """Mailboxes the actor may send from: their own and the shared ones."""
    rows = Mailbox.objects.filter(removed_at=None)
    if actor.is_system:
        return rows
    if not actor.may(Action.CREATE, MESSAGE):
        return rows.none()
    return rows.filter(Q(member_id=None) | Q(member_id=actor.member_id))


def managed(actor: Actor) -> QuerySet[Mailbox]:
    """Mailboxes the actor may change: their own, and the shared ones of those who look after sources."""
    rows = Mailbox.objects.filter(removed_at=None)
    if actor.is_system:
        return rows
    either = Q(member_id=actor.member_id) if may_have_one(actor) else Q(pk=None)
    return rows.filter(either | Q(member_id=None)) if may_share(actor) else rows.filter(either)


def require_managed(actor: Actor, mailbox_id: UUID, *, lock: bool = False) -> Mailbox:
    """Errors: NotFound."""
    rows = managed(actor).select_for_update() if lock else managed(actor)
    mailbox = rows.filter(pk=mailbox_id).first()
    if mailbox is None:
        raise NotFound(gettext("There is no such mailbox, or it is not yours to change."))
    return mailbox


def require_some(actor: Actor) -> None:
    if not (may_have_one(actor) or may_share(actor)):
        raise NotAllowed(gettext("Your role does not let you connect mailboxes."))
