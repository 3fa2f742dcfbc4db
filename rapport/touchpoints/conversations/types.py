"""Words of conversations: states and reasons of messages."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str

RECORD_TYPE = "message"
SOURCE = "outbox"  # of touch points
UNDO = timedelta(seconds=10)


class State(models.TextChoices):
    """Where a message is. Each ends in exactly one of the last four."""

    PENDING = "pending", pgettext_lazy("message", "Waiting")
    CLAIMED = "claimed", pgettext_lazy("message", "On its way")
    UNCERTAIN = "uncertain", pgettext_lazy("message", "Uncertain")
    SENT = "sent", pgettext_lazy("message", "Sent")
    FAILED = "failed", pgettext_lazy("message", "Failed")
    REFUSED = "refused", pgettext_lazy("message", "Refused")
    CANCELLED = "cancelled", pgettext_lazy("message", "Cancelled")


FINAL = frozenset({State.SENT, State.FAILED, State.REFUSED, State.CANCELLED})
TONES = {
    State.PENDING: "info",
    State.CLAIMED: "info",
    State.UNCERTAIN: "warn",
    State.SENT: "good",
    State.FAILED: "bad",
    State.REFUSED: "mute",
    State.CANCELLED: "mute",
}


class Cause(enum.StrEnum):
    """Why a message is where it is, where the outbox itself decided. Adapters and the gate bring reasons of their own."""

    WORKER_DIED = "worker_died"
    TOO_OFTEN = "too_often"
    SENDER_GONE = "sender_gone"
    PERMIT_ENDED = "permit_ended"
    PERMIT_RELEASED = "permit_released"
    CUSTOMER_GONE = "customer_gone"
    CANNOT_COMPOSE = "cannot_compose"
    SETTLED_ARRIVED = "settled_arrived"
    SETTLED_NOT_SENT = "settled_not_sent"


@dataclass(frozen=True)
class NewFile:
    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """What is to be sent. `html` empty: made of the text. `is_automatic`: nobody pressed a button for it."""

    sender_id: UUID
    subject: str
    text: str = ""
    html: str = ""
    to_name: str = ""
    files: Sequence[NewFile] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    conversation_id: UUID | None = None
    is_automatic: bool = False
    batch_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class OutboxLine:
    """One message as the outbox page shows it."""

    id: UUID
    customer_id: UUID
    customer_name: str
    contact_point: str
    subject: str
    purpose: Label
    state: State
    words: Label
    said: str
    member_name: str
    queued_at: datetime
    next_at: datetime | None
    finished_at: datetime | None
    attempts: int
    is_paused: bool
    may_act: bool

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def is_waiting(self) -> bool:
        return self.state is State.PENDING

    @property
    def is_uncertain(self) -> bool:
        return self.state is State.UNCERTAIN
