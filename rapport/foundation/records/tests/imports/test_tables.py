"""Opening files: what they are is found out, bad rows are refused by number, and nothing hostile gets through."""

from __future__ import annotations

import csv
import io
import tempfile
import tracemalloc
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.rules.tables import Shape, TableFormat
from rapport.foundation.records.services.tables import (
    count_rows,
    detect_again,
    detect_format,
    first_rows,
    open_table,
    texts,
)
from rapport.foundation.records.services.tables.encodings import detect_encoding
from rapport.foundation.records.services.workbooks import Workbook


def written(folder: Path, content: bytes | str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_all(path: Path, size: int = 3, **changes: Any) -> tuple[list[tuple[Any, ...]], list[tuple[int, str]]]:
    rows, refused = [], []
    with open_table(path, replace(detect_format(path), **changes)) as table:
        for batch in table.batches(size):
            assert len(batch.numbers) == len(list(batch.rows))
            rows += [(number, *row) for number, row in zip(batch.numbers, batch.rows, strict=True)]
            refused += [(row.number, row.reason) for row in batch.refused]
    return rows, refused


@pytest.mark.parametrize(
    ("content", "delimiter", "headings"),
    [
        ("name,city\nAnn,Rome\n", ",", ("name", "city")),
        ("name;city;sum\nAnn;Rome;1,5\nBen;Oslo;2,5\n", ";", ("name", "city", "sum")),
        ("name\tcity\nAnn\tRome, Italy\n", "\t", ("name", "city")),
        ("name|city\nAnn|Rome\n", "|", ("name", "city")),
        ("email\nann@x.org\n", ",", ("email",)),
        (" id  date  value\r\n 1 19970101  1.50\r\n", " ", ("id", "date", "value")),
        ("00004 0001 19970101  2   29.33\n00004 0001 19970118  2   29.73\n", " ", ("Column 1", "Column 2", "Column 3", "Column 4", "Column 5")),
        ("name\nAnn Lee\nBen Kim\n", ",", ("name",)),
        ('"a;b","c"\n"d;e","f"\n', ",", ("a;b", "c")),
        ("name,city\rAnn,Rome\rBen,Oslo\r", ",", ("name", "city")),
    ],
)  # fmt: skip
def test_the_separator_and_the_heading_are_found(
    tmp_path: Path, content: str, delimiter: str, headings: tuple[str, ...]
) -> None:
    found = detect_format(written(tmp_path, content))

    assert (found.delimiter, found.headings) == (delimiter, headings)


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        ("name,age\nAnn,41\n", True),
        ("Ann,41\nBen,42\n", False),
        ("ann@x.org,Ann\nben@x.org,Ben\n", False),
        ("name,city\nAnn,Rome\nBen,Oslo\n", True),
        ("2024-01-01,5\n2024-01-02,6\n", False),
    ],
)
def test_a_first_row_of_values_is_no_heading(tmp_path: Path, content: str, has_header: bool) -> None:
    assert detect_format(written(tmp_path, content)).has_header is has_header


def test_known_headings_settle_a_doubtful_first_row(tmp_path: Path) -> None:
    path = written(tmp_path, "Name,City\nName,City\n")

    assert not detect_format(path).has_header
    assert detect_format(path, known={"Name", "City"}.__contains__).has_header


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "name,city\nMüller,Łódź\n"),
        ("utf-8-sig", "name,city\nMüller,Łódź\n"),
        ("utf-16", "name,city\nMüller,Łódź\n"),
        ("utf-16-le", "name,city\nMüller,Łódź\n"),
        ("utf-16-be", "name,city\nMüller,Łódź\n"),
        ("utf-32", "name,city\nMüller,Łódź\n"),
        ("cp1252", "name,city\n" + "Müller,Köln €5\nGrün,Überlingen\nRené,Orléans\n" * 5),
    ],
)
def test_encodings_are_found(tmp_path: Path, encoding: str, text: str) -> None:
    rows, refused = read_all(written(tmp_path, text.encode(encoding)))

    assert not refused
    assert rows[0][1:] == tuple(text.splitlines()[1].split(","))


def test_cyrillic_and_greek_code_pages_are_found(tmp_path: Path) -> None:
    russian = "имя,город\n" + "Анна Каренина,Москва\nПётр Ильич,Санкт-Петербург\n" * 20

    assert detect_encoding(written(tmp_path, russian.encode("cp1251"))) == "cp1251"


def test_an_ascii_start_does_not_hide_what_comes_later(tmp_path: Path) -> None:
    late = written(tmp_path, b"name,city\n" + b"Ann,Rome\n" * 200_000 + "Müller,Köln\n".encode())
    mixed = written(tmp_path, b"name,city\n" + b"Ann,Rome\n" * 200_000 + "Müller,Köln\n".encode("cp1252"), "b.csv")

    assert detect_encoding(late) == "utf-8"
    assert detect_encoding(mixed) == "cp1252"


def test_rows_in_another_encoding_are_refused_by_number(tmp_path: Path) -> None:
    content = (
        "name,city\nMüller,Köln\nGrün,Überlingen\n".encode() + "René,Orléans\n".encode("cp1252") + "Ann,Łódź\n".encode()
    )

    rows, refused = read_all(written(tmp_path, content))

    assert [row[0] for row in rows] == [2, 3, 5]
    assert refused == [
        (4, "It holds a byte (0xE9) that is not UTF-8. The file mixes encodings: save it anew as UTF-8.")
    ]


def test_ragged_rows_are_refused_and_empty_ones_passed_over(tmp_path: Path) -> None:
    rows, refused = read_all(written(tmp_path, "a,b,c\n1,2,3\n1,2\n\n,,\n1,2,3,4\n1,2,3,,\n7,8,9\n"))

    assert [row[0] for row in rows] == [2, 7, 8]
    assert [number for number, _ in refused] == [3, 6]
    assert refused[0][1] == "This row has 2 cells where the heading has 3. Check for a missing or stray separator."


def test_a_stray_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    lines = ["a,b", "1,ok", '2,"open', "3,fine", "4,fine", '5,"x"y', '6,"two\nlines"', '7,"last']
    rows, refused = read_all(written(tmp_path, "\n".join(lines)))

    assert [row[1:] for row in rows] == [("1", "ok"), ("3", "fine"), ("4", "fine"), ("6", "two\nlines")]
    assert [number for number, _ in refused] == [3, 6, 8]
    assert "never closed" in refused[2][1]


def test_many_stray_quotation_marks_do_not_take_forever(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n" + '1,"x\n' * 20_001)

    rows, refused = read_all(path, size=5000)

    assert rows == []
    assert len(refused) > 1000


def test_nul_bytes_are_refused_by_number(tmp_path: Path) -> None:
    rows, refused = read_all(written(tmp_path, b"a,b\n1,ok\n2,n\x00l\n3,ok\n"))

    assert [row[1] for row in rows] == ["1", "3"]
    assert refused == [(3, "It holds a NUL byte, so the file may be damaged here.")]


def test_a_long_line_amid_good_ones_costs_one_row(tmp_path: Path) -> None:
    rows, refused = read_all(written(tmp_path, "a,b\n1,ok\n2," + "x" * 3_000_000 + "\n3,ok\n"))

    assert [row[1] for row in rows] == ["1", "3"]
    assert [number for number, _ in refused] == [3]
    assert "longer than a million characters" in refused[0][1]


def test_a_line_of_100_megabytes_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "giant.csv"
    with path.open("wb") as stream:
        for _ in range(100):
            stream.write(b"abcdefgh," * (1024 * 1024 // 9))
    tracemalloc.start()

    with pytest.raises(Unreadable, match="longer than a million characters, so it is not a table"):
        detect_format(path)

    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_called_empty(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unreadable, match="empty"):
        detect_format(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "old Excel workbook"),
        (b"%PDF-1.7\n...", "not a table"),
        (b"\x1f\x8b\x08...", "not a table"),
        (b"PK\x03\x04 broken", "not an XLSX workbook, or it is damaged"),
        (b"PAR1 broken", "not a Parquet file, or it is damaged"),
        (b",".join(b"c%d" % number for number in range(1001)) + b"\n1\n", "1001 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_advice(tmp_path: Path, content: bytes, part: str) -> None:
    with pytest.raises(Unreadable, match=part):
        detect_format(written(tmp_path, content))


def test_lines_are_counted_for_the_progress_bar(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n3,4")

    assert count_rows(path, detect_format(path)) == 2


def test_a_corrected_format_gets_its_headings_anew(tmp_path: Path) -> None:
    path = written(tmp_path, "a;b\nc;d\n")
    found = detect_format(path)

    assert detect_again(path, replace(found, has_header=False)).headings == ("Column 1", "Column 2")
    assert detect_again(path, replace(found, delimiter=",")).headings == ("a;b",)


def test_batches_are_cut_the_same_way_every_time(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n" + "".join(f"{n},x\n" if n % 7 else "ragged\n" for n in range(100)))

    def cuts() -> list[tuple[int, int]]:
        with open_table(path, detect_format(path)) as table:
            return [(len(batch.numbers), len(batch.refused)) for batch in table.batches(9)]

    assert cuts() == cuts()
    assert sum(rows + refused for rows, refused in cuts()) == 100


CELL = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-16"]))  # fmt: skip
def test_what_is_written_is_read(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), stream.getvalue().encode(encoding))
        how = TableFormat(
            encoding=encoding, delimiter=delimiter, has_header=False, headings=tuple("abcde"[: len(rows[0])])
        )
        with open_table(path, how) as table:
            batches = list(table.batches(2))

    assert [list(row) for batch in batches for row in batch.rows] == [row for row in rows if any(row)]


LINE = st.sampled_from(
    ["a,b,c", "1,2,3", '"q, r",s,t', '"two\nlines",u,v', "", " ", ",,", "short", "too,many,cells,here", 'stray"x,y,z', '"open,y,z', "k,l,m,"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(LINE, max_size=40), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.integers(1, 9))
def test_rows_cut_many_at_once_are_those_cut_one_by_one(
    written_lines: list[str], end: str, has_header: bool, size: int
) -> None:
    how = TableFormat(has_header=has_header, headings=("a", "b", "c"))

    def cuts(block: int) -> list[tuple[list[int], list[list[Any]], list[Any]]]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(texts, "BLOCK", block)
            if not block:
                patched.setattr(texts, "BLOCK", 10**6)
                patched.setattr(texts._Cells, "at_once", lambda *_: [])
            with open_table(path, how) as table:
                return [(batch.numbers, batch.columns, batch.refused) for batch in table.batches(size)]

    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), end.join(written_lines))

        assert cuts(1000) == cuts(2) == cuts(0)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), content)
        try:
            found = detect_format(path)
            with open_table(path, found) as table:
                list(table.batches(5))
        except Unreadable:
            return


# Workbooks

SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda value: value == 0 or abs(value) > 1e-30),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff_"), max_size=10).filter(lambda text: text == text.strip()),
    st.dates(date(1901, 1, 1), date(2199, 1, 1)),
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(SCALAR, min_size=1, max_size=5), min_size=1, max_size=6), st.booleans(), st.booleans())
def test_workbooks_are_read_as_another_library_reads_them(
    rows: list[list[Any]], inline: bool, since_1904: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        book = xlsxwriter.Workbook(str(path), {"constant_memory": inline, "date_1904": since_1904, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False})  # fmt: skip
        sheet, day, moment = (
            book.add_worksheet(),
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "dd.mm.yyyy hh:mm:ss"}),
        )
        if since_1904:
            rows = [[cell if not isinstance(cell, date) or cell.year > 1904 else None for cell in row] for row in rows]
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, place, cell, moment)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, place, datetime(cell.year, cell.month, cell.day), day)
                elif isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write(number, place, cell)
        book.close()
        with Workbook(path) as workbook:
            ours = dict(workbook.rows("Sheet1"))
        theirs = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)

    for number, expected in enumerate(theirs, 1):
        mine = ours.get(number, [])
        for place, cell in enumerate(expected):
            value = mine[place] if place < len(mine) else None
            assert same(value, cell), (number, place, value, cell)


def same(mine: Any, theirs: Any) -> bool:
    if theirs == "":
        return mine is None
    if isinstance(theirs, datetime | date) and not isinstance(mine, str):
        return str(mine)[:10] == str(theirs)[:10] and (str(mine)[11:16] or "00:00") == (str(theirs)[11:16] or "00:00")
    if isinstance(theirs, bool) or isinstance(mine, bool):
        return mine is theirs
    if isinstance(theirs, int | float):
        return isinstance(mine, int | float) and float(mine) == pytest.approx(float(theirs), rel=1e-9)
    return bool(mine == theirs)


def test_a_workbook_of_another_program_with_gaps_and_several_sheets(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    people = book.create_sheet("People")
    people["A1"], people["B1"], people["D1"] = "name", "paid", "on"
    people["A3"], people["B3"], people["D3"] = "Ann", 12.5, date(2024, 2, 29)
    people["A5"] = "Ben"
    book.save(path)

    found = detect_format(path)
    batch = first_rows(path, found)

    assert (found.shape, found.sheet, found.headings) == (Shape.WORKBOOK, "People", ("name", "paid", "Column 3", "on"))
    assert list(zip(batch.numbers, batch.rows, strict=True)) == [
        (3, ("Ann", 12.5, None, date(2024, 2, 29))),
        (5, ("Ben", None, None, None)),
    ]


def zipped(path: Path, parts: Sequence[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return path


OUTLINE = [
    ("xl/_rels/workbook.xml.rels", b'<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'),
    ("xl/workbook.xml", b'<workbook xmlns:r="http://r"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>'),
]  # fmt: skip


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.xlsx", [*OUTLINE, ("xl/worksheets/sheet1.xml", b"<worksheet>" + b" " * 50_000_000)])

    with pytest.raises(Unreadable, match="packed as no spreadsheet program packs one"):
        detect_format(path)


def test_an_archive_that_promises_too_much_is_not_opened(tmp_path: Path) -> None:
    path = zipped(tmp_path / "huge.xlsx", [*OUTLINE, ("xl/worksheets/sheet1.xml", b"<worksheet/>")])
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    place = content.rindex(b"xl/worksheets/sheet1.xml") - 46 + 24
    assert int.from_bytes(content[place : place + 4], "little") == size
    path.write_bytes(content[:place] + (2**32 - 2).to_bytes(4, "little") + content[place + 4 :])

    with pytest.raises(Unreadable, match="more than two gigabytes"):
        detect_format(path)


def test_a_cell_at_the_far_corner_takes_no_memory(tmp_path: Path) -> None:
    sheet = b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c><c r="B1048576"><v>2</v></c></row></sheetData></worksheet>'
    path = zipped(tmp_path / "far.xlsx", [*OUTLINE, ("xl/worksheets/sheet1.xml", sheet)])
    tracemalloc.start()

    with Workbook(path) as workbook:
        rows = list(workbook.rows("S"))

    assert rows == [(1, ["a"]), (1048576, [None, 2])]
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>'
    in_sheet = zipped(tmp_path / "a.xlsx", [*OUTLINE, ("xl/worksheets/sheet1.xml", laughs)])
    in_outline = zipped(tmp_path / "b.xlsx", [OUTLINE[0], ("xl/workbook.xml", laughs)])

    for path in (in_sheet, in_outline):
        with pytest.raises(Unreadable, match="no spreadsheet program writes"):
            detect_format(path)


def test_rich_texts_errors_and_phonetics_are_read_as_shown(tmp_path: Path) -> None:
    strings = "<sst><si><r><t>An</t></r><r><t>na</t></r><rPh><t>ア</t></rPh></si></sst>".encode()
    sheet = b'<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="e"><v>#REF!</v></c><c t="b"><v>1</v></c><c t="str"><f>1+1</f><v>two</v></c></row></sheetData></worksheet>'
    path = zipped(
        tmp_path / "a.xlsx", [*OUTLINE, ("xl/sharedStrings.xml", strings), ("xl/worksheets/sheet1.xml", sheet)]
    )

    with Workbook(path) as workbook:
        assert list(workbook.rows("S")) == [(1, ["Anna", "#REF!", True, "two"])]


def test_a_protected_workbook_is_called_that(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.xlsx", [*OUTLINE, ("xl/worksheets/sheet1.xml", b"<worksheet/>")])
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 8] |= 1
    path.write_bytes(bytes(content))

    with pytest.raises(Unreadable, match="protected with a password"):
        detect_format(path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2_000), st.integers(0, 255))
def test_a_damaged_workbook_is_read_or_refused(place: int, byte: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = zipped(
            Path(folder) / "a.xlsx",
            [
                *OUTLINE,
                (
                    "xl/worksheets/sheet1.xml",
                    b'<worksheet><sheetData><row><c t="str"><v>a</v></c></row></sheetData></worksheet>',
                ),
            ],
        )
        content = bytearray(path.read_bytes())
        content[place % len(content)] = byte
        path.write_bytes(bytes(content))
        try:
            found = detect_format(path)
            with open_table(path, found) as table:
                list(table.batches())
        except Unreadable:
            return


# Parquet


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "name": ["Ann", None],
            "paid": [Decimal("12.50"), None],
            "at": pa.array([datetime(2024, 2, 29, 10, tzinfo=UTC), None], pa.timestamp("ns", tz="UTC")),
            "tags": [["a", "b"], []],
            "tier": pa.array(["gold", "gold"]).dictionary_encode(),
            "nested": [{"x": 1}, None],
        }
    )
    pq.write_table(table, path, row_group_size=1)

    found = detect_format(path)
    batch = first_rows(path, found)

    assert found.headings == ("name", "paid", "at", "tags", "tier", "nested")
    assert next(batch.rows) == (
        "Ann",
        Decimal("12.50"),
        datetime(2024, 2, 29, 10, tzinfo=UTC),
        ["a", "b"],
        "gold",
        "{'x': 1}",
    )
    assert count_rows(path, found) == 2
