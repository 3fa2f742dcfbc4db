"""What the page Today shows of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.queries.stream import Asked, Line, stream

SHOWN = 8
DAYS = 61  # what is older did not "just" happen


def newest(actor: Actor) -> Sequence[Line] | None:
    """The newest touch points of customers the actor may see; None when there are none of late."""
    since = clock.now() - timedelta(days=DAYS)
    return stream(actor=actor, asked=Asked(since=since), limit=SHOWN).lines or None
