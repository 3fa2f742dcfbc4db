"""What the page Today shows of records."""

from __future__ import annotations

from rapport.foundation.records.queries.operations import Act, recent_operations
from rapport.foundation.workspace.types import Actor

SHOWN = 5


def recent_changes(actor: Actor) -> list[Act] | None:
    """What was imported, added and changed last; None while nothing was."""
    return recent_operations(actor=actor, limit=SHOWN) or None
