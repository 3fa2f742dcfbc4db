"""What can go wrong in mining."""

from __future__ import annotations

from rapport.insight.mining.types import Reason


class NotEnough(Exception):
    """There is no honest answer, and this is why. `have` and `need` count whatever the reason is about."""

    def __init__(self, reason: Reason, *, have: int = 0, need: int = 0) -> None:
        super().__init__(reason.value)
        self.reason, self.have, self.need = reason, have, need
