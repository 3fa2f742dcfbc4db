"""What monitoring is told: one small file, so that fetching the metrics asks no workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from django.conf import settings

from rapport.foundation.lib import clock
from rapport.stores.warehouse.queries.heartbeat import HEARTBEAT


def beat(behind: Mapping[str, float]) -> None:
    """Say how far behind each workspace's warehouse is, and that somebody looked."""
    folder = Path(settings.WAREHOUSE_PATH)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{HEARTBEAT}.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode({"at": clock.now().timestamp(), "behind": dict(behind)}))
    draft.replace(folder / HEARTBEAT)
