"""What can go wrong with records beyond the errors of the floor below.

RapportError
└── Unreadable        a file is not what it says it is; the message says what to do
"""

from __future__ import annotations

from rapport.foundation.workspace.errors import RapportError


class Unreadable(RapportError):
    """The file can't be read; the message says why and what to do."""
