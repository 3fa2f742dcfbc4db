"""Tables in the sheets of a workbook."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.rules.mapping import headings_for
from rapport.foundation.records.rules.tables import (
    BATCH,
    SAMPLE_ROWS,
    Batch,
    RefusedRow,
    Shape,
    TableFormat,
    fitted,
    looks_like_header,
)
from rapport.foundation.records.services.workbooks import Workbook


def detect_workbook(path: Path, known: Callable[[str], bool] | None) -> TableFormat:
    with Workbook(path) as workbook:
        for sheet in workbook.sheets:
            rows = [cells for _number, cells in itertools.islice(workbook.rows(sheet), SAMPLE_ROWS)]
            if rows:
                break
        else:
            raise Unreadable(_("This workbook has no sheet with rows."))
        width = max(map(len, rows))
        has_header = looks_like_header(rows, known)
        return TableFormat(
            Shape.WORKBOOK,
            sheet=sheet,
            sheets=tuple(workbook.sheets),
            has_header=has_header,
            headings=tuple(headings_for(rows[0] if has_header else None, width)),
        )


class SheetTable:
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
                            fitted([""] * len(cells[:width]) + [str(cell) for cell in cells[width:]], width)[1],
                            tuple(cells),
                        )
                    )
                    continue
                numbers.append(number)
                full.append(cells + [None] * (width - len(cells)) if len(cells) < width else cells)
            columns = [list(column) for column in zip(*full, strict=True)] if full else [[] for _ in range(width)]
            yield Batch(numbers, columns, refused, min(1.0, self._workbook.bytes_read / total))
