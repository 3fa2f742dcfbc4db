"""What can be done to many records at once, and to which."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import Condition

Kind = Literal["edit", "tag", "untag", "delete", "restore", "undo"]


class Act(msgspec.Struct, frozen=True):
    """One act: new values by field name (JSON form), tags to add or take off, into the bin or out of it.

    "undo" takes back the operation of its run.
    """

    kind: Kind
    values: dict[str, Any] = {}
    tags: tuple[str, ...] = ()


class Selection(msgspec.Struct, frozen=True):
    """The records chosen one by one, or all that a list shows: its condition, the words searched for, the bin."""

    page: str
    ids: tuple[str, ...] = ()
    all_matching: bool = False
    where: Any = None  # the condition's JSON, for all that match
    words: str = ""
    in_bin: bool = False

    @property
    def tree(self) -> Condition:
        """Errors: ConditionError."""
        return conditions.EVERYTHING if self.where is None else conditions.from_json(self.where)


def act_of(plain: Any) -> Act:
    return msgspec.convert(plain, Act)


def selection_of(plain: Any) -> Selection:
    return msgspec.convert(plain, Selection)
