"""What can go wrong on any floor.

RapportError
├── NotAllowed        the actor may not do this
├── NotFound          no such record, or not one the actor may see (the two are never told apart)
├── Conflict          somebody else changed it meanwhile
└── Invalid           the input is wrong; `problems` name field, reason and mend
"""

from __future__ import annotations

from collections.abc import Mapping


class RapportError(Exception):
    """The base of all errors a service or query may raise on purpose."""


class NotAllowed(RapportError):
    """The actor's role does not include this."""


class NotFound(RapportError):
    """There is no such record for this actor."""


class Conflict(RapportError):
    """The record was changed since it was read; `current` holds what it is now."""

    def __init__(self, message: str, current: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.current = dict(current or {})


class Invalid(RapportError):
    """The input can't be accepted; `problems` maps field names to sentences that say what to mend."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in problems.items()))
        self.problems = dict(problems)
