"""Touch points into files by the month they happened in, and files into fewer or cleaner ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from rapport.stores.warehouse.queries.duckdb import connect
from rapport.stores.warehouse.queries.lake import Lake
from rapport.stores.warehouse.rules.layout import touchpoint_columns
from rapport.stores.warehouse.rules.manifests import DataFile
from rapport.stores.warehouse.services import files

if TYPE_CHECKING:
    import pyarrow as pa

HELD = 400_000  # rows in memory
ORDER = ("customer_id", "occurred_at", "id")  # a customer's touch points lie together, in the order they happened


class Months:
    """Rows on their way into a file for each month they happened in, late ones into theirs."""

    def __init__(self, lake: Lake, table: str) -> None:
        self._lake, self._table = lake, table
        self._waiting: dict[int, list[pa.RecordBatch]] = {}
        self._rows: dict[int, int] = {}
        self._written: list[DataFile] = []

    def add(self, batch: pa.RecordBatch) -> None:
        import pyarrow.compute as pc

        at = batch["occurred_at"]
        months = pc.add(pc.multiply(pc.year(at), 12), pc.subtract(pc.month(at), 1))
        for month in pc.unique(months).to_pylist():
            part = batch.filter(pc.equal(months, month))
            self._waiting.setdefault(month, []).append(part)
            self._rows[month] = self._rows.get(month, 0) + part.num_rows
        while sum(self._rows.values()) > HELD:
            self._write(max(self._rows, key=lambda month: self._rows[month]))

    def finish(self) -> list[DataFile]:
        for month in sorted(self._waiting):
            self._write(month)
        return self._written

    def _write(self, month: int) -> None:
        import pyarrow as pa

        rows = pa.Table.from_batches(self._waiting.pop(month)).sort_by([(name, "ascending") for name in ORDER])
        del self._rows[month]
        name = f"{month // 12:04}-{month % 12 + 1:02}"
        self._written.append(files.write_file(self._lake, self._table, rows, month=name))


def merge_month(
    lake: Lake, table: str, month: str, small: Sequence[DataFile], properties: Mapping[str, str]
) -> list[DataFile]:
    """The rows of these files in one."""
    return _rewrite(lake, table, month, small, properties, "", [])


def without(lake: Lake, table: str, held: Sequence[DataFile], customer_ids: Sequence[UUID]) -> list[DataFile]:
    """The same files, those that hold rows of these customers written anew without them."""
    if not customer_ids or not held:
        return list(held)
    import pyarrow as pa

    gone = pa.table({"customer_id": [str(one) for one in customer_ids]})
    with _duckdb(lake) as database:
        database.register("gone", gone)
        paths = {str(lake.folder / file.path): file for file in held}
        touched = database.execute(
            "select distinct filename from read_parquet(?, filename = true, union_by_name = true)"
            " where customer_id in (select customer_id from gone)",
            [list(paths)],
        ).fetchall()
    stained = [paths[name] for (name,) in touched]
    clean = [file for file in held if file not in stained]
    for file in stained:
        clean += _rewrite(
            lake, table, file.month, [file], None, "where customer_id not in (select customer_id from gone)", [gone]
        )
    return clean


def _rewrite(
    lake: Lake,
    table: str,
    month: str,
    old: Sequence[DataFile],
    properties: Mapping[str, str] | None,
    where: str,
    tables: Sequence[Any],
) -> list[DataFile]:
    """DuckDB sorts within its memory limit, whatever the size, by help of the disk."""
    path = files.new_path(lake, table, month)
    with _duckdb(lake) as database:
        for rows in tables:
            database.register("gone", rows)
        columns = "*"
        source = [str(lake.folder / file.path) for file in old]
        if properties is not None:
            there = {
                name
                for (name, *_) in database.execute(
                    "describe select * from read_parquet(?, union_by_name = true)", [source]
                ).fetchall()
            }
            columns = ", ".join(f'"{one.name}"' for one in touchpoint_columns(properties) if one.name in there)
        literal = "[" + ", ".join("'" + name.replace("'", "''") + "'" for name in source) + "]"
        target = str(path).replace("'", "''")
        (rows_written,) = database.execute(
            f"copy (select {columns} from read_parquet({literal}, union_by_name = true) {where}"  # noqa: S608 (names of files and columns are ours)
            f" order by {', '.join(ORDER)}) to '{target}' (format parquet, compression zstd, row_group_size {files.ROW_GROUP})"
        ).fetchall()[0]
    if not rows_written:
        path.unlink()
        return []
    return [files.put_down(lake, path, rows_written, month)]


def _duckdb(lake: Lake) -> Any:
    spill = lake.folder / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    return connect(
        threads=settings.WAREHOUSE_THREADS, memory_mb=settings.WAREHOUSE_MEMORY_MB, temp_directory=str(spill)
    )
