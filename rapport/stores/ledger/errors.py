"""What can go wrong with touch points.

RapportError
└── Invalid
    └── BadBody       the bytes of a request can't be read as touch points at all
"""

from __future__ import annotations

from rapport.foundation.workspace.errors import Invalid


class BadBody(Invalid):
    """The request can't be read. `status` is the HTTP status that says so."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__({"body": reason})
        self.reason = reason
        self.status = status
