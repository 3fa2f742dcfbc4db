"""Words of the warehouse that other apps use."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Label = str | _StrPromise
else:
    Label = str


class ColumnType(enum.StrEnum):
    """What a column holds, whatever the engine calls it. Ids are text."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"  # double
    DECIMAL = "decimal"  # 18 digits, 4 of them decimals
    BOOLEAN = "boolean"
    INSTANT = "instant"  # UTC, microseconds
    DAY = "day"


@dataclass(frozen=True)
class Column:
    name: str
    type: ColumnType = ColumnType.TEXT


@dataclass(frozen=True)
class Selection:
    """A query of the database and the columns it gives, in their order."""

    sql: str
    params: Sequence[object]
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table of the warehouse that is written anew, whole, when one of the tables it is read from has changed.

    For tables of up to a few million rows. `select` is asked in the workspace.
    """

    select: Callable[[], Selection]
    read_from: tuple[str, ...]  # database tables
    label: Label = ""
    of_customers: bool = False  # has a customer_id: asked for as a table, it comes with standing ids, without the bin


@dataclass(frozen=True)
class Freshness:
    """How far the warehouse has come. `behind_seconds` is the age of the oldest touch point not taken up; 0: none waits."""

    written_at: datetime | None
    newest_recorded_at: datetime | None
    newest_occurred_at: datetime | None
    waiting: int
    behind_seconds: float
