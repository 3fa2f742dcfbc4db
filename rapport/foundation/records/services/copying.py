"""Many rows into a table and out of it. They go in by COPY, from columns: text is joined column by column, which costs Python a tenth of row by row."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

NULL = "\\N"
_IN_TURN = tuple(f"7{number:03x}8" for number in range(4096))  # version, number within a millisecond, variant
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
Column = Sequence[str] | str  # one text for each row, or one for all


def copy_columns(table: str, columns: Mapping[str, Column], count: int) -> None:
    """Errors: those of the database, as Django raises them."""
    if not count:
        return
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    parts = [repeat(column, count) if isinstance(column, str) else column for column in columns.values()]
    text = "\n".join(map("\t".join, zip(*parts, strict=False)))
    statement = f"copy {connection.ops.quote_name(table)} ({names}) from stdin"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(text + "\n")


def delete_at_once(rows: QuerySet[Any]) -> int:
    """Delete in one statement. Django's own way reads every row first, to follow foreign keys that ours do not have."""
    return rows._raw_delete(rows.db)


def texts(values: Sequence[str | None], *, blank: str = "") -> list[str]:
    """Texts as COPY reads them; None becomes `blank`, which may be NULL."""
    full = cast("Sequence[str]", values) if None not in values else ["" if value is None else value for value in values]
    joined = "".join(full)
    if "\\" in joined or not joined.isprintable():
        full = [value.translate(_ESCAPES) for value in full]
    if blank and full is not values:
        full = [blank if value is None else text for value, text in zip(values, full, strict=True)]
    return list(full)


def escaped(text: str) -> str:
    """One text as COPY reads it."""
    return text.translate(_ESCAPES)


def others(values: Iterable[object]) -> list[str]:
    """Dates, numbers and ids, none of which hold anything to escape."""
    return [NULL if value is None else str(value) for value in values]


def arrays(values: Iterable[Sequence[str] | None]) -> list[str]:
    """Lists of texts as PostgreSQL writes them: {"a","b"}."""
    found = []
    for items in values:
        if not items:
            found.append("{}")
            continue
        quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
        found.append(escaped("{" + ",".join(f'"{item}"' for item in quoted) + "}"))
    return found


def new_id_texts(count: int) -> list[str]:
    """UUIDv7s as COPY reads them, rising in the order of the rows, so that indexes grow at their end."""
    start = time.time_ns() // 1_000_000
    noise = os.urandom(8 * count).hex()
    found: list[str] = []
    for ahead, first in enumerate(range(0, count, 4096)):
        stamp, rows = f"{start + ahead:012x}", range(first, min(first + 4096, count))
        found += [
            f"{stamp}{turn}{noise[at : at + 15]}"
            for turn, at in zip(_IN_TURN, range(16 * rows.start, 16 * rows.stop, 16), strict=False)
        ]
    return found


def as_uuids(texts_: Iterable[str]) -> list[UUID]:
    return [UUID(text) for text in texts_]
