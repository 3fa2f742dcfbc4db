"""What the planner knows of the ledger."""

from __future__ import annotations

from django.db import connection


def renew_statistics() -> None:
    """After a large load the planner must not go on taking the tables for empty: until autovacuum comes by, a condition
    over them could take minutes instead of milliseconds. Runs inside the transaction of the load."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE touchpoint, touchpoint_content, touchpoint_inbox")
