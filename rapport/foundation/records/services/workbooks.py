"""Reading the first sheet, or a named one, of an XLSX workbook as a stream: constant memory however many rows.

Libraries hold the whole sheet (about 900 bytes a row of ten columns), and a single cell at XFD1048576 makes them hold
17 billion. Here the sheet's XML is parsed as it is unpacked, and shared strings lie in a temporary file.
"""

from __future__ import annotations

import array
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from xml.etree.ElementTree import ParseError, XMLPullParser
from xml.parsers import expat

from django.utils.translation import gettext as _

from rapport.foundation.records.errors import Unreadable

MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 250  # a sheet packs 10 to 50 times; a bomb a thousand times
MAX_PARTS = 5_000
MAX_COLUMNS = 1_000
MAX_TEXT = 131_072
CHUNK = 1 << 18
_NAMESPACE = re.compile(r"^\{[^}]*\}")
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ERRORS = frozenset({"#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#GETTING_DATA"})


def check_archive(path: Path) -> None:
    """Refuses what would unpack to far more than a workbook is, before anything is unpacked. Errors: Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
        raise Unreadable(
            _("This is not an XLSX workbook, or it is damaged. Open it in your spreadsheet program and save it again.")
        ) from error
    if len(parts) > MAX_PARTS:
        raise Unreadable(_("This workbook has too many parts. Save the sheet you need as CSV."))
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MAX_UNPACKED:
        raise Unreadable(
            _("This workbook would unpack to more than two gigabytes. Save the sheet as CSV, or split it.")
        )
    overlapping = packed > path.stat().st_size
    if overlapping or any(
        part.file_size > 1_000_000 and part.file_size > MAX_RATIO * max(1, part.compress_size) for part in parts
    ):
        raise Unreadable(
            _(
                "This workbook is packed as no spreadsheet program packs one, so it was not opened. Save the sheet as CSV."
            )
        )
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(_("This workbook is protected with a password. Save it without one."))


class Workbook:
    """An open workbook: names of sheets, and the rows of one."""

    def __init__(self, path: Path) -> None:
        check_archive(path)
        self._archive = zipfile.ZipFile(path)
        self._strings: _Strings | None = None
        self.bytes_read = 0
        try:
            self._sheets, self._zero = self._read_outline()
            self._dates = self._read_date_styles()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Workbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._archive.close()
        if self._strings:
            self._strings.close()

    @property
    def sheets(self) -> list[str]:
        return list(self._sheets)

    def sheet_size(self, name: str) -> int:
        """Unpacked bytes of a sheet, for progress."""
        return self._archive.getinfo(self._sheets[name]).file_size

    def rows(self, name: str) -> Iterator[tuple[int, list[Any]]]:
        """(row number, cells) of each row that holds anything. Errors: Unreadable."""
        if self._strings is None:
            self._strings = _Strings(self._open("xl/sharedStrings.xml"))
        reader = _SheetReader(self._strings, self._dates, self._zero)
        with self._open(self._sheets[name], needed=True) as stream:
            self.bytes_read = 0
            while chunk := self._read(stream):
                self.bytes_read += len(chunk)
                if self.bytes_read > MAX_UNPACKED:
                    raise Unreadable(
                        _("This workbook would unpack to more than two gigabytes. Save the sheet as CSV, or split it.")
                    )
                yield from reader.feed(chunk)
        yield from reader.feed(b"", final=True)

    def _open(self, part: str, *, needed: bool = False) -> Any:
        try:
            return self._archive.open(part)
        except KeyError:
            if needed:
                raise Unreadable(
                    _(
                        "This workbook lacks a sheet that it lists. Open it in your spreadsheet program and save it again."
                    )
                ) from None
            return None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, struct.error) as error:
            raise Unreadable(
                _(
                    "This is not an XLSX workbook, or it is damaged. Open it in your spreadsheet program and save it again."
                )
            ) from error

    @staticmethod
    def _read(stream: IO[bytes]) -> bytes:
        try:
            return stream.read(CHUNK)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            raise Unreadable(
                _(
                    "This is not an XLSX workbook, or it is damaged. Open it in your spreadsheet program and save it again."
                )
            ) from error

    def _elements(self, part: str) -> Iterator[Any]:
        """Elements of a small part, each as it closes."""
        stream = self._open(part)
        if stream is None:
            return
        parser: XMLPullParser[Any] = XMLPullParser(["end"])
        read = 0
        with stream:
            try:
                while chunk := self._read(stream):
                    read += len(chunk)
                    if read > 64 * 1024**2 or b"<!DOCTYPE" in chunk:
                        raise Unreadable(
                            _("This workbook has parts that no spreadsheet program writes, so it was not opened.")
                        )
                    parser.feed(chunk)
                    events: Iterator[Any] = parser.read_events()
                    yield from (element for _event, element in events)
            except ParseError as error:
                raise Unreadable(
                    _(
                        "This is not an XLSX workbook, or it is damaged. Open it in your spreadsheet program and save it again."
                    )
                ) from error

    def _read_outline(self) -> tuple[dict[str, str], datetime]:
        targets = {}
        for element in self._elements("xl/_rels/workbook.xml.rels"):
            if element.get("Id") and element.get("Target"):
                target = element.get("Target").lstrip("/")
                targets[element.get("Id")] = target if target.startswith("xl/") else f"xl/{target}"
        sheets, zero = {}, datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no time zones
        for element in self._elements("xl/workbook.xml"):
            tag = _NAMESPACE.sub("", element.tag)
            if tag == "sheet":
                relation = next((value for key, value in element.attrib.items() if key.endswith("}id")), "")
                if "worksheets/" in targets.get(relation, ""):
                    sheets[element.get("name", "")] = targets[relation]
            elif tag == "workbookPr" and element.get("date1904") in ("1", "true"):
                zero = datetime(1904, 1, 1)  # noqa: DTZ001 (a spreadsheet knows no time zones)
        if not sheets:
            raise Unreadable(_("This workbook has no sheet with rows."))
        return sheets, zero

    def _read_date_styles(self) -> frozenset[str]:
        """Which cell styles show dates: the file stores a date as a number and a way to write it."""
        own: dict[int, bool] = {}
        dates, index, in_cells = set(), 0, False
        for element in self._elements("xl/styles.xml"):
            tag = _NAMESPACE.sub("", element.tag)
            if tag == "numFmt":
                own[int(element.get("numFmtId", 0))] = _shows_date(element.get("formatCode", ""))
            elif tag == "cellXfs":
                for style in element:
                    number = int(style.get("numFmtId", 0))
                    if own.get(number, number in _DATE_FORMATS):
                        dates.add(str(index))
                    index += 1
                in_cells = True
        return frozenset(dates) if in_cells else frozenset()


@lru_cache(maxsize=256)
def _shows_date(code: str) -> bool:
    bare = _QUOTED.sub("", code).lower().replace("general", "")
    return any(letter in bare for letter in "ymdhs") and not bare.startswith("[$")


class _Strings:
    """The workbook's shared strings, in a file rather than in memory; the newest used are kept at hand."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the workbook
        self._ends = array.array("Q", [0])
        self._at_hand: dict[int, str] = {}
        if stream:
            with stream:
                self._collect(stream)
            self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __getitem__(self, index: int) -> str:
        known = self._at_hand.get(index)
        if known is not None:
            return known
        if not 0 <= index < len(self._ends) - 1:
            return ""
        if len(self._at_hand) > 50_000:
            self._at_hand.clear()
        self._file.seek(self._ends[index])
        text = self._file.read(self._ends[index + 1] - self._ends[index]).decode("utf-8", "replace")
        self._at_hand[index] = text
        return text

    def _collect(self, stream: IO[bytes]) -> None:
        parts: list[str] = []
        depth_of_phonetic, capturing, total = 0, False, 0

        def start(name: str, attributes: list[str]) -> None:
            nonlocal depth_of_phonetic, capturing
            tag = name.rpartition(":")[2]
            if tag == "rPh":
                depth_of_phonetic += 1
            capturing = tag == "t" and not depth_of_phonetic

        def end(name: str) -> None:
            nonlocal depth_of_phonetic, capturing, total
            tag = name.rpartition(":")[2]
            if tag == "si":
                raw = "".join(parts)[:MAX_TEXT].encode("utf-8", "replace")
                parts.clear()
                self._file.write(raw)
                total += len(raw)
                self._ends.append(total)
            elif tag == "rPh":
                depth_of_phonetic -= 1
            capturing = False

        def text(data: str) -> None:
            if capturing:
                parts.append(data)

        parser = _parser(start, end, text)
        while chunk := Workbook._read(stream):
            _parse(parser, chunk)
        _parse(parser, b"", final=True)


class _SheetReader:
    """Turns the XML of a sheet, chunk by chunk, into rows."""

    def __init__(self, strings: _Strings, dates: frozenset[str], zero: datetime) -> None:
        self._strings, self._dates, self._zero = strings, dates, zero
        self._ready: list[tuple[int, list[Any]]] = []
        self._cells: list[Any] = []
        self._number = 0
        self._column = -1
        self._kind = self._style = ""
        self._text: list[str] = []
        self._capturing = self._phonetic = False
        self._parser = _parser(self._start, self._end, self._characters)

    def feed(self, chunk: bytes, *, final: bool = False) -> list[tuple[int, list[Any]]]:
        _parse(self._parser, chunk, final=final)
        ready, self._ready = self._ready, []
        return ready

    # The three handlers run some forty times a row, so they compare whole names first and strip a prefix only if they must.

    def _start(self, name: str, attributes: list[str]) -> None:
        if name == "c":
            self._kind = self._style = ""
            self._text = []
            self._column += 1
            for place in range(0, len(attributes), 2):
                key = attributes[place]
                if key == "r":
                    self._column = _column_of(attributes[place + 1].rstrip("0123456789"))
                elif key == "t":
                    self._kind = attributes[place + 1]
                elif key == "s":
                    self._style = attributes[place + 1]
        elif name == "v" or name == "t":
            self._capturing = not self._phonetic
        elif name == "row":
            number = attributes[attributes.index("r") + 1] if "r" in attributes[::2] else ""
            self._number = int(number) if number.isdecimal() else self._number + 1
            self._cells, self._column = [], -1
        elif name == "rPh":
            self._phonetic = True
        elif ":" in name:
            self._start(name.rpartition(":")[2], attributes)

    def _end(self, name: str) -> None:
        if name == "v" or name == "t":
            self._capturing = False
        elif name == "c":
            text = self._text
            value = self._value(text[0] if len(text) == 1 else "".join(text))
            if value is not None and 0 <= self._column < MAX_COLUMNS:
                cells = self._cells
                if len(cells) <= self._column:
                    cells.extend([None] * (self._column - len(cells) + 1))
                cells[self._column] = value
        elif name == "row":
            if self._cells:
                self._ready.append((self._number, self._cells))
                self._cells = []
        elif name == "rPh":
            self._phonetic = False
        elif ":" in name:
            self._end(name.rpartition(":")[2])

    def _characters(self, data: str) -> None:
        if self._capturing:
            self._text.append(data)

    def _value(self, text: str) -> Any:
        kind = self._kind
        if kind == "s":
            return (self._strings[int(text)] or None) if text.isdecimal() else None
        if text == "":
            return None
        if kind in ("str", "inlineStr"):
            return text[:MAX_TEXT]
        if kind == "b":
            return text == "1"
        if kind == "e":
            return text if text in _ERRORS else "#N/A"
        if kind == "d":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                return text
        try:
            number = float(text)
        except ValueError:
            return text
        if self._style in self._dates:
            return _moment(number, self._zero)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _moment(number: float, zero: datetime) -> Any:
    """A serial number as what it stands for: a date, a time of day, or both."""
    if not 0 <= number < 2_958_466:  # up to the year 9999
        return number
    whole = zero + timedelta(days=int(number), seconds=round(number % 1 * 86_400))
    if number < 1:
        return time(whole.hour, whole.minute, whole.second)
    return date(whole.year, whole.month, whole.day) if number.is_integer() else whole


@lru_cache(maxsize=4096)
def _column_of(letters: str) -> int:
    column = 0
    for letter in letters[:4].upper():
        column = column * 26 + ord(letter) - 64
    return column - 1


def _parser(start: Any, end: Any, text: Any) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: Any) -> None:
    raise Unreadable("This workbook has parts that no spreadsheet program writes, so it was not opened.")


def _parse(parser: expat.XMLParserType, chunk: bytes, *, final: bool = False) -> None:
    try:
        parser.Parse(chunk, final)
    except expat.ExpatError as error:
        raise Unreadable(
            _("This is not an XLSX workbook, or it is damaged. Open it in your spreadsheet program and save it again.")
        ) from error
