"""Opening a table from a file as a stream of batches: CSV and its kin, XLSX, Parquet. Memory does not grow with the file.

A row that can't be read is refused with its number and a reason; the rest of the file goes on. The csv module is used
rather than a columnar reader because it can say which row is wrong, and parsing values costs far more than cutting cells.
"""

from __future__ import annotations

import codecs
import csv
import enum
import functools
import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.rules.columns import guess_kind
from rapport.foundation.records.rules.mapping import MAX_COLUMNS, headings_for
from rapport.foundation.records.services.workbooks import Workbook
from rapport.foundation.records.types import FieldKind

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_LINE = 1_000_000  # characters; a longer line is no row of a table
MAX_LINES_OF_ROW = 2_000  # lines a quoted cell may span
MAX_RESUMPTIONS = 1_000
SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 200
BATCH = 10_000
WHITE_SPACE = " "
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": lazy("Western European (Windows)"),
    "iso8859_15": lazy("Western European (ISO)"),
    "mac_roman": lazy("Western European (old Mac)"),
    "cp1250": lazy("Central European (Windows)"),
    "iso8859_2": lazy("Central European (ISO)"),
    "cp1251": lazy("Cyrillic (Windows)"),
    "koi8_r": lazy("Cyrillic (KOI8-R)"),
    "cp1253": lazy("Greek (Windows)"),
    "cp1254": lazy("Turkish (Windows)"),
    "cp1255": lazy("Hebrew (Windows)"),
    "cp1256": lazy("Arabic (Windows)"),
    "cp850": lazy("Western European (DOS)"),
    "cp932": lazy("Japanese (Shift JIS)"),
    "gb18030": lazy("Chinese, simplified"),
    "big5": lazy("Chinese, traditional"),
    "cp949": lazy("Korean"),
}
_BAD_BYTES = re.compile(r"[\udc80-\udcff]")
_BAD_WIDE = re.compile("[\ufffd\ud800-\udfff]")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


class Shape(enum.StrEnum):
    TEXT = "text"
    WORKBOOK = "xlsx"
    PARQUET = "parquet"


@dataclass(frozen=True)
class TableFormat:
    """How a file is to be read. Detected, then open to correction."""

    shape: Shape = Shape.TEXT
    encoding: str = "utf-8"
    delimiter: str = ","
    has_header: bool = True
    sheet: str = ""
    headings: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "shape": str(self.shape), "headings": list(self.headings), "sheets": list(self.sheets)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> TableFormat:
        return TableFormat(
            **{
                **data,
                "shape": Shape(data["shape"]),
                "headings": tuple(data["headings"]),
                "sheets": tuple(data["sheets"]),
            }
        )


@dataclass(frozen=True)
class RefusedRow:
    """A row that could not be read at all."""

    number: int
    reason: str
    cells: tuple[Any, ...] = ()
    heading: str = ""


@dataclass
class Batch:
    """Rows in columns. `numbers` are row numbers as a spreadsheet counts them; `share` is how much of the file is behind."""

    numbers: list[int]
    columns: list[list[Any]]
    refused: list[RefusedRow] = field(default_factory=list)
    share: float = 0.0

    @property
    def rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.columns, strict=True) if self.columns else iter(())


class Table(Protocol):
    """An open table."""

    format: TableFormat

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """All rows below the heading, `size` at a time (refused ones counted in), the same cut every time."""


@contextmanager
def open_table(path: Path, how: TableFormat) -> Iterator[Table]:
    """Errors: Unreadable, here or while batches are read."""
    if how.shape is Shape.WORKBOOK:
        with Workbook(path) as workbook:
            yield _SheetTable(workbook, how)
    elif how.shape is Shape.PARQUET:
        with _parquet(path) as parquet:
            yield _ParquetTable(parquet, how)
    else:
        yield _TextTable(path, how)


def detect_format(path: Path, name: str = "", *, known: Callable[[str], bool] | None = None) -> TableFormat:
    """What kind of table this is. `known` says whether a heading means something, which settles doubtful first rows.

    Errors: Unreadable.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    if not start:
        raise Unreadable(_("This file is empty."))
    if start[:4] == b"PAR1":
        with _parquet(path) as parquet:
            return TableFormat(
                Shape.PARQUET, headings=tuple(headings_for(parquet.schema_arrow.names, len(parquet.schema_arrow.names)))
            )
    if start[:4] == b"PK\x03\x04":
        return _detect_workbook(path, known)
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Unreadable(
            _(
                "This is an old Excel workbook (.xls) or one with a password. Save it as .xlsx or CSV without a password."
            )
        )
    if start[:2] == b"\x1f\x8b" or start[:4] in (b"7z\xbc\xaf", b"Rar!", b"%PDF"):
        raise Unreadable(_("This is not a table. Unpack it, or save the sheet as CSV or XLSX."))
    encoding = detect_encoding(path)
    return _detect_text(path, TableFormat(encoding=encoding), known)


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
        with _parquet(path) as parquet:
            return int(parquet.metadata.num_rows)
    if how.shape is Shape.WORKBOOK:
        return 0
    lines, last = 0, b""
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            lines += chunk.count(b"\n") or chunk.count(b"\r")
            last = chunk
    return max(0, lines + (not last.endswith((b"\n", b"\r", b"\n\x00"))) - how.has_header)


# Encodings


def detect_encoding(path: Path) -> str:
    """The encoding of a text: by its mark, by being valid UTF-8 to the end, else by its bytes."""
    with path.open("rb") as stream:
        head = stream.read(SAMPLE_BYTES)
        if head[:3] == codecs.BOM_UTF8:
            return "utf-8"
        if head[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
            return "utf-32"
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        if b"\x00" in head[:4096]:
            even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
            if max(even, odd) > len(head[:4096]) // 5 and min(even, odd) * 10 < max(even, odd):
                return "utf-16-be" if even > odd else "utf-16-le"
        stream.seek(0)
        doubtful = _first_doubtful(stream)
    if doubtful is None or _mostly_utf8(doubtful):
        return "utf-8"
    if _reads_as_western(doubtful):
        return "cp1252"
    from charset_normalizer import from_bytes  # two megabytes that a web process has no need of

    best = from_bytes(doubtful, cp_isolation=[name for name in ENCODINGS if not name.startswith("utf")]).best()
    guess = best.encoding if best else "cp1252"
    # Its guesses among the Western code pages differ in a sign or two; Windows wrote nearly all such files.
    return guess if guess in ENCODINGS and guess not in ("iso8859_15", "cp850", "mac_roman", "cp1254") else "cp1252"


def _first_doubtful(stream: io.BufferedReader) -> bytes | None:
    """The part of the file around the first bytes that are not UTF-8, or None when all are."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    while chunk := stream.read(1 << 20):
        if chunk.isascii():
            decoder.reset()
            continue
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            place = max(0, error.start - SAMPLE_BYTES // 2)
            return chunk[place : place + SAMPLE_BYTES]
    return None


def _mostly_utf8(sample: bytes) -> bool:
    """Whether a file with stray bytes is UTF-8 all the same: rows with the stray ones are then refused one by one."""
    strays = len(_BAD_BYTES.findall(sample.decode("utf-8", "surrogateescape")))
    return len(_MULTIBYTE.findall(sample)) > strays


def _reads_as_western(sample: bytes) -> bool:
    """Whether the few bytes beyond ASCII are letters of Western languages, as nearly all files without UTF-8 have."""
    text = sample.decode("cp1252", "replace")
    letters = sum(map(str.isalpha, text))
    beyond = [place for place, sign in enumerate(text) if not sign.isascii()]
    in_words = (
        text[place]
        for place in beyond
        if 0 < place < len(text) - 1 and text[place - 1].isalpha() and text[place + 1].isalpha()
    )
    return len(beyond) < letters * 0.3 and all(map(str.isalpha, in_words))


# Texts


def _detect_text(path: Path, how: TableFormat, known: Callable[[str], bool] | None) -> TableFormat:
    with _text_stream(path, how.encoding) as stream:
        lines: list[str] = []
        for line in iter(functools.partial(stream.readline, MAX_LINE), ""):
            if len(line) >= MAX_LINE:
                if not lines:
                    raise Unreadable(
                        _(
                            "The first line of this file is longer than a million characters, so it is not a table with one row a line. Check how it was exported."
                        )
                    )
                break
            lines.append(line)
            if len(lines) >= SAMPLE_ROWS or sum(map(len, lines[-50:])) > MAX_LINE:
                break
    if not any(line.strip() for line in lines):
        raise Unreadable(_("This file is empty."))
    delimiter = _detect_delimiter(lines)
    sample = [row for row in _cut(lines, delimiter) if any(cell.strip() for cell in row)]
    if not sample:
        raise Unreadable(_("No row of this file can be read. Check how it was exported."))
    width = len(sample[0])
    if width > MAX_COLUMNS:
        raise Unreadable(_("This file has %(count)s columns; a thousand are read at most.") % {"count": width})
    has_header = _looks_like_header(sample, known)
    return replace(
        how,
        delimiter=delimiter,
        has_header=has_header,
        headings=tuple(headings_for(sample[0] if has_header else None, width)),
    )


def _detect_delimiter(lines: Sequence[str]) -> str:
    """The mark that cuts most rows into the same number of cells, and into the most of them."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _cut(lines, delimiter) if row]
        if not widths:
            continue
        usual = max(set(widths), key=widths.count)
        if usual < 2:
            continue
        agreement = widths.count(usual) / len(widths)
        score = agreement * agreement * (1 + min(usual, 20) / 20)
        if score > best_score:
            best, best_score = delimiter, score
    if best_score < 0.5 and _cut_by_white_space(lines):
        return WHITE_SPACE
    return best


def _cut_by_white_space(lines: Sequence[str]) -> bool:
    """Columns of figures set apart by blanks; never prose, which has as many words as it likes."""
    rows = [line.split() for line in lines if line.strip()]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return False
    below = rows[1:] or rows
    numeric = sum(all(re.fullmatch(r"[\d.,:/+-]+", row[place]) for row in below) for place in range(len(rows[0])))
    return numeric * 2 >= len(rows[0])


def _cut(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == WHITE_SPACE:
        yield from (line.split() for line in lines)
        return
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue


def _looks_like_header(rows: Sequence[Sequence[Any]], known: Callable[[str], bool] | None) -> bool:
    first = [str(cell).strip() if cell is not None else "" for cell in rows[0]]
    filled = [cell for cell in first if cell]
    if known and sum(map(known, filled)) * 2 >= len(filled) > 0:
        return True
    if not filled or len({cell.casefold() for cell in filled}) < len(filled) or any(len(cell) > 120 for cell in filled):
        return False
    kinds = [guess_kind([cell]) for cell in filled]
    if any(kind not in (FieldKind.TEXT, FieldKind.BOOLEAN) for kind in kinds) or any(
        re.fullmatch(r"0\d+", cell) for cell in filled
    ):
        return False
    if len(rows) == 1:
        return known is not None and any(map(known, filled))
    below = rows[1:]
    for place, cell in enumerate(first):
        values = [row[place] for row in below if place < len(row) and row[place] not in (None, "")]
        if cell and values and guess_kind(values) not in (FieldKind.TEXT, FieldKind.LONG_TEXT):
            return True  # a word above figures
    # Only words: a heading differs from all that stands below it.
    return all(
        cell not in {str(row[place]).strip() for row in below if place < len(row)}
        for place, cell in enumerate(first)
        if cell
    )


@contextmanager
def _text_stream(path: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    wide = encoding.startswith(("utf-16", "utf-32"))
    codec = {"utf-8": "utf-8-sig"}.get(encoding, encoding)
    try:
        codecs.lookup(codec)
    except LookupError:
        raise Unreadable(_("%(name)s is not an encoding that is known here.") % {"name": encoding}) from None
    # Bytes that are not of the encoding come through marked, so that their rows can be refused by number.
    errors = "replace" if wide or encoding in ("cp932", "gb18030", "big5", "cp949") else "surrogateescape"
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=codec, errors=errors, newline="") as stream:
        yield stream


class _TextTable:
    def __init__(self, path: Path, how: TableFormat) -> None:
        self.format, self._path = how, path
        self._total = max(1, path.stat().st_size)

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        with _text_stream(self._path, self.format.encoding) as stream:
            width = len(self.format.headings)
            rows, refused, numbers = [], [], []
            for number, row, reason in self._records(stream):
                if number == 1 and self.format.has_header:
                    continue
                if not reason and not width:
                    width = len(row)
                if not reason and len(row) != width:
                    row, reason = _fitted(row, width)
                if reason:
                    refused.append(RefusedRow(number, reason, tuple(row)))
                else:
                    rows.append(row)
                    numbers.append(number)
                if len(rows) + len(refused) >= size:
                    yield self._batch(rows, numbers, refused, width, stream)
                    rows, refused, numbers = [], [], []
            if rows or refused:
                yield self._batch(rows, numbers, refused, width, stream, share=1.0)

    def _batch(
        self,
        rows: list[list[str]],
        numbers: list[int],
        refused: list[RefusedRow],
        width: int,
        stream: io.TextIOWrapper,
        share: float = 0.0,
    ) -> Batch:
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
        batch = Batch(
            numbers, columns, refused, share or min(1.0, cast(io.BufferedReader, stream.buffer).tell() / self._total)
        )
        return _without_bad_bytes(batch, self.format)

    def _records(self, stream: io.TextIOWrapper) -> Iterator[tuple[int, list[str], str]]:
        """(number, cells, reason why it can't be read) of each row; empty rows have a number but are passed over."""
        if self.format.delimiter == WHITE_SPACE:
            for number, line in enumerate(iter(functools.partial(stream.readline, MAX_LINE), ""), 1):
                if len(line) >= MAX_LINE:
                    _skip_line(stream, line)
                    yield number, [], _too_long()
                elif cells := line.split():
                    yield number, cells, ""
            return
        feeder = _Feeder(stream)
        reader = csv.reader(feeder, delimiter=self.format.delimiter, strict=True)
        number = 0
        while True:
            feeder.begin_row()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield number, [feeder.give_back()], _why_cut_failed(str(error))
            except _LongRow:
                number += 1
                reader = csv.reader(feeder, delimiter=self.format.delimiter, strict=True)
                yield number, [], _too_long()
            except _EndlessCell:
                number += 1
                reader = csv.reader(feeder, delimiter=self.format.delimiter, strict=True)
                yield number, [feeder.give_back()], _unclosed()
            else:
                number += 1
                if row and (len(row) > 1 or row[0].strip()) and any(row):
                    yield number, row, ""


class _LongRow(Exception):
    """A line is longer than any row."""


class _EndlessCell(Exception):
    """A quoted cell goes on for longer than any cell."""


class _Feeder:
    """Lines for the csv reader. It remembers those of the row under way, to resume behind a quotation mark gone astray."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._again: list[str] = []  # lines to read once more, the next one last
        self._row: list[str] = []
        self._resumptions = 0

    def __iter__(self) -> _Feeder:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._stream.readline(MAX_LINE)
        if not line:
            raise StopIteration
        if len(line) >= MAX_LINE:
            _skip_line(self._stream, line)
            raise _LongRow
        self._row.append(line)
        if len(self._row) > MAX_LINES_OF_ROW:
            raise _EndlessCell
        return line

    def begin_row(self) -> None:
        self._row.clear()

    def give_back(self) -> str:
        """The first line of the row that failed; those after it are read again as rows of their own."""
        first, *rest = self._row or [""]
        self._resumptions += bool(rest)
        if self._resumptions <= MAX_RESUMPTIONS:
            self._again.extend(reversed(rest))
        return first.rstrip("\r\n")


def _skip_line(stream: io.TextIOWrapper, line: str) -> None:
    while line and not line.endswith(("\n", "\r")):
        line = stream.readline(MAX_LINE)


def _too_long() -> str:
    return _("This row is longer than a million characters. Check for a quotation mark or a line break gone astray.")


def _unclosed() -> str:
    return _('A quotation mark is opened here and never closed. Double it ("") or take it out.')


def _why_cut_failed(error: str) -> str:
    if "unexpected end" in error or "field larger" in error:
        return _unclosed()
    return _('A quotation mark stands in the middle of a cell. Double it ("") or take it out.')


def _fitted(row: list[str], width: int) -> tuple[list[str], str]:
    """The row cut to the width of the heading if only empty cells go beyond it; else the reason for refusing it."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return row[:width], ""
    return row, _(
        "This row has %(count)s cells where the heading has %(width)s. Check for a missing or stray separator."
    ) % {"count": len(row), "width": width}


def _without_bad_bytes(batch: Batch, how: TableFormat) -> Batch:
    """Moves rows with bytes that are no text to the refused ones. Looks at whole columns first: hardly any has such."""
    bad: dict[int, tuple[int, str]] = {}
    pattern = (
        _BAD_WIDE
        if how.encoding.startswith("utf-16") or how.encoding in ("cp932", "gb18030", "big5", "cp949", "utf-32")
        else _BAD_BYTES
    )
    for place, column in enumerate(batch.columns):
        joined = "".join(column)
        nul, strange = "\x00" in joined, not joined.isascii() and pattern.search(joined)
        if not (nul or strange):
            continue
        for position, cell in enumerate(column):
            if strange and (found := pattern.search(cell)):
                bad.setdefault(position, (place, _bad_byte(found[0], how)))
            elif nul and "\x00" in cell:
                bad.setdefault(position, (place, _("It holds a NUL byte, so the file may be damaged here.")))
    if not bad:
        return batch
    rows = list(batch.rows)
    for position, (place, reason) in bad.items():
        heading = how.headings[place] if place < len(how.headings) else ""
        batch.refused.append(RefusedRow(batch.numbers[position], reason, rows[position], heading))
    kept = [position for position in range(len(rows)) if position not in bad]
    batch.columns = [[column[position] for position in kept] for column in batch.columns]
    batch.numbers = [batch.numbers[position] for position in kept]
    batch.refused.sort(key=lambda row: row.number)
    return batch


def _bad_byte(mark: str, how: TableFormat) -> str:
    name = str(ENCODINGS.get(how.encoding, how.encoding))
    if "\udc80" <= mark <= "\udcff":
        return _(
            "It holds a byte (0x%(byte)02X) that is not %(encoding)s. The file mixes encodings: save it anew as UTF-8."
        ) % {"byte": ord(mark) - 0xDC00, "encoding": name}
    return _("It holds bytes that are not %(encoding)s. The file mixes encodings: save it anew as UTF-8.") % {
        "encoding": name
    }


# Workbooks


def _detect_workbook(path: Path, known: Callable[[str], bool] | None) -> TableFormat:
    with Workbook(path) as workbook:
        for sheet in workbook.sheets:
            rows = [cells for _number, cells in itertools.islice(workbook.rows(sheet), SAMPLE_ROWS)]
            if rows:
                break
        else:
            raise Unreadable(_("This workbook has no sheet with rows."))
        width = max(map(len, rows))
        has_header = _looks_like_header(rows, known)
        return TableFormat(
            Shape.WORKBOOK,
            sheet=sheet,
            sheets=tuple(workbook.sheets),
            has_header=has_header,
            headings=tuple(headings_for(rows[0] if has_header else None, width)),
        )


class _SheetTable:
    def __init__(self, workbook: Workbook, how: TableFormat) -> None:
        self.format, self._workbook = how, workbook
        if how.sheet not in workbook.sheets:
            raise Unreadable(_("This workbook has no sheet %(name)s.") % {"name": how.sheet})

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        total = max(1, self._workbook.sheet_size(self.format.sheet))
        rows = self._workbook.rows(self.format.sheet)
        if self.format.has_header:
            next(rows, None)
        width = len(self.format.headings)
        while part := list(itertools.islice(rows, size)):
            width = width or max(len(cells) for _number, cells in part)
            numbers, full, refused = [], [], []
            for number, cells in part:
                if len(cells) > width:
                    refused.append(
                        RefusedRow(
                            number,
                            _fitted([""] * len(cells[:width]) + [str(cell) for cell in cells[width:]], width)[1],
                            tuple(cells),
                        )
                    )
                    continue
                numbers.append(number)
                full.append(cells + [None] * (width - len(cells)) if len(cells) < width else cells)
            columns = [list(column) for column in zip(*full, strict=True)] if full else [[] for _ in range(width)]
            yield Batch(numbers, columns, refused, min(1.0, self._workbook.bytes_read / total))


# Parquet. Its reader is imported where a Parquet file is read: it takes 37 MB in every process that has it.


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
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


class _ParquetTable:
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
