"""Mailboxes: those to send from, and those to look after."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F

from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.channels.email import policies
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.types import Sender


def senders(*, actor: Actor) -> list[Sender]:
    """What the actor may send from, their own first."""
    rows = policies.usable(actor).order_by(F("member_id").asc(nulls_last=True), "address")
    return [_sender(row) for row in rows]


def sender(*, actor: Actor, mailbox_id: UUID) -> Sender | None:
    row = policies.usable(actor).filter(pk=mailbox_id).first()
    return _sender(row) if row else None


def managed_mailboxes(*, actor: Actor) -> list[Mailbox]:
    """Errors: NotAllowed."""
    policies.require_some(actor)
    return list(policies.managed(actor).order_by(F("member_id").asc(nulls_last=True), "address"))


def managed_mailbox(*, actor: Actor, mailbox_id: UUID) -> Mailbox:
    """Errors: NotFound."""
    return policies.require_managed(actor, mailbox_id)


def has_mailbox(actor: Actor) -> bool:
    return policies.usable(actor).exists()


def _sender(row: Mailbox) -> Sender:
    return Sender(
        id=row.pk, name=row.name, address=row.address, is_shared=row.member_id is None, signature=row.signature
    )
