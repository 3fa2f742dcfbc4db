"""Lists into files: CSV, XLSX or Parquet, row by row, so that memory does not grow with the list."""

from __future__ import annotations

import contextlib
import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import export_deferrers, list_pages
from rapport.foundation.records.models import ExportRun
from rapport.foundation.records.queries.exports import ExportColumn, chosen_rows, chunks, export_columns
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules.bulk import Selection, selection_of
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.rules.exports import guarded
from rapport.foundation.records.rules.numbers import parse_number
from rapport.foundation.records.rules.texts import text_of
from rapport.foundation.records.types import FieldKind
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound, RapportError
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Action, Actor

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("csv", "xlsx", "parquet")
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
ROWS_AT_ONCE = 2_000
KEPT_DAYS = 7
NOBODY = UUID(int=0)
ROWS_OF_SHEET = 1_048_575  # below the heading
LONGEST_CELL = 32_767  # of a spreadsheet

Writer = Callable[[Sequence[Sequence[Any]]], None]


def start_export(*, actor: Actor, selection: Selection, kind: str, columns: Sequence[str] = ()) -> ExportRun:
    """Write the chosen rows into a file; small ones at once, others in the worker. Errors: NotAllowed, NotFound, Invalid."""
    page = list_pages.get(selection.page)
    if page is None:
        raise NotFound(_("There is no such list."))
    policies.require(actor, Action.EXPORT, page.record_type)
    if actor.member_id is None:
        raise NotAllowed(_("Only people can start this."))
    if kind not in KINDS:
        raise Invalid({"kind": _("Choose CSV, XLSX or Parquet.")})
    if not selection.all_matching and not selection.ids:
        raise Invalid({"ids": _("Choose some records first.")})
    _forget_old(actor)
    words = Words(readable_type(page.record_type, actor=actor), actor)
    total = chosen_rows(page, selection, words).order_by().count()
    with transaction.atomic():
        run = ExportRun.objects.create(
            record_type=page.record_type,
            page=page.name,
            member_id=actor.member_id,
            name=f"{words.record_type.plural} {clock.now().astimezone(ZoneInfo(actor.timezone)):%Y-%m-%d}",
            kind=kind,
            columns=list(columns),
            selection=json.loads(msgspec.json.encode(selection)),
            total=total,
            created_at=clock.now(),
        )
        audit.record(
            "records_exported",
            actor=actor,
            subject=run.name,
            subject_type=page.record_type,
            subject_id=run.pk,
            rows=total,
            kind=kind,
        )
        if total > ROWS_AT_ONCE:
            export_deferrers["worker"](run.pk)
            return run
    work_on_export(actor=actor, run_id=run.pk)
    run.refresh_from_db()
    return run


def work_on_export(*, actor: Actor, run_id: UUID) -> None:
    """Make the file; started anew, it begins again."""
    run = ExportRun.objects.filter(pk=run_id).exclude(state__in=_OVER).first()
    if run is None:
        return
    try:
        _make(run, actor)
    except (RapportError, ConditionError) as error:
        _end(run, ExportRun.State.FAILED, str(error))


@transaction.atomic
def cancel_export(*, actor: Actor, run_id: UUID) -> ExportRun:
    """Stop after the rows at work. Errors: NotFound, Conflict."""
    run = ExportRun.objects.select_for_update().filter(pk=run_id, member_id=actor.member_id or NOBODY).first()
    if run is None:
        raise NotFound(_("There is no such export."))
    if run.is_over:
        raise Conflict(_("This is finished already."))
    _end(run, ExportRun.State.CANCELLED)
    return run


def open_export(run: ExportRun) -> Any:
    """The file of a finished export. Errors: NotFound when it is gone."""
    if run.state != ExportRun.State.DONE or not default_storage.exists(run.storage_key):
        raise NotFound(_("This file is not kept any more. Export the list again."))
    return default_storage.open(run.storage_key)


def _make(run: ExportRun, actor: Actor) -> None:
    selection = selection_of(run.selection)
    page = list_pages[selection.page]
    policies.require(actor, Action.EXPORT, run.record_type)
    words = Words(readable_type(run.record_type, actor=actor), actor)
    columns = export_columns(words.record_type, run.columns)
    rows = chosen_rows(page, selection, words)
    ExportRun.objects.filter(pk=run.pk).update(state=ExportRun.State.RUNNING)
    with tempfile.TemporaryDirectory() as folder:
        path, done = Path(folder) / f"file.{run.kind}", 0
        with _WRITERS[run.kind](path, columns, actor) as write:
            for part in chunks(rows, columns, actor):
                write(part)
                done += len(part)
                if not _report(run, done):
                    return
        with path.open("rb") as stream:
            run.storage_key = default_storage.save(f"exports/{ids.new_id().hex}/{run.kind}", File(stream))
        run.size_bytes, run.done, run.total = path.stat().st_size, done, done
    run.save(update_fields=["storage_key", "size_bytes", "done", "total"])
    _end(run, ExportRun.State.DONE)


def _report(run: ExportRun, done: int) -> bool:
    """Write down how far it got; whether nobody cancelled meanwhile."""
    return bool(ExportRun.objects.filter(pk=run.pk).exclude(state=ExportRun.State.CANCELLED).update(done=done))


def _end(run: ExportRun, state: ExportRun.State, problem: str = "") -> None:
    run.state, run.problem, run.finished_at = state, problem[:300], clock.now()
    run.save(update_fields=["state", "problem", "finished_at"])


def _forget_old(actor: Actor) -> None:
    """Files are kept for some days only: they hold what the workspace knows of people."""
    for run in ExportRun.objects.filter(created_at__lt=clock.now() - timedelta(days=KEPT_DAYS)):
        if run.storage_key:
            with contextlib.suppress(OSError):
                default_storage.delete(run.storage_key)
        run.delete()


_OVER = (ExportRun.State.DONE, ExportRun.State.FAILED, ExportRun.State.CANCELLED)


# Writers: each takes rows of values in the order of the columns. Their libraries are imported where a file is written,
# so that web processes stay small.


@contextmanager
def _csv(path: Path, columns: Sequence[ExportColumn], actor: Actor) -> Iterator[Writer]:
    zone = ZoneInfo(actor.timezone)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream)
        out.writerow([guarded(one.heading) for one in columns])

        def write(rows: Sequence[Sequence[Any]]) -> None:
            out.writerows([guarded(_text(value, zone)) for value in row] for row in rows)

        yield write


@contextmanager
def _xlsx(path: Path, columns: Sequence[ExportColumn], actor: Actor) -> Iterator[Writer]:
    import xlsxwriter

    zone = ZoneInfo(actor.timezone)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    bold = book.add_format({"bold": True})
    sheet, line = None, ROWS_OF_SHEET + 1

    def put(place: int, value: Any) -> None:
        if sheet is None or value is None or value == "":
            return
        if isinstance(value, bool):
            sheet.write_boolean(line, place, value)
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(line, place, float(value))
        elif isinstance(value, datetime):
            sheet.write_datetime(line, place, value.astimezone(zone).replace(tzinfo=None), moment)
        elif isinstance(value, date):
            sheet.write_datetime(line, place, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001 - a day
        else:
            sheet.write_string(line, place, guarded(_text(value, zone))[:LONGEST_CELL])

    def write(rows: Sequence[Sequence[Any]]) -> None:
        nonlocal sheet, line
        for row in rows:
            if line > ROWS_OF_SHEET:
                sheet, line = book.add_worksheet(), 1
                for place, one in enumerate(columns):
                    sheet.write_string(0, place, guarded(one.heading), bold)
            for place, value in enumerate(row):
                put(place, value)
            line += 1

    write([])
    yield write
    if sheet is None:
        sheet = book.add_worksheet()
        for place, one in enumerate(columns):
            sheet.write_string(0, place, guarded(one.heading), bold)
    book.close()


@contextmanager
def _parquet(path: Path, columns: Sequence[ExportColumn], actor: Actor) -> Iterator[Writer]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = _types()
    schema = pa.schema([(one.name, types.get(one.field.kind, pa.string())) for one in columns])
    with pq.ParquetWriter(path, schema, compression="zstd") as out:

        def write(rows: Sequence[Sequence[Any]]) -> None:
            arrays = [
                pa.array([_typed(value, kind.type) for value in column], type=kind.type)
                for column, kind in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            out.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write


_WRITERS = {"csv": _csv, "xlsx": _xlsx, "parquet": _parquet}


def _types() -> dict[FieldKind, pa.DataType]:
    import pyarrow as pa

    return {
        FieldKind.NUMBER: pa.decimal128(24, 9),
        FieldKind.DATE: pa.date32(),
        FieldKind.INSTANT: pa.timestamp("us", tz="UTC"),
        FieldKind.BOOLEAN: pa.bool_(),
        FieldKind.TAGS: pa.list_(pa.string()),
        FieldKind.MULTI_CHOICE: pa.list_(pa.string()),
    }


def _text(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, dict):
        return (
            f"{value['amount']} {value['currency']}"
            if {"amount", "currency"} <= set(value)
            else json.dumps(value, ensure_ascii=False)
        )
    return text_of(value).replace("\x00", "")


def _typed(value: Any, kind: pa.DataType) -> Any:
    import pyarrow as pa

    if value in (None, "", []):
        return None
    if pa.types.is_string(kind):
        return _text(value, ZoneInfo("UTC"))
    if pa.types.is_decimal(kind):
        return parse_number(value).quantize(Decimal("0.000000001"))
    if pa.types.is_timestamp(kind) and isinstance(value, datetime):
        return value.astimezone(UTC)
    return value
