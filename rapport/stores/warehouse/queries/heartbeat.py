"""What the last look at all warehouses found, for monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from django.conf import settings

HEARTBEAT = "heartbeat.json"


@dataclass(frozen=True)
class Heartbeat:
    at: float  # seconds since 1970
    behind: Mapping[str, float]  # seconds, by schema

    @property
    def most_behind(self) -> float:
        return max(self.behind.values(), default=0.0)


def heartbeat() -> Heartbeat | None:
    """None before the first look."""
    try:
        found = msgspec.json.decode((Path(settings.WAREHOUSE_PATH) / HEARTBEAT).read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        return None
    return msgspec.convert(found, Heartbeat)
