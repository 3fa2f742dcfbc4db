"""Tables in texts: CSV and its kin.

The csv module is used rather than a columnar reader because it can say which row is wrong, and parsing values costs far
more than cutting cells.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from django.utils.translation import gettext as _

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.rules.mapping import MAX_COLUMNS, headings_for
from rapport.foundation.records.rules.tables import (
    BATCH,
    SAMPLE_ROWS,
    WHITE_SPACE,
    Batch,
    RefusedRow,
    TableFormat,
    cut,
    detect_delimiter,
    fitted,
    looks_like_header,
)
from rapport.foundation.records.services.tables.encodings import BAD_BYTES, ENCODINGS

MAX_LINE = 1_000_000  # characters; a longer line is no row of a table
MAX_LINES_OF_ROW = 2_000  # lines a quoted cell may span
MAX_RESUMPTIONS = 1_000
BLOCK = 500  # rows cut at once, so that one with trouble slows few others
_BAD_WIDE = re.compile("[\ufffd\ud800-\udfff]")


def detect_text(path: Path, how: TableFormat, known: Callable[[str], bool] | None) -> TableFormat:
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
    delimiter = detect_delimiter(lines)
    sample = [row for row in cut(lines, delimiter) if any(cell.strip() for cell in row)]
    if not sample:
        raise Unreadable(_("No row of this file can be read. Check how it was exported."))
    width = len(sample[0])
    if width > MAX_COLUMNS:
        raise Unreadable(_("This file has %(count)s columns; a thousand are read at most.") % {"count": width})
    has_header = looks_like_header(sample, known)
    return replace(
        how,
        delimiter=delimiter,
        has_header=has_header,
        headings=tuple(headings_for(sample[0] if has_header else None, width)),
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


class TextTable:
    def __init__(self, path: Path, how: TableFormat) -> None:
        self.format, self._path = how, path
        self._total = max(1, path.stat().st_size)

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        with _text_stream(self._path, self.format.encoding) as stream:
            width = len(self.format.headings)
            delimiter = self.format.delimiter
            records = _Words(stream) if delimiter == WHITE_SPACE else _Cells(stream, delimiter)
            rows: list[list[str]] = []
            refused: list[RefusedRow] = []
            numbers: list[int] = []
            while True:
                wanted = min(BLOCK, size - len(rows) - len(refused))
                heading = records.number == 0 and self.format.has_header
                if width and (plain := records.at_once(wanted + heading, width)):
                    got = len(plain) - heading
                    rows += plain[heading:]
                    numbers += range(records.number - got + 1, records.number + 1)
                else:
                    got = 0
                    for number, row, reason in records.one_by_one():
                        if number == 1 and self.format.has_header:
                            continue
                        if not reason and not width:
                            width = len(row)
                        if not reason and len(row) != width:
                            row, reason = fitted(row, width)
                        if reason:
                            refused.append(RefusedRow(number, reason, tuple(row)))
                        else:
                            rows.append(row)
                            numbers.append(number)
                        got += 1
                        if got == wanted:
                            break
                if got < wanted:
                    break
                if len(rows) + len(refused) == size:
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


class _Words:
    """Rows parted by white space."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.number = 0  # of the row read last
        self._stream = stream

    def at_once(self, _size: int, _width: int) -> list[list[str]]:
        return []

    def one_by_one(self) -> Iterator[tuple[int, list[str], str]]:
        """(number, cells, reason why it can't be read) of each row; empty rows have a number but are passed over."""
        for line in iter(functools.partial(self._stream.readline, MAX_LINE), ""):
            self.number += 1
            if len(line) >= MAX_LINE:
                _skip_line(self._stream, line)
                yield self.number, [], _too_long()
            elif cells := line.split():
                yield self.number, cells, ""


class _Cells:
    """Rows parted by a sign, which may be quoted."""

    def __init__(self, stream: io.TextIOWrapper, delimiter: str) -> None:
        self.number = 0  # of the row read last
        self._delimiter = delimiter
        self._feeder = _Feeder(stream)

    def at_once(self, size: int, width: int) -> list[list[str]]:
        """The next rows, `size` of them unless the file ends, when each is a line and as wide as it should be.

        Empty when there is anything to look at twice: then they are to be read one by one, at several times the cost.
        """
        lines = self._feeder.take(size)
        if lines and len(lines[-1]) < MAX_LINE:
            try:
                rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
            except csv.Error:
                rows = []
            # One row for each line, so none goes over several.
            if len(rows) == len(lines) and width > 1 and set(map(len, rows)) == {width} and all(map(any, rows)):
                self.number += len(rows)
                return rows
        self._feeder.put_back(lines)
        return []

    def one_by_one(self) -> Iterator[tuple[int, list[str], str]]:
        """(number, cells, reason why it can't be read) of each row; empty rows have a number but are passed over."""
        feeder = self._feeder
        reader = csv.reader(feeder, delimiter=self._delimiter, strict=True)
        while True:
            feeder.begin_row()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.number += 1
                yield self.number, [feeder.give_back()], _why_cut_failed(str(error))
            except _LongRow:
                self.number += 1
                reader = csv.reader(feeder, delimiter=self._delimiter, strict=True)
                yield self.number, [], _too_long()
            except _EndlessCell:
                self.number += 1
                reader = csv.reader(feeder, delimiter=self._delimiter, strict=True)
                yield self.number, [feeder.give_back()], _unclosed()
            else:
                self.number += 1
                if row and (len(row) > 1 or row[0].strip()) and any(row):
                    yield self.number, row, ""


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

    def take(self, count: int) -> list[str]:
        """The next lines, none after one that is too long for a row."""
        lines: list[str] = []
        while len(lines) < count and (line := self._again.pop() if self._again else self._stream.readline(MAX_LINE)):
            lines.append(line)
            if len(line) >= MAX_LINE:
                break
        return lines

    def put_back(self, lines: list[str]) -> None:
        self._again.extend(reversed(lines))

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


def _without_bad_bytes(batch: Batch, how: TableFormat) -> Batch:
    """Moves rows with bytes that are no text to the refused ones. Looks at whole columns first: hardly any has such."""
    bad: dict[int, tuple[int, str]] = {}
    pattern = (
        _BAD_WIDE
        if how.encoding.startswith("utf-16") or how.encoding in ("cp932", "gb18030", "big5", "cp949", "utf-32")
        else BAD_BYTES
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
