"""A message as an adapter gets it, and what the outbox asks about a sender. Shared by all channels."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.channels.outcomes import Outcome


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    read: Callable[[], bytes]  # late: files are large, and the message may be refused


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message to one contact point. `reference`: its name among all messages, such as a Message-ID."""

    id: UUID
    reference: str
    to_name: str
    contact_point: str
    subject: str
    text: str
    html: str
    at: datetime
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    unsubscribe_url: str = ""
    is_automatic: bool = False


@dataclass(frozen=True)
class Sender:
    """Whether a sender may hand over now. `gone`: never again. `closed_until` None with `is_open` false: until somebody acts."""

    is_open: bool
    per_minute: int
    per_day: int
    gone: bool = False
    closed_until: datetime | None = None


@dataclass(frozen=True)
class Handing:
    """A way to hand messages of one sender over, one after another."""

    hand_over: Callable[[Outgoing], Outcome] = field(repr=False)


class Adapter(Protocol):
    """One channel, as the outbox uses it."""

    def may_send(self, actor: Actor, sender_id: UUID) -> bool:
        """Whether this is a sender the actor may use."""

    def sharing(self, sender_id: UUID) -> str:
        """What colleagues see of its messages in timelines: all, subject, nothing."""

    def reference(self, message_id: UUID, sender_id: UUID) -> str:
        """What the message is called outside."""

    def lock_sender(self, sender_id: UUID) -> Sender:
        """Its state, locked to the end of the transaction, so that rates hold among several workers."""

    def opened(self, sender_id: UUID) -> AbstractContextManager[Handing]:
        """A line is opened with the first message and kept to the end of the block."""

    def note(self, sender_id: UUID, outcome: Outcome) -> None:
        """How it went, for the sender's health."""
