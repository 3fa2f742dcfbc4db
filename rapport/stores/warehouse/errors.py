"""What can go wrong with the warehouse.

RapportError
├── NotWritten      nothing was written for this workspace yet
└── Unanswerable    a condition asks for something that is not in the warehouse; the database can answer it
"""

from __future__ import annotations

from rapport.foundation.workspace.errors import RapportError


class NotWritten(RapportError):
    """Nothing was written for this workspace yet."""


class Unanswerable(RapportError):
    """A condition asks for something that is not in the warehouse. `records.queries.conditions` can answer it."""
