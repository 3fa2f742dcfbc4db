"""The one way a message gets out: into the outbox with a permit. And what people do with it while it is there."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.queries.customers import get_customer
from rapport.touchpoints.channels.email.rules.cleaning import clean
from rapport.touchpoints.conversations import policies
from rapport.touchpoints.conversations.errors import TooLate
from rapport.touchpoints.conversations.extension_points import adapters, wakers
from rapport.touchpoints.conversations.models import MessageContent, MessageFile, OutboxRow
from rapport.touchpoints.conversations.services.ending import end, give_back, tell
from rapport.touchpoints.conversations.types import UNDO, Cause, NewFile, NewMessage, State
from rapport.touchpoints.permission.types import Permit

LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_HTML = 500, 100_000, 1_000_000
LARGEST_FILES, MOST_FILES = 18 * 1024 * 1024, 20  # base64 adds a third, and providers take 25 MB in all


@transaction.atomic
def queue(*, actor: Actor, permit: Permit, message: NewMessage, send_at: datetime | None = None) -> OutboxRow:
    """Put a message into the outbox. It leaves at `send_at`, and not before it could still be taken back.

    The permit is asked again when it leaves: a stop or a withdrawal meanwhile refuses it. Errors: NotAllowed, NotFound,
    Invalid.
    """
    if not isinstance(permit, Permit):
        raise TypeError("Only a permit of services.gate lets a message out.")
    policies.require_write(actor)
    adapter = adapters[permit.channel]
    customer = get_customer(actor=actor, customer_id=permit.customer_id)
    if not adapter.may_send(actor, message.sender_id):
        raise NotAllowed(gettext("You may not send from this mailbox."))
    now = clock.now()
    at = max(send_at or now, now + UNDO)
    if problems := _problems(permit, message, at):
        raise Invalid(problems)
    row_id = ids.new_id()
    row = OutboxRow(
        id=row_id,
        customer_id=customer.pk,
        conversation_id=message.conversation_id or row_id,
        channel=permit.channel,
        sender_id=message.sender_id,
        member_id=actor.member_id,
        member_name=actor.name[:150],
        purpose=permit.purpose,
        permit_id=permit.id,
        permit_until=permit.valid_until,
        contact_point=permit.contact_point,
        to_name=message.to_name[:240],
        subject=message.subject.strip(),
        reference=adapter.reference(row_id, message.sender_id),
        in_reply_to=message.in_reply_to,
        references=list(message.references),
        sharing=adapter.sharing(message.sender_id),
        is_automatic=message.is_automatic,
        batch_id=message.batch_id,
        queued_at=now,
        send_at=at,
        next_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Invalid({"permit": gettext("This permit was used for another message. Ask for a new one.")}) from None
    MessageContent.objects.create(
        message_id=row_id, customer_id=customer.pk, text=message.text, html=clean(message.html) if message.html else ""
    )
    _keep(row_id, message.files)
    transaction.on_commit(lambda: _wake(at))
    return row


def cancel(*, actor: Actor, message_id: UUID) -> OutboxRow:
    """Take a message back that has not left. Errors: NotFound, NotAllowed, TooLate."""
    row: OutboxRow = policies.get_message(actor, message_id, Action.UPDATE)
    with transaction.atomic():
        taken = OutboxRow.objects.select_for_update(skip_locked=True).filter(pk=row.pk, state=State.PENDING).first()
        if taken is None:
            raise TooLate(gettext("It is too late to take it back."))
        end(taken, State.CANCELLED, "", settled_by=actor.name)
        give_back(taken)
    return taken


def pause(*, actor: Actor, message_id: UUID, paused: bool) -> OutboxRow:
    """Keep a waiting message back, or let it go again. Errors: NotFound, NotAllowed, TooLate."""
    row: OutboxRow = policies.get_message(actor, message_id, Action.UPDATE)
    at = clock.now() if paused else None
    if not OutboxRow.objects.filter(pk=row.pk, state=State.PENDING).update(paused_at=at):
        raise TooLate(gettext("It no longer waits."))
    row.paused_at = at
    if not paused:
        transaction.on_commit(lambda: _wake(clock.now()))
    return row


def pause_batch(*, actor: Actor, batch_id: UUID, paused: bool) -> int:
    """The same for all waiting messages of a batch that the actor may change."""
    waiting = policies.visible(actor, Action.UPDATE).filter(batch_id=batch_id, state=State.PENDING)
    changed: int = waiting.update(paused_at=clock.now() if paused else None)
    if changed and not paused:
        transaction.on_commit(lambda: _wake(clock.now()))
    return changed


def cancel_batch(*, actor: Actor, batch_id: UUID) -> int:
    """Take back what of a batch has not left; each row by itself, since its permit is given back with it."""
    count = 0
    for message_id in (
        policies.visible(actor, Action.UPDATE)
        .filter(batch_id=batch_id, state=State.PENDING)
        .values_list("pk", flat=True)
    ):
        try:
            cancel(actor=actor, message_id=message_id)
        except TooLate:
            continue
        count += 1
    return count


@transaction.atomic
def settle(*, actor: Actor, message_id: UUID, arrived: bool) -> OutboxRow:
    """Say of an uncertain message whether it arrived. Errors: NotFound, NotAllowed, TooLate."""
    seen: OutboxRow = policies.get_message(actor, message_id, Action.UPDATE)
    row = OutboxRow.objects.select_for_update().filter(pk=seen.pk, state=State.UNCERTAIN).first()
    if row is None:
        raise TooLate(gettext("This is settled already."))
    if arrived:
        end(row, State.SENT, Cause.SETTLED_ARRIVED, settled_by=actor.name)
        tell(row)
    else:
        end(row, State.FAILED, Cause.SETTLED_NOT_SENT, settled_by=actor.name)
        give_back(row)
    audit.record(
        "message.settled",
        actor=actor,
        subject=row.contact_point,
        subject_type="message",
        subject_id=row.pk,
        state=row.state,
    )
    return row


def _problems(permit: Permit, message: NewMessage, at: datetime) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not message.subject.strip():
        problems["subject"] = gettext("Give it a subject.")
    elif len(message.subject) > LONGEST_SUBJECT:
        problems["subject"] = gettext("At most %(most)d characters.") % {"most": LONGEST_SUBJECT}
    if not message.text.strip() and not message.html.strip():
        problems["body"] = gettext("Write something first.")
    elif len(message.text) > LONGEST_TEXT or len(message.html) > LONGEST_HTML:
        problems["body"] = gettext("This is too long for a mail.")
    if "\x00" in f"{message.subject}{message.text}{message.html}":
        problems["body"] = gettext("This holds characters that cannot be sent.")
    if len(message.files) > MOST_FILES:
        problems["files"] = gettext("At most %(most)d files.") % {"most": MOST_FILES}
    elif sum(len(file.content) for file in message.files) > LARGEST_FILES:
        problems["files"] = gettext("Together the files may have %(most)d MB.") % {
            "most": LARGEST_FILES // 1024 // 1024
        }
    if not permit.contact_point:
        problems["to"] = gettext("There is no address to send it to.")
    if not permit.holds_at(at):
        problems["send_at"] = gettext("Its permission does not hold at that time.")
    return problems


def _keep(message_id: UUID, files: Sequence[NewFile]) -> None:
    rows = []
    for file in files:
        key = ids.new_id().hex
        rows.append(
            MessageFile(
                message_id=message_id,
                name=file.name[-255:],
                content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
                size_bytes=len(file.content),
                storage_key=default_storage.save(f"messages/{key[-3:]}/{key}", ContentFile(file.content)),
            )
        )
    MessageFile.objects.bulk_create(rows)


def _wake(at: datetime) -> None:
    if wake := wakers.get("worker"):
        wake(at)
