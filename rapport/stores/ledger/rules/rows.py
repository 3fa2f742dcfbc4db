"""Rows in PostgreSQL's binary COPY format, packed by hand: the shortest way from a checked item to the table.

A general encoder looks up a dumper for each of sixteen values; here, words that repeat are packed once.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, SafeUUID

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
EMPTY = b"\0\0\0\0"
TOUCHPOINT_COLUMNS = (
    "customer_id, occurred_at, id, recorded_at, channel, kind, direction, source, source_id, subject, amount, currency,"
    " properties, batch_id, member_id, corrects_id"
)
INBOX_COLUMNS = "key, touchpoint_id, batch_id"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_length = struct.Struct(">i").pack
_touchpoint_head = struct.Struct(">hi16siqi16siq").pack
_inbox_head = struct.Struct(">hi16si16s").pack
_json_head = struct.Struct(">ib").pack
_id = struct.Struct(">IHHH6s").pack
_sized = struct.Struct(">I").pack
_VERSION = [bytes([0x80 | (byte & 0x0F)]) for byte in range(256)]
_VARIANT = [bytes([0x80 | (byte & 0x3F)]) for byte in range(256)]
_new, _set = object.__new__, object.__setattr__


def new_ids(count: int, at: datetime) -> list[bytes]:
    """UUIDv7s in increasing order, so that what came together stays in its order. See lib.ids for single ones."""
    milliseconds = int(at.timestamp() * 1000)
    high, low = milliseconds >> 16, milliseconds & 0xFFFF
    chance = os.urandom(3 + 6 * count)
    first = int.from_bytes(chance[:3], "big") & 0x1FFFFF  # of 26 bits, with room to count on
    return [
        _id(high, low, 0x7000 | (n >> 14), 0x8000 | (n & 0x3FFF), chance[at : at + 6])
        for n, at in zip(range(first, first + count), range(3, 3 + 6 * count, 6), strict=True)
    ]


def inbox_keys(source: str) -> Callable[[str], bytes]:
    """The bytes of lib.ids.key_id(source, …), for many ids of one source."""
    encoded = source.encode()
    begun = hashlib.blake2b(_sized(len(encoded)) + encoded, digest_size=16)

    def key(source_id: str) -> bytes:
        encoded = source_id.encode()
        digest = begun.copy()
        digest.update(_sized(len(encoded)) + encoded)
        raw = digest.digest()
        return raw[:6] + _VERSION[raw[6]] + raw[7:8] + _VARIANT[raw[8]] + raw[9:]

    return key


def uuid_of(raw: bytes) -> UUID:
    """UUID(bytes=raw), without its checks, which cost more than the rest."""
    made = _new(UUID)
    _set(made, "int", int.from_bytes(raw, "big"))
    _set(made, "is_safe", SafeUUID.unknown)
    return made


def microseconds(at: datetime) -> int:
    """PostgreSQL's timestamptz: microseconds since 2000 in UTC."""
    span = at - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def text(value: str) -> bytes:
    encoded = value.encode()
    return _length(len(encoded)) + encoded


def uuid(value: bytes | None) -> bytes:
    return b"\0\0\0\x10" + value if value else NULL


def numeric(value: Decimal) -> bytes:
    """Groups of four decimal digits, as PostgreSQL keeps them; at most four decimals."""
    scaled = int(value.scaleb(4))
    sign, scaled = (0x4000, -scaled) if scaled < 0 else (0, scaled)
    groups: list[int] = []
    while scaled:
        scaled, group = divmod(scaled, 10_000)
        groups.append(group)
    weight = len(groups) - 2
    groups.reverse()
    packed = struct.pack(f">hhHh{len(groups)}h", len(groups), weight, sign, 4, *groups)
    return _length(len(packed)) + packed


class TouchpointRows:
    """Packs the touch points of one batch."""

    def __init__(self, recorded_at: datetime, batch_id: bytes | None) -> None:
        self._recorded = microseconds(recorded_at)
        self._batch = uuid(batch_id)
        self._plain_tail = self._batch + NULL + NULL
        self.words: dict[tuple[str, str, str, str], bytes] = {}  # channel, kind, direction, source, packed
        self.rows: list[bytes] = []

    def add(
        self,
        customer_id: bytes,
        occurred_at: int,
        touchpoint_id: bytes,
        words: tuple[str, str, str, str],  # channel, kind, direction, source
        source_id: str,
        subject: str,
        amount: Decimal | None,
        currency: str,
        properties: bytes,
        member_id: bytes | None = None,
        corrects_id: bytes | None = None,
    ) -> None:
        packed = self.words.get(words)
        if packed is None:
            packed = self.words[words] = b"".join(text(word) for word in words)
        self.rows += (
            _touchpoint_head(16, 16, customer_id, 8, occurred_at, 16, touchpoint_id, 8, self._recorded),
            packed,
            text(source_id),
            text(subject) if subject else EMPTY,
            NULL if amount is None else numeric(amount),
            text(currency) if currency else EMPTY,
            _json_head(len(properties) + 1, 1),
            properties,
            self._plain_tail
            if member_id is None and corrects_id is None
            else self._batch + uuid(member_id) + uuid(corrects_id),
        )

    def bytes(self) -> bytes:
        return b"".join((HEADER, *self.rows, TRAILER))


def inbox_rows(pairs: Iterable[tuple[bytes, bytes]], batch_id: bytes | None) -> bytes:
    """(key, touch point) each, for COPY into the inbox."""
    batch = uuid(batch_id)
    parts = [HEADER]
    for key, touchpoint_id in pairs:
        parts += (_inbox_head(3, 16, key, 16, touchpoint_id), batch)
    parts.append(TRAILER)
    return b"".join(parts)
