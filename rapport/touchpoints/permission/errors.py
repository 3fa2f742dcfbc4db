"""What can go wrong with permission.

RapportError
├── Conflict
│   └── Refused     the gate said no; `decision` says why
└── NotFound
    └── BadLink     a customer's link that is made up, over or taken back; never said which
"""

from __future__ import annotations

from rapport.foundation.workspace.errors import Conflict, NotFound
from rapport.touchpoints.permission.types import Decision


class Refused(Conflict):
    """The customer may not be contacted."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.words)
        self.decision = decision


class BadLink(NotFound):
    """The link does not work."""
