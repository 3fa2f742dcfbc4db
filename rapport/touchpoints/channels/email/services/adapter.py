"""The e-mail channel as the outbox uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.channels.email import policies
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.rules.composing import compose, message_id_of
from rapport.touchpoints.channels.email.services.handing import Line
from rapport.touchpoints.channels.email.services.lines import Troubled
from rapport.touchpoints.channels.email.services.mailboxes import note_good, note_trouble, smtp_server
from rapport.touchpoints.channels.email.types import Attachment, Mail, Sharing
from rapport.touchpoints.channels.messages import Handing, Outgoing, Sender
from rapport.touchpoints.channels.outcomes import Closed, Failed, Outcome

LARGEST_BYTES = 25 * 1024 * 1024  # more is refused by nearly every provider
_GONE = Sender(is_open=False, per_minute=0, per_day=0, gone=True)


class EmailAdapter:
    def may_send(self, actor: Actor, sender_id: UUID) -> bool:
        return policies.usable(actor).filter(pk=sender_id).exists()

    def sharing(self, sender_id: UUID) -> str:
        row = Mailbox.objects.only("member_id", "sharing").get(pk=sender_id)
        return Sharing.ALL.value if row.member_id is None else row.sharing

    def reference(self, message_id: UUID, sender_id: UUID) -> str:
        return message_id_of(message_id, Mailbox.objects.only("address").get(pk=sender_id).address)

    def lock_sender(self, sender_id: UUID) -> Sender:
        row = Mailbox.objects.select_for_update().filter(pk=sender_id).first()
        if row is None or row.removed_at is not None:
            return _GONE
        resting = row.rests_until is not None and row.rests_until > clock.now()
        return Sender(
            is_open=row.paused_at is None and not resting,
            per_minute=row.per_minute,
            per_day=row.per_day,
            closed_until=row.rests_until if resting and row.paused_at is None else None,
        )

    @contextmanager
    def opened(self, sender_id: UUID) -> Iterator[Handing]:
        mailbox = Mailbox.objects.get(pk=sender_id)
        try:
            line = Line(smtp_server(mailbox))
        except Troubled as trouble:
            closed = Closed(trouble.trouble.value, trouble.said, lasting=True)
            yield Handing(lambda _message: closed)
            return
        with line:
            yield Handing(lambda message: _hand_over(line, mailbox, message))

    def note(self, sender_id: UUID, outcome: Outcome) -> None:
        if isinstance(outcome, Closed):
            note_trouble(sender_id, outcome.reason, outcome.said, lasting=outcome.lasting)
        else:
            note_good(sender_id)


def _hand_over(line: Line, mailbox: Mailbox, message: Outgoing) -> Outcome:
    mail = Mail(
        from_name=mailbox.name,
        from_address=mailbox.address,
        to_name=message.to_name,
        to_address=message.contact_point,
        subject=message.subject,
        text=message.text,
        html=message.html,
        message_id=message.reference,
        at=message.at,
        in_reply_to=message.in_reply_to,
        references=message.references,
        attachments=tuple(Attachment(file.name, file.content_type, file.read()) for file in message.files),
        unsubscribe_url=message.unsubscribe_url,
        is_automatic=message.is_automatic,
    )
    try:
        content = compose(mail)
    except (ValueError, LookupError) as error:  # what no header or character set can hold
        return Failed("cannot_compose", str(error)[:400])
    if len(content) > LARGEST_BYTES:
        return Failed("too_large")
    return line.hand_over(sender=mailbox.address, recipient=message.contact_point, content=content)
