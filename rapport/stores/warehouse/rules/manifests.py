"""The manifest: which files make up the warehouse now. Files never change; a new manifest names others.

A reader takes the manifest once and reads the files it names. Who writes puts new files beside the old ones and then
replaces the manifest in one step, so a reader and a crash meet either the old state or the new one, never half of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from rapport.stores.warehouse.types import ColumnType

FORMAT = 1  # counted up when files of before can't be read any longer: then all is written anew
GRACE = timedelta(minutes=30)  # how long a query may still read files that a newer manifest no longer names
KEPT = 3  # former manifests kept however old


class DataFile(msgspec.Struct, frozen=True):
    path: str  # below the folder of the workspace
    rows: int
    bytes: int
    month: str = ""  # "2026-03", of touch points


class TableState(msgspec.Struct, frozen=True):
    files: tuple[DataFile, ...] = ()
    columns: tuple[tuple[str, ColumnType], ...] = ()
    mark: str = ""  # how often the database tables behind it had changed when it was read
    seconds: float = 0.0  # that reading and writing it took
    read_at: datetime | None = None

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class Manifest(msgspec.Struct, frozen=True):
    version: int
    written_at: datetime
    tables: dict[str, TableState]
    format: int = FORMAT
    currency: str = ""
    taken: tuple[str, ...] = ()  # arrivals whose touch points are in here: after a crash they are still in the database
    newest_recorded_at: datetime | None = None
    newest_occurred_at: datetime | None = None
    properties: dict[str, str] = {}  # names of properties to columns of touch points
    nested: tuple[str, ...] = ()  # properties that some touch point holds a list or an object under
    unflattened: tuple[str, ...] = ()  # properties beyond the most that are kept

    @property
    def files(self) -> set[str]:
        return {file.path for table in self.tables.values() for file in table.files}


def encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def decode(data: bytes) -> Manifest:
    """Errors: msgspec.DecodeError."""
    return msgspec.json.decode(data, type=Manifest)


def superseded_to_keep(former: Sequence[tuple[int, datetime]], *, now: datetime) -> set[int]:
    """Which former manifests (version, when it was superseded) are kept: the last ones, and all of the time of grace."""
    ordered = sorted(former, reverse=True)
    return {version for version, _ in ordered[:KEPT]} | {version for version, at in ordered if now - at < GRACE}


def needless(files: Mapping[str, datetime], kept: Iterable[Manifest], *, now: datetime) -> set[str]:
    """Files (path, when it was written) that no kept manifest names. Young ones may belong to a write under way."""
    named = {path for manifest in kept for path in manifest.files}
    return {path for path, at in files.items() if path not in named and now - at > GRACE}


def to_merge(
    files: Sequence[DataFile], *, tiers: Sequence[int] = (100_000, 2_000_000), most: int = 8
) -> list[DataFile]:
    """Files of one month that are worth making one: as soon as there are `most` of a size, or many that are smaller.

    Each row is rewritten once for every tier, so a month costs the same however often it is added to.
    """
    for tier in tiers:
        small = [file for file in files if file.rows < tier]
        if len(small) >= most:
            return small
    return []
