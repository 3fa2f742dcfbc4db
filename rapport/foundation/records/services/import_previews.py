"""The first rows of a file as an import would read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from rapport.foundation.records.models import Import
from rapport.foundation.records.queries.imports import get_import
from rapport.foundation.records.rules.imports import ImportPlan, RowProblem, unsure_options
from rapport.foundation.records.rules.mapping import ColumnPlan
from rapport.foundation.records.rules.tables import Batch
from rapport.foundation.records.services.import_files import file_path, shown_cell
from rapport.foundation.records.services.import_plans import (
    parser_of,
    plan_of,
    sample_columns,
    table_format,
    targets_of,
)
from rapport.foundation.records.services.tables import first_rows
from rapport.foundation.records.types import FieldKind
from rapport.foundation.workspace.types import Actor

PREVIEW_ROWS = 20
PREVIEW_LOOK = 200  # rows among which problems are looked for


@dataclass(frozen=True)
class PreviewCell:
    position: int
    text: str
    problem: str = ""
    is_mended: bool = False


@dataclass(frozen=True)
class PreviewRow:
    number: int
    cells: tuple[PreviewCell, ...]
    problem: str = ""  # of the row as a whole

    @property
    def is_bad(self) -> bool:
        return bool(self.problem) or any(cell.problem for cell in self.cells)


@dataclass(frozen=True)
class PreviewColumn:
    plan: ColumnPlan
    samples: tuple[str, ...]
    problems: int
    is_unsure: bool
    kind: FieldKind | None


@dataclass(frozen=True)
class Preview:
    """The first rows as they would be read, those with problems first."""

    columns: tuple[PreviewColumn, ...]
    rows: tuple[PreviewRow, ...]
    looked_at: int
    bad: int


def import_preview(*, actor: Actor, import_id: UUID, size: int = PREVIEW_ROWS) -> Preview:
    """How the first rows would be read. Errors: NotFound, Unreadable."""
    row = get_import(actor=actor, import_id=import_id)
    batch = first_rows(file_path(row), table_format(row), PREVIEW_LOOK)
    plan = plan_of(row, actor)
    _rows, problems = parser_of(row, plan, batch, actor).parse(batch.numbers, batch.columns)
    return _preview(row, plan, batch, problems, actor, size)


def _preview(
    row: Import, plan: ImportPlan, batch: Batch, problems: list[RowProblem], actor: Actor, size: int
) -> Preview:
    places = {column.heading: column.position for column in plan.columns}
    wrong: dict[tuple[int, int], str] = {}
    whole: dict[int, str] = {refused.number: refused.reason for refused in batch.refused}
    for problem in problems:
        if problem.heading in places:
            wrong.setdefault((problem.row, places[problem.heading]), problem.reason)
        else:
            whole.setdefault(problem.row, f"{problem.heading}: {problem.reason}" if problem.heading else problem.reason)
    rows = [
        PreviewRow(number, _cells(row, number, [shown_cell(cell) for cell in cells], wrong), whole.get(number, ""))
        for number, cells in zip(batch.numbers, batch.rows, strict=True)
    ]
    rows += [
        PreviewRow(
            refused.number,
            tuple(PreviewCell(at, shown_cell(cell)) for at, cell in enumerate(refused.cells[: len(plan.columns)])),
            refused.reason,
        )
        for refused in batch.refused
    ]
    rows.sort(key=lambda one: one.number)
    bad = [one for one in rows if one.is_bad]
    good = [one for one in rows if not one.is_bad]
    chosen = bad[:size] + good[: max(size // 4, size - len(bad))]
    return Preview(
        _columns(row, plan, batch, wrong, actor), tuple(sorted(chosen, key=lambda one: one.number)), len(rows), len(bad)
    )


def _cells(row: Import, number: int, texts: list[str], wrong: Mapping[tuple[int, int], str]) -> tuple[PreviewCell, ...]:
    fixes = row.fixes.get(str(number), {})
    return tuple(
        PreviewCell(at, fixes.get(str(at), text)[:500], wrong.get((number, at), ""), str(at) in fixes)
        for at, text in enumerate(texts)
    )


def _columns(
    row: Import, plan: ImportPlan, batch: Batch, wrong: Mapping[tuple[int, int], str], actor: Actor
) -> tuple[PreviewColumn, ...]:
    targets = {target.name: target for target in targets_of(row, actor)}
    samples = {column.position: column for column in sample_columns(row, batch)}
    found = []
    for column in plan.columns:
        target = targets.get(column.target)
        values = samples[column.position].samples if column.position in samples else ()
        chosen = column.options.get("date_order") or column.options.get("decimal")
        found.append(
            PreviewColumn(
                plan=column,
                samples=tuple(str(value)[:60] for value in dict.fromkeys(map(str, values[:10])))[:3],
                problems=sum(at == column.position for _number, at in wrong),
                is_unsure=target is not None and not chosen and unsure_options(target, values),
                kind=column.new_kind or (target.field.kind if target else None),
            )
        )
    return tuple(found)
