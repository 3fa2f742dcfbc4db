"""Messages and what they need, made in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.conversations.models import MessageContent, OutboxRow
from rapport.touchpoints.conversations.services.outbox import queue
from rapport.touchpoints.conversations.types import NewMessage
from rapport.touchpoints.permission.services import gate
from rapport.touchpoints.permission.tests.factories import granted, marta


def willing(**values: Any) -> Customer:
    """A customer who granted offers by e-mail."""
    customer = marta(**values)
    granted(customer)
    return customer


def write(
    mailbox: Mailbox,
    customer: Customer,
    *,
    actor: Actor = SYSTEM,
    purpose: str = "offers",
    send_at: datetime | None = None,
    **values: Any,
) -> OutboxRow:
    """One message, queued with its permit."""
    permit = gate.permit(actor=actor, customer_id=customer.pk, purpose=purpose, channel="email", at=send_at)
    given: dict[str, Any] = {"subject": "Six Longtails", "text": "Dear Marta,\n\nthey are ready.", **values}
    message = NewMessage(sender_id=mailbox.pk, **given)
    return queue(actor=actor, permit=permit, message=message, send_at=send_at)


def make_row(mailbox: Mailbox, customer: Customer, **columns: Any) -> OutboxRow:
    """A row as it lies in the outbox, without having been asked for."""
    row_id, now = ids.new_id(), clock.now()
    values: dict[str, Any] = {
        "id": row_id,
        "customer_id": customer.pk,
        "conversation_id": row_id,
        "channel": "email",
        "sender_id": mailbox.pk,
        "member_name": "Ada",
        "purpose": "offers",
        "permit_id": ids.new_id(),
        "permit_until": now + timedelta(days=1),
        "contact_point": customer.email or "somebody@example.org",
        "subject": "Six Longtails",
        "reference": f"<{row_id.hex}@firm.example>",
        "send_at": now,
        "next_at": now,
        **columns,
    }
    row = OutboxRow.objects.create(**values)
    MessageContent.objects.create(message_id=row_id, customer_id=customer.pk, text=f"Dear {customer.name}")
    return row


@contextmanager
def later(seconds: float = 11) -> Iterator[datetime]:
    """By then, what was written a moment ago may leave."""
    at = clock.now() + timedelta(seconds=seconds)
    with clock.frozen(at):
        yield at


def state_of(row: OutboxRow | UUID) -> tuple[str, str]:
    found = OutboxRow.objects.get(pk=row.pk if isinstance(row, OutboxRow) else row)
    return found.state, found.reason
