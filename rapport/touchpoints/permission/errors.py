"""What can go wrong with permission.

RapportError
└── Conflict
    └── Refused     the gate said no; `decision` says why
"""

from __future__ import annotations

from rapport.foundation.workspace.errors import Conflict
from rapport.touchpoints.permission.types import Decision


class Refused(Conflict):
    """The customer may not be contacted."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.words)
        self.decision = decision
