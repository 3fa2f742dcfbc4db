"""What is wrong with a condition, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    pointer: str  # JSON pointer (RFC 6901) to the node or value
    reason: str
    mend: str


class ConditionError(ValueError):
    """A condition that can't be read or does not fit its record type."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.reason}" for p in self.problems))


def at(pointer: str, *steps: str | int) -> str:
    """The pointer some steps further down."""
    return pointer + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
