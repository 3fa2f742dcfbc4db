"""Identifiers: UUIDv7 made by the application, so that no database sequence stands in the way of sharding."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import datetime
from uuid import UUID


def new_id(at: datetime | None = None) -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7): 48 bits of milliseconds, 74 random bits, ordered by time."""
    milliseconds = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
    raw = bytearray(max(0, milliseconds).to_bytes(6, "big") + os.urandom(10))
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return UUID(bytes=bytes(raw))


def key_id(*parts: str) -> UUID:
    """The same UUID (version 8) for the same parts, whatever their lengths: the inbox key of (source, source_id)."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    raw = bytearray(digest.digest())
    raw[6] = 0x80 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return UUID(bytes=bytes(raw))
