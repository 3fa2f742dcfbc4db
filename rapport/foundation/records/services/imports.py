"""Imports as people do them: bring a file, say what its columns are, see what would happen, do it, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import import_deferrers, importers
from rapport.foundation.records.models import (
    Import,
    ImportBatch,
    ImportProblem,
    ImportState,
    Operation,
)
from rapport.foundation.records.queries.imports import get_import
from rapport.foundation.records.rules.imports import answered
from rapport.foundation.records.rules.tables import DELIMITERS, WHITE_SPACE, Shape
from rapport.foundation.records.services.import_columns import (
    guess_columns,
    known_heading,
    option_problems,
    planned_columns,
)
from rapport.foundation.records.services.import_files import Upload, clean_name, file_path, forget_files, store_upload
from rapport.foundation.records.services.import_plans import (
    plan_of,
    questions_of,
    remember,
    sample_columns,
    table_format,
)
from rapport.foundation.records.services.import_runs import check_import, run_import
from rapport.foundation.records.services.provisions import remove_fields
from rapport.foundation.records.services.tables import count_rows, detect_again, detect_format, first_rows
from rapport.foundation.records.services.tables.encodings import ENCODINGS
from rapport.foundation.records.services.undo import require_undoable, undo
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor, Power

ROWS_AT_ONCE = 2_000  # checked and imported within the request
BYTES_AT_ONCE = 512 * 1024
NO_ID = UUID(int=0)


def start_import(*, actor: Actor, record_type: str, upload: Upload) -> Import:
    """Take a file in and find out what it is. Errors: NotAllowed, Unreadable."""
    policies.require(actor, Action.IMPORT, record_type)
    if record_type not in importers:
        raise NotFound(_("Files can't be imported into these records."))
    row = Import(
        id=ids.new_id(),
        record_type=record_type,
        member_id=actor.member_id,
        actor_name=actor.name,
        name=clean_name(upload.name or ""),
        created_at=clock.now(),
    )
    row.storage_key, row.size_bytes, row.digest = store_upload(row.pk, upload)
    try:
        path = file_path(row)
        how = detect_format(path, row.name, known=known_heading(row, actor))
        row.format = how.as_json()
        row.expected_rows = count_rows(path, how)
        with transaction.atomic():
            row.save(force_insert=True)
            guess_columns(row, actor, first_rows(path, how))
    except BaseException:
        forget_files(row)
        raise
    return row


def change_format(
    *,
    actor: Actor,
    import_id: UUID,
    encoding: str = "",
    delimiter: str = "",
    has_header: bool | None = None,
    sheet: str = "",
) -> Import:
    """Read the file another way; its columns are mapped anew. Errors: NotFound, Conflict, Invalid, Unreadable."""
    with transaction.atomic():
        row = _open(actor, import_id)
        how = table_format(row)
        problems = {}
        if how.shape is Shape.TEXT and encoding and encoding not in ENCODINGS:
            problems["encoding"] = _("Choose one of these.")
        if how.shape is Shape.TEXT and delimiter and delimiter not in (*DELIMITERS, WHITE_SPACE):
            problems["delimiter"] = _("Choose one of these.")
        if how.shape is Shape.WORKBOOK and sheet and sheet not in how.sheets:
            problems["sheet"] = _("Choose one of these.")
        if problems:
            raise Invalid(problems)
        if how.shape is Shape.TEXT:
            how = replace(how, encoding=encoding or how.encoding, delimiter=delimiter or how.delimiter)
        if how.shape is Shape.WORKBOOK:
            how = replace(how, sheet=sheet or how.sheet)
        if how.shape is not Shape.PARQUET and has_header is not None:
            how = replace(how, has_header=has_header)
        how = detect_again(file_path(row), how)
        row.format, row.fixes, row.state, row.checked_counts = how.as_json(), {}, ImportState.DRAFT, {}
        row.expected_rows = count_rows(file_path(row), how)
        row.save(update_fields=["format", "fixes", "state", "checked_counts", "expected_rows"])
        guess_columns(row, actor, first_rows(file_path(row), how))
    return row


@transaction.atomic
def change_plan(
    *,
    actor: Actor,
    import_id: UUID,
    targets: Mapping[int, str],
    column_options: Mapping[int, Mapping[str, str]] | None = None,
    answers: Mapping[str, Any] | None = None,
    key_field: str | None = None,
) -> Import:
    """Say where columns go, how they are written, and what is to happen. Errors: NotFound, Conflict, Invalid."""
    row = _open(actor, import_id)
    columns, problems = planned_columns(row, actor, targets, column_options or {})
    if answers is not None:
        found, wrong = answered(questions_of(row, actor), answers)
        row.options, problems = {**row.options, **found}, {**problems, **wrong}
    if key_field is not None:
        keys = {one.name for one in importers[row.record_type].key_fields()}
        if key_field and key_field not in keys:
            problems["key_field"] = _("Choose one of these.")
        row.key_field = key_field
    row.mapping = [column.as_json() for column in columns]
    problems |= option_problems(row)
    problems |= importers[row.record_type].problems(plan_of(row, actor))
    if (
        importers[row.record_type].new_fields == "field"
        and plan_of(row, actor).new_fields
        and not actor.has(Power.MANAGE_FIELDS)
    ):
        problems["columns"] = _("Your role does not let you add fields. Leave these columns out, or ask a manager.")
    row.state, row.checked_counts = ImportState.DRAFT, {}
    if problems:
        raise Invalid(problems)
    row.save(update_fields=["mapping", "options", "key_field", "state", "checked_counts"])
    return row


@transaction.atomic
def mend_cell(*, actor: Actor, import_id: UUID, number: int, position: int, text: str) -> Import:
    """Write another text into one cell; the file itself stays as it is. Errors: NotFound, Conflict, Invalid."""
    row = _open(actor, import_id)
    if position not in range(len(row.mapping)) or number < 1:
        raise Invalid({"cell": _("There is no such cell.")})
    if len(row.fixes) > 500 or len(text) > 2_000:
        raise Invalid({"cell": _("That is too much to mend here. Mend the file and bring it again.")})
    cells = {**row.fixes.get(str(number), {}), str(position): text}
    row.fixes = {**row.fixes, str(number): cells}
    row.state, row.checked_counts = ImportState.DRAFT, {}
    row.save(update_fields=["fixes", "state", "checked_counts"])
    return row


def begin_check(*, actor: Actor, import_id: UUID) -> Import:
    """Count what would become of every row; at once for small files, else in the worker. Errors: NotFound, Conflict, Invalid."""
    with transaction.atomic():
        row = _open(actor, import_id)
        if problems := importers[row.record_type].problems(plan_of(row, actor)):
            raise Invalid(problems)
        _remember(row)
        _set_to_work(row, ImportState.CHECKING)
        row.counts = {}
        row.save(update_fields=["counts"])
        left = _leave_to_worker(row, actor, "check")
    return row if left else _work_now(row, actor, "check")


def begin_run(*, actor: Actor, import_id: UUID) -> Import:
    """Write the rows; or go on where it was stopped. Errors: NotFound, NotAllowed, Conflict, Invalid."""
    with transaction.atomic():
        row = get_import(actor=actor, import_id=import_id, lock=True)
        policies.require(actor, Action.IMPORT, row.record_type)
        if row.state == ImportState.UNDONE or _is_undone(row):
            raise Conflict(_("This import was undone. Bring the file again."))
        if row.state not in (ImportState.DRAFT, ImportState.READY, ImportState.CANCELLED, ImportState.FAILED):
            raise Conflict(_("This import is at work or done already."))
        if problems := importers[row.record_type].problems(plan_of(row, actor)):
            raise Invalid(problems)
        _remember(row)
        _set_to_work(row, ImportState.RUNNING)
        left = _leave_to_worker(row, actor, "run")
    return row if left else _work_now(row, actor, "run")


@transaction.atomic
def cancel_import(*, actor: Actor, import_id: UUID) -> Import:
    """Stop after the batch at work; what was written stays, and can be undone or gone on with. Errors: NotFound, Conflict."""
    row = get_import(actor=actor, import_id=import_id, lock=True)
    if row.state not in (ImportState.CHECKING, ImportState.RUNNING):
        raise Conflict(_("This is finished already."))
    row.state = ImportState.DRAFT if row.state == ImportState.CHECKING else ImportState.CANCELLED
    row.finished_at = clock.now()
    row.save(update_fields=["state", "finished_at"])
    return row


def begin_undo(*, actor: Actor, import_id: UUID) -> Import:
    """Take the whole import back. Errors: NotFound, NotAllowed, Conflict."""
    with transaction.atomic():
        row = get_import(actor=actor, import_id=import_id, lock=True)
        operation = Operation.objects.filter(pk=row.operation_id or NO_ID).first()
        if operation is None or row.state not in (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED):
            raise Conflict(_("There is nothing to undo yet."))
        require_undoable(actor, operation)
        row.state, row.started_at = ImportState.UNDOING, clock.now()
        row.save(update_fields=["state", "started_at"])
        left = _leave_to_worker(row, actor, "undo")
    return row if left else _work_now(row, actor, "undo")


def undo_import(*, actor: Actor, import_id: UUID) -> None:
    """Do what begin_undo was asked for."""
    row = Import.objects.filter(pk=import_id, state=ImportState.UNDOING).first()
    if row is None or row.operation_id is None:
        return
    try:
        undo(actor=actor, operation_id=row.operation_id)
    except (Conflict, NotAllowed, NotFound) as error:
        Import.objects.filter(pk=import_id).update(state=ImportState.DONE, problem=str(error)[:500])


def undo_operation(*, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
    """The undo handler of imports, whoever asks for it."""
    for row in Import.objects.select_for_update().filter(operation_id=operation.id):
        if row.state == ImportState.RUNNING:
            raise Conflict(_("This import is still at work. Stop it first."))
        row.state, row.finished_at = ImportState.UNDONE, clock.now()
        row.save(update_fields=["state", "finished_at"])
    counts = importers[operation.record_type].undo(actor=actor, operation=operation, reverse=reverse)
    remove_fields(operation=operation)
    return counts


@transaction.atomic
def discard_import(*, actor: Actor, import_id: UUID) -> None:
    """Forget the file. What it brought stays. Errors: NotFound, Conflict."""
    row = get_import(actor=actor, import_id=import_id, lock=True)
    if row.is_busy:
        raise Conflict(_("This import is at work. Stop it first."))
    ImportProblem.objects.filter(import_id=row.pk).delete()
    ImportBatch.objects.filter(import_id=row.pk).delete()
    row.delete()
    transaction.on_commit(lambda: forget_files(row))


# Working


def _open(actor: Actor, import_id: UUID) -> Import:
    row = get_import(actor=actor, import_id=import_id, lock=True)
    policies.require(actor, Action.IMPORT, row.record_type)
    if not row.is_open:
        raise Conflict(_("This import is at work or done already."))
    return row


def _set_to_work(row: Import, state: ImportState) -> None:
    row.state, row.share, row.problem = state, 0, ""
    row.started_at, row.heartbeat_at, row.finished_at = clock.now(), clock.now(), None
    row.save(update_fields=["state", "share", "problem", "started_at", "heartbeat_at", "finished_at"])


def _leave_to_worker(row: Import, actor: Actor, step: str) -> bool:
    """Inside the transaction that changes the state, so that there is never one without the other."""
    if _is_small(row) or actor.member_id is None:
        return False
    import_deferrers["worker"](row.pk, step, actor.member_id)
    return True


def _work_now(row: Import, actor: Actor, step: str) -> Import:
    {"check": check_import, "run": run_import, "undo": undo_import}[step](actor=actor, import_id=row.pk)
    row.refresh_from_db()
    return row


def _is_small(row: Import) -> bool:
    return row.size_bytes <= BYTES_AT_ONCE and row.expected_rows <= ROWS_AT_ONCE


def _remember(row: Import) -> None:
    batch = first_rows(file_path(row), table_format(row))
    remember(row, sample_columns(row, batch))


def _is_undone(row: Import) -> bool:
    return Operation.objects.filter(pk=row.operation_id or NO_ID, undone_at__isnull=False).exists()
