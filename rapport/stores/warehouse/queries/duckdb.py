"""DuckDB as the worker uses it: within its share of the machine, in UTC, and silent."""

from __future__ import annotations

from typing import Any


def connect(*, threads: int, memory_mb: int, **config: str) -> Any:
    import duckdb

    database = duckdb.connect(config={"threads": threads, "memory_limit": f"{memory_mb}MB", **config})
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET enable_progress_bar = false")  # it would write into the log
    return database
