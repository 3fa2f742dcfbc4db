"""How a message ends: its final state, its touch point, and the permit of what was never sent."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace

from django.db import DatabaseError, transaction

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import Status, new_touchpoint
from rapport.touchpoints.conversations.models import MessageContent, OutboxRow
from rapport.touchpoints.conversations.types import FINAL, SOURCE, State
from rapport.touchpoints.permission.services import gate

_log = logging.getLogger(__name__)


def end(row: OutboxRow, state: State, reason: str, *, said: str = "", settled_by: str = "") -> None:
    """The one place that writes a final state. The caller holds the row's lock."""
    if state not in FINAL or row.state in FINAL:
        raise ValueError(f"A message that is {row.state} cannot become {state}.")
    row.state, row.reason, row.said = state, reason, said[:2000]
    row.finished_at, row.settled_by = clock.now(), settled_by[:150]
    row.save(update_fields=["state", "reason", "said", "finished_at", "settled_by", "attempts", "claimed_at"])


def give_back(row: OutboxRow) -> None:
    """It was not sent, so it counts against no cap."""
    with suppress(NotFound):
        gate.release(permit_id=row.permit_id)


def tell(row: OutboxRow) -> None:
    """Write the touch point of a message that was sent. What goes wrong here must not hide that it was sent: it is logged,
    and `delivery` tells it later. Sending twice is harmless, since the row's id is the touch point's source id.
    """
    try:
        with transaction.atomic():
            _tell(row)
    except DatabaseError:
        _log.exception("The touch point of message %s could not be written; it is tried again.", row.pk)


def _tell(row: OutboxRow) -> None:
    content = MessageContent.objects.filter(pk=row.pk).first() if row.sharing == "all" else None
    item = new_touchpoint(
        customer_id=row.customer_id,
        channel=row.channel,
        kind=f"{row.channel}_sent",
        direction="out",
        occurred_at=row.claimed_at or row.finished_at,
        source=SOURCE,
        source_id=str(row.pk),
        subject="" if row.sharing == "nothing" else row.subject,
        properties={"purpose": row.purpose, "message": str(row.pk)},
        content=content.text if content else "",
        member_id=row.member_id,
    )
    (outcome,) = append(actor=replace(SYSTEM, name=row.member_name), items=[item], source=SOURCE)
    if outcome.status is Status.REFUSED:
        _log.warning("The ledger refused the touch point of message %s: %s", row.pk, outcome.problems)
        return
    row.touchpoint_id = outcome.id
    row.save(update_fields=["touchpoint_id"])
