"""What can go wrong with messages.

RapportError
└── Conflict
    └── TooLate     the message is no longer where this could be done with it
"""

from __future__ import annotations

from rapport.foundation.workspace.errors import Conflict


class TooLate(Conflict):
    """It is being handed over, or was settled meanwhile."""
