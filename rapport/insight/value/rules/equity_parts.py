"""Names of the groups that figures count: each has an id made from its name, so that a link can be written without asking."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid5

SET = "equity"
_SPACE = UUID("6f0f6b1e-2f0a-4a51-9c57-0f6d8a4a7e21")


class PartKey(NamedTuple):
    """`kind`: all, tenth, tier, phase, source, kind, cohort or change (key "<period>:<part>")."""

    kind: str
    key: str


def part_id(part: PartKey) -> UUID:
    return uuid5(_SPACE, f"{part.kind}\n{part.key}")
