"""Opening a table from a file as a stream of batches: CSV and its kin, XLSX, Parquet. Memory does not grow with the file.

A row that can't be read is refused with its number and a reason; the rest of the file goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.utils.translation import gettext as _

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.rules.mapping import headings_for
from rapport.foundation.records.rules.tables import SAMPLE_ROWS, Batch, Shape, Table, TableFormat
from rapport.foundation.records.services.tables.encodings import detect_encoding
from rapport.foundation.records.services.tables.parquet import ParquetTable, open_parquet
from rapport.foundation.records.services.tables.sheets import SheetTable, detect_workbook
from rapport.foundation.records.services.tables.texts import TextTable, detect_text
from rapport.foundation.records.services.workbooks import Workbook


@contextmanager
def open_table(path: Path, how: TableFormat) -> Iterator[Table]:
    """Errors: Unreadable, here or while batches are read."""
    if how.shape is Shape.WORKBOOK:
        with Workbook(path) as workbook:
            yield SheetTable(workbook, how)
    elif how.shape is Shape.PARQUET:
        with open_parquet(path) as parquet:
            yield ParquetTable(parquet, how)
    else:
        yield TextTable(path, how)


def detect_format(path: Path, name: str = "", *, known: Callable[[str], bool] | None = None) -> TableFormat:
    """What kind of table this is. `known` says whether a heading means something, which settles doubtful first rows.

    Errors: Unreadable.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    if not start:
        raise Unreadable(_("This file is empty."))
    if start[:4] == b"PAR1":
        with open_parquet(path) as parquet:
            return TableFormat(
                Shape.PARQUET, headings=tuple(headings_for(parquet.schema_arrow.names, len(parquet.schema_arrow.names)))
            )
    if start[:4] == b"PK\x03\x04":
        return detect_workbook(path, known)
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Unreadable(
            _(
                "This is an old Excel workbook (.xls) or one with a password. Save it as .xlsx or CSV without a password."
            )
        )
    if start[:2] == b"\x1f\x8b" or start[:4] in (b"7z\xbc\xaf", b"Rar!", b"%PDF"):
        raise Unreadable(_("This is not a table. Unpack it, or save the sheet as CSV or XLSX."))
    encoding = detect_encoding(path)
    return detect_text(path, TableFormat(encoding=encoding), known)


def detect_again(path: Path, how: TableFormat, *, known: Callable[[str], bool] | None = None) -> TableFormat:
    """Headings for a format somebody corrected. Errors: Unreadable."""
    with open_table(path, replace(how, has_header=False, headings=())) as table:
        first = next(table.batches(1), None)
    rows = list(first.rows) if first else []
    width = len(rows[0]) if rows else 0
    return replace(how, headings=tuple(headings_for(rows[0] if rows and how.has_header else None, width)))


def first_rows(path: Path, how: TableFormat, count: int = SAMPLE_ROWS) -> Batch:
    """The first rows below the heading, refused ones beside them. Errors: Unreadable."""
    with open_table(path, how) as table:
        return next(table.batches(count), Batch([], [[] for _ in how.headings]))


def count_rows(path: Path, how: TableFormat) -> int:
    """How many rows there are: exact for Parquet, for texts the lines, for workbooks 0 (not known before reading)."""
    if how.shape is Shape.PARQUET:
        with open_parquet(path) as parquet:
            return int(parquet.metadata.num_rows)
    if how.shape is Shape.WORKBOOK:
        return 0
    lines, last = 0, b""
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            lines += chunk.count(b"\n") or chunk.count(b"\r")
            last = chunk
    return max(0, lines + (not last.endswith((b"\n", b"\r", b"\n\x00"))) - how.has_header)
