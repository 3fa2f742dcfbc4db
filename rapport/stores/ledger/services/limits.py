"""How often one key and one address may send, counted in this process: enough to keep a flood from the database.

Each of n processes counts for itself, so the real limit is up to n times this. Tokens of the API are counted exactly,
in the database; see workspace.services.tokens.
"""

from __future__ import annotations

import math
import threading
from datetime import datetime

MOST_KEPT = 50_000


class Buckets:
    """A token bucket for each key: `rate` a minute in the long run, `rate` at once."""

    def __init__(self, rate_per_minute: int) -> None:
        self.rate = rate_per_minute
        self._levels: dict[str, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def spend(self, key: str, now: datetime) -> int:
        """0, or the seconds until the next one is free."""
        with self._lock:
            level, since = self._levels.get(key, (float(self.rate), now))
            level = min(float(self.rate), level + max(0.0, (now - since).total_seconds()) * self.rate / 60)
            if level < 1:
                return max(1, math.ceil((1 - level) * 60 / self.rate))
            if len(self._levels) >= MOST_KEPT and key not in self._levels:
                self._levels.clear()
            self._levels[key] = (level - 1, now)
            return 0

    def forget(self) -> None:
        with self._lock:
            self._levels.clear()


of_key = Buckets(6_000)
of_address = Buckets(240)
