"""What a table in a file is: how it is to be read, its rows in batches, where its lines are cut and which row is a heading."""

from __future__ import annotations

import csv
import enum
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _

from rapport.foundation.records.rules.columns import guess_kind
from rapport.foundation.records.types import FieldKind

BATCH = 10_000
SAMPLE_ROWS = 200
WHITE_SPACE = " "
DELIMITERS = (",", ";", "\t", "|")


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


def detect_delimiter(lines: Sequence[str]) -> str:
    """The mark that cuts most rows into the same number of cells, and into the most of them."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in cut(lines, delimiter) if row]
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


def cut(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
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


def looks_like_header(rows: Sequence[Sequence[Any]], known: Callable[[str], bool] | None) -> bool:
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


def fitted(row: list[str], width: int) -> tuple[list[str], str]:
    """The row cut to the width of the heading if only empty cells go beyond it; else the reason for refusing it."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return row[:width], ""
    return row, _(
        "This row has %(count)s cells where the heading has %(width)s. Check for a missing or stray separator."
    ) % {"count": len(row), "width": width}
