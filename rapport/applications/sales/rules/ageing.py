"""When a deal has stood too long, and when it has gone quiet by its own rhythm."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

SHORTEST_SILENCE = 14  # days
OVERDUE_AT = 1.5  # times what is expected
LAST_TOUCHES = 12  # whose gaps make the rhythm


class Age(enum.StrEnum):
    """How long a deal has been in its stage, against what is expected there."""

    FINE = ""
    LATE = "late"
    OVERDUE = "overdue"


def age(since: datetime, now: datetime, days_expected: int | None) -> Age:
    """Yellow from the expected number of days on, red from one and a half times as many."""
    if days_expected is None:
        return Age.FINE
    days = (now - since) / timedelta(days=1)
    if days >= days_expected * OVERDUE_AT:
        return Age.OVERDUE
    return Age.LATE if days >= days_expected else Age.FINE


def usual_gap(touches: Sequence[datetime]) -> float | None:
    """Days that usually lie between touch points of one customer: the median of the latest. None: fewer than three."""
    latest = sorted(touches)[-LAST_TOUCHES:]
    if len(latest) < 3:
        return None
    return median((later - earlier) / timedelta(days=1) for earlier, later in pairwise(latest))


def quiet_from(last_at: datetime, gap_days: float | None) -> datetime:
    """From when on silence says something: after twice the usual gap, and never before two weeks."""
    return last_at + timedelta(days=max(float(SHORTEST_SILENCE), 2 * (gap_days or 0)))
