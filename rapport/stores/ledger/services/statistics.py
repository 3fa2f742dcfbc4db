"""What the planner knows of the ledger."""

from __future__ import annotations

from rapport.foundation.records.services.statistics import analyze

# The columns that conditions and timelines choose by; sampling texts and JSON would cost the most and tell nothing.
TABLES = (
    "touchpoint (customer_id, occurred_at, kind, channel, amount, batch_id)",
    "touchpoint_content (customer_id, touchpoint_id)",
    "touchpoint_inbox",
)


def renew_statistics() -> None:
    """After a large load, inside its transaction; and when the table was parted anew."""
    analyze(TABLES)
