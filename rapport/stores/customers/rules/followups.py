"""One line of text for a follow-up, from the JSON form that changes hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rapport.stores.customers.types import FollowUpOutcome


def follow_up_line(part: Mapping[str, Any]) -> str:
    outcome = FollowUpOutcome(part["outcome"]).label if part.get("outcome") else ""
    note = f": {part['note']}" if part.get("note") else ""
    return f"{part['title']}, {part['due_on']}" + (f" – {outcome}{note}" if outcome else "")
