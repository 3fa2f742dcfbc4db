"""Links of customers: what they may open, and how long."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


class LinkKind(enum.StrEnum):
    PREFERENCES = "p"
    UNSUBSCRIBE = "u"
    CONFIRM = "c"


# An unsubscribe link stands in a mail that may be read years later, and can only ever take something back.
LIFETIMES: Mapping[LinkKind, timedelta] = {
    LinkKind.PREFERENCES: timedelta(days=90),
    LinkKind.UNSUBSCRIBE: timedelta(days=3 * 365),
    LinkKind.CONFIRM: timedelta(days=7),
}


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a signed link says. It holds no address, only the key of one."""

    kind: LinkKind
    schema: str
    customer_id: UUID
    made_at: datetime
    channel: str = ""
    purpose: str = ""
    point_key: UUID | None = None
    evidence_id: UUID | None = None

    def is_over(self, now: datetime) -> bool:
        return now >= self.made_at + LIFETIMES[self.kind]
