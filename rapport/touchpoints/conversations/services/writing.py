"""Writing to a customer: asking for the permit and queueing in one step, as pages and the API do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.conversations.models import OutboxRow
from rapport.touchpoints.conversations.services.outbox import queue
from rapport.touchpoints.conversations.types import UNDO, NewMessage
from rapport.touchpoints.permission.services import gate


@transaction.atomic
def write(
    *,
    actor: Actor,
    customer_id: UUID,
    channel: str,
    purpose: str,
    message: NewMessage,
    to: str | None = None,
    send_at: datetime | None = None,
) -> OutboxRow:
    """Without `to` the customer's first address is meant. Errors: Refused, NotFound, NotAllowed, Invalid."""
    soonest = clock.now() + UNDO
    at = send_at if send_at is not None and send_at > soonest else soonest
    permit = gate.permit(
        actor=actor, customer_id=customer_id, purpose=purpose, channel=channel, contact_point=to, at=at
    )
    return queue(actor=actor, permit=permit, message=message, send_at=at)
