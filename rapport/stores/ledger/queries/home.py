"""What the page Today shows of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.queries.stream import Asked, Line, stream

SHOWN = 8


def newest(actor: Actor) -> Sequence[Line] | None:
    """The newest touch points of customers the actor may see; None while there are none."""
    return stream(actor=actor, asked=Asked(), limit=SHOWN).lines or None
