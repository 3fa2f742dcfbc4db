"""What the planner knows of the ledger."""

from __future__ import annotations

from django.db import connection


def renew_statistics() -> None:
    """After a large load the planner must not go on taking the tables for empty: until autovacuum comes by, a condition
    over them could take minutes instead of milliseconds. Runs inside the transaction of the load."""
    with connection.cursor() as cursor:
        # The columns that conditions and timelines choose by; sampling texts and JSON would cost the most and tell nothing.
        cursor.execute("ANALYZE touchpoint (customer_id, occurred_at, kind, channel, amount, batch_id)")
        cursor.execute("ANALYZE touchpoint_content (customer_id, touchpoint_id)")
        cursor.execute("ANALYZE touchpoint_inbox")
