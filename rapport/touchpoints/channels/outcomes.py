"""What a channel's adapter answers when it was asked to hand one message over. Shared by all channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Accepted:
    """The other side took it and answers for it from now on."""

    provider_id: str = ""
    said: str = ""


@dataclass(frozen=True)
class Deferred:
    """Not now. `retry_at` None: after the outbox's own waiting time."""

    reason: str
    said: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Failed:
    """Not this message, now or later."""

    reason: str
    said: str = ""


@dataclass(frozen=True)
class Unknown:
    """It was in the other side's hands when the line broke: nobody here can tell whether it was taken."""

    reason: str
    said: str = ""


@dataclass(frozen=True)
class Closed:
    """The sender itself cannot be used: nothing was handed over, and no other message would fare better now.

    `lasting`: it needs a person (a password that is refused), so the sender rests until somebody has mended it.
    """

    reason: str
    said: str = ""
    lasting: bool = False


Outcome = Accepted | Deferred | Failed | Unknown | Closed
