"""What the planner knows of the tables, brought up to date where much was written at once.

Until autovacuum comes by, it would go on planning for the table as it was: a condition could take minutes instead of
milliseconds. Autovacuum never looks at a partitioned table as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from rapport.foundation.records.extension_points import filled_tables, record_types
from rapport.foundation.records.models import Change

MUCH = 1_000  # records written at once, from which on the planner is told
SHARE = 0.1  # of the rows it takes a table to have: with fewer its plans stay right


def renew_after(record_type: str, *, written: int) -> None:
    """Tell the planner of what an import of this type wrote, table by table, where that was much for the table."""
    if written < MUCH:
        return
    beside = filled_tables.get(record_type) or ()
    known = {_name(table) for table in beside}
    own = [record_types[record_type].model()._meta.db_table, Change._meta.db_table]
    tables = [*beside, *(table for table in own if table not in known)]
    analyze(table for table in tables if written >= SHARE * _taken_for(table))


def analyze(tables: Iterable[str]) -> None:
    """Their names come from the code, never from people."""
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {table}")


def _taken_for(table: str) -> float:
    """How many rows the planner believes it to have; -1: it has never been told."""
    with connection.cursor() as cursor:
        cursor.execute("select reltuples from pg_class where oid = %s::regclass", [_name(table)])
        (rows,) = cursor.fetchone() or (-1,)
        return float(rows)


def _name(table: str) -> str:
    """Without the columns that are looked at."""
    return table.split(" ", 1)[0]
