"""Tables in Parquet files. Their reader is imported where a file is read: it takes 37 MB in every process that has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.rules.mapping import MAX_COLUMNS
from rapport.foundation.records.rules.tables import BATCH, Batch, TableFormat

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(path, pre_buffer=False, memory_map=False, buffer_size=1 << 20)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable(_("This is not a Parquet file, or it is damaged.")) from error
    with parquet:
        if len(parquet.schema_arrow.names) > MAX_COLUMNS:
            raise Unreadable(
                _("This file has %(count)s columns; a thousand are read at most.")
                % {"count": len(parquet.schema_arrow.names)}
            )
        yield parquet


class ParquetTable:
    def __init__(self, parquet: pq.ParquetFile, how: TableFormat) -> None:
        self.format, self._parquet = how, parquet

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        import pyarrow as pa

        total, done = max(1, self._parquet.metadata.num_rows), 0
        try:
            for part in self._parquet.iter_batches(batch_size=size, use_threads=False):
                numbers = list(range(done + 2, done + 2 + part.num_rows))  # as if a heading stood in row 1
                done += part.num_rows
                yield Batch(numbers, [_cells(column) for column in part.columns], [], done / total)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Unreadable(_("This Parquet file is damaged: %(error)s") % {"error": str(error)[:200]}) from error


def _cells(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    cells: list[Any] = column.to_pylist()
    if pa.types.is_nested(column.type) and not pa.types.is_list(column.type):
        return [None if cell is None else str(cell) for cell in cells]
    if pa.types.is_duration(column.type):
        return [str(cell) if isinstance(cell, timedelta) else cell for cell in cells]
    return cells
