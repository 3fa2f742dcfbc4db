"""Writing files so that a crash at any point leaves the last good state: new files first, then the manifest in one step."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rapport.foundation.lib import ids
from rapport.stores.warehouse.queries.lake import MANIFEST, Lake
from rapport.stores.warehouse.rules import manifests
from rapport.stores.warehouse.rules.manifests import DataFile, Manifest
from rapport.stores.warehouse.types import Column, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 122_880
_PLAIN_IDS = frozenset({"id"})  # all different: a dictionary of them only costs


def new_path(lake: Lake, table: str, month: str = "") -> Path:
    folder = lake.data / table / month if month else lake.data / table
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{ids.new_id().hex}.parquet"


def write_file(lake: Lake, table: str, rows: pa.Table, *, month: str = "") -> DataFile:
    """One Parquet file, on disk when this returns."""
    import pyarrow.parquet as pq

    path = new_path(lake, table, month)
    pq.write_table(
        rows,
        path,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=[name for name in rows.column_names if name not in _PLAIN_IDS],
    )
    return put_down(lake, path, rows.num_rows, month)


def put_down(lake: Lake, path: Path, rows: int, month: str = "") -> DataFile:
    """Make sure of the bytes of a file that was written, and say what it is."""
    sync(path)
    sync(path.parent)
    return DataFile(str(path.relative_to(lake.folder)), rows, path.stat().st_size, month)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def commit(lake: Lake, manifest: Manifest) -> None:
    """Make `manifest` what holds. The one before is kept beside it."""
    lake.former_folder.mkdir(parents=True, exist_ok=True)
    path = lake.folder / MANIFEST
    with suppress(FileNotFoundError):
        before = path.read_bytes()
        version = _version(before)
        if version is not None:
            _write_whole(lake.former_folder / f"{version:010}.json", before)
    _write_whole(path, manifests.encode(manifest))


def prune(lake: Lake, current: Manifest, *, now: datetime) -> int:
    """Delete former manifests and files that nobody can be reading any longer; returns how many files."""
    former = list(lake.former())
    keep = manifests.superseded_to_keep([(version, at) for _, version, at in former], now=now)
    kept = [current]
    for path, version, _ in former:
        if version in keep:
            with suppress(OSError, msgspec.DecodeError):
                kept.append(manifests.decode(path.read_bytes()))
        else:
            path.unlink(missing_ok=True)
    gone = manifests.needless(lake.all_files(), kept, now=now)
    for name in gone:
        (lake.folder / name).unlink(missing_ok=True)
    return len(gone)


def say_progress(lake: Lake, **said: Any) -> None:
    lake.folder.mkdir(parents=True, exist_ok=True)
    draft = lake.folder / f".progress.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode(said))
    draft.replace(lake.folder / "progress.json")


def end_progress(lake: Lake) -> None:
    (lake.folder / "progress.json").unlink(missing_ok=True)


def arrow_types(columns: Sequence[Column]) -> Mapping[str, Any]:
    import pyarrow as pa

    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.INTEGER: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.DECIMAL: pa.decimal128(18, 4),
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.INSTANT: pa.timestamp("us", "UTC"),
        ColumnType.DAY: pa.date32(),
    }
    return {column.name: types[column.type] for column in columns}


def _version(data: bytes) -> int | None:
    try:
        return manifests.decode(data).version
    except msgspec.DecodeError:
        return None


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside, make sure of it, then take the name: the name always leads to a whole file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)
