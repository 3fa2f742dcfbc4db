"""Imports as people do them: bring a file, say what its columns are, see what would happen, do it, take it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies
from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.extension_points import import_deferrers, importers
from rapport.foundation.records.models import (
    Import,
    ImportBatch,
    ImportProblem,
    ImportState,
    Operation,
    RememberedMapping,
)
from rapport.foundation.records.queries.imports import get_import
from rapport.foundation.records.rules.dates import DateOrder
from rapport.foundation.records.rules.imports import ImportPlan, RowProblem, answered, unsure_options
from rapport.foundation.records.rules.mapping import NEW, ColumnPlan, Guess, folded_heading, guess_mapping
from rapport.foundation.records.rules.tables import DELIMITERS, WHITE_SPACE, Batch, Shape
from rapport.foundation.records.services.import_plans import (
    columns_of,
    file_path,
    fingerprint_of,
    parser_of,
    plan_of,
    questions_of,
    remember,
    sample_columns,
    table_format,
    targets_of,
    workspace_country,
    workspace_currency,
)
from rapport.foundation.records.services.import_runs import check_import, forget_files, run_import, shown_cell
from rapport.foundation.records.services.provisions import remove_fields
from rapport.foundation.records.services.tables import count_rows, detect_again, detect_format, first_rows
from rapport.foundation.records.services.tables.encodings import ENCODINGS
from rapport.foundation.records.services.undo import require_undoable, undo
from rapport.foundation.records.types import FieldKind
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor, Power

ROWS_AT_ONCE = 2_000  # checked and imported within the request
BYTES_AT_ONCE = 512 * 1024
NO_ID = UUID(int=0)
PREVIEW_ROWS = 20
PREVIEW_LOOK = 200  # rows among which problems are looked for
NEW_KINDS = (
    FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.INSTANT,
    FieldKind.BOOLEAN, FieldKind.URL, FieldKind.EMAIL, FieldKind.PHONE,
)  # fmt: skip


class Upload(Protocol):
    """A file as it comes in."""

    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...

    def chunks(self) -> Iterable[bytes]: ...


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
        name=_clean_name(upload.name or ""),
        created_at=clock.now(),
    )
    row.storage_key, row.size_bytes, row.digest = _store(row.pk, upload)
    try:
        path = file_path(row)
        how = detect_format(path, row.name, known=_known_heading(row, actor))
        row.format = how.as_json()
        row.expected_rows = count_rows(path, how)
        with transaction.atomic():
            row.save(force_insert=True)
            _guess(row, actor, first_rows(path, how))
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
        _guess(row, actor, first_rows(file_path(row), how))
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
    columns, problems = _planned(row, actor, targets, column_options or {})
    if answers is not None:
        found, wrong = answered(questions_of(row, actor), answers)
        row.options, problems = {**row.options, **found}, {**problems, **wrong}
    if key_field is not None:
        keys = {one.name for one in importers[row.record_type].key_fields()}
        if key_field and key_field not in keys:
            problems["key_field"] = _("Choose one of these.")
        row.key_field = key_field
    row.mapping = [column.as_json() for column in columns]
    problems |= _option_problems(row)
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


def preview(*, actor: Actor, import_id: UUID, size: int = PREVIEW_ROWS) -> Preview:
    """How the first rows would be read. Errors: NotFound, Unreadable."""
    row = get_import(actor=actor, import_id=import_id)
    batch = first_rows(file_path(row), table_format(row), PREVIEW_LOOK)
    plan = plan_of(row, actor)
    _rows, problems = parser_of(row, plan, batch, actor).parse(batch.numbers, batch.columns)
    return _preview(row, plan, batch, problems, actor, size)


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


# Taking a file in


def _store(import_id: UUID, upload: Upload) -> tuple[str, int, str]:
    digest, size = hashlib.blake2b(digest_size=32), 0
    key = default_storage.save(f"imports/{import_id.hex}/source", ContentFile(b""))
    path = Path(default_storage.path(key))
    try:
        with path.open("wb") as stream:
            for chunk in upload.chunks():
                size += len(chunk)
                if size > settings.MAX_IMPORT_BYTES:
                    limit = settings.MAX_IMPORT_BYTES // 1024 // 1024
                    raise Unreadable(
                        _("This file is larger than %(limit)s MB. Split it, or ask whoever runs Rapport to allow more.")
                        % {"limit": limit}
                    )
                digest.update(chunk)
                stream.write(chunk)
    except BaseException:
        default_storage.delete(key)
        raise
    return key, size, digest.hexdigest()


def _clean_name(name: str) -> str:
    bare = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in bare if sign.isprintable()).strip()[:240] or _("File")


def _known_heading(row: Import, actor: Actor) -> Any:
    words: set[str] = set()
    for target in targets_of(row, actor):
        words.update(map(folded_heading, (target.name, str(target.field.label), *target.field.aliases)))
    return lambda heading: folded_heading(heading) in words


def _guess(row: Import, actor: Actor, batch: Batch) -> None:
    """Map the columns and answer the questions, as well as the file and earlier imports let one."""
    importer = importers[row.record_type]
    columns = sample_columns(row, batch)
    targets = targets_of(row, actor)
    remembered = RememberedMapping.objects.filter(pk=fingerprint_of(row, columns), record_type=row.record_type).first()
    guess = importer.settle(
        guess_mapping(
            columns,
            [target.field for target in targets],
            has_header=table_format(row).has_header,
            remembered=[ColumnPlan.from_json(each) for each in remembered.mapping] if remembered else (),
            many=[target.name for target in targets if target.many],
            raw_log=importer.raw_log,
        )
    )
    row.mapping, row.system = [plan.as_json() for plan in guess.columns], guess.system
    row.options = {
        "bad_values": "refuse",
        "region": workspace_country(),
        "currency": workspace_currency(),
        **importer.answers(guess, columns),
        **(remembered.options if remembered else {}),
    }
    row.key_field = remembered.key_field if remembered else _first_key(row, guess)
    row.save(update_fields=["mapping", "system", "options", "key_field"])


def _first_key(row: Import, guess: Guess) -> str:
    targets = {plan.target for plan in guess.columns}
    return next((one.name for one in importers[row.record_type].key_fields() if one.name in targets), "")


def _planned(
    row: Import, actor: Actor, targets: Mapping[int, str], options: Mapping[int, Mapping[str, str]]
) -> tuple[list[ColumnPlan], dict[str, str]]:
    known = {target.name: target for target in targets_of(row, actor)}
    allowed = {f"{NEW}{kind}" for kind in NEW_KINDS} if importers[row.record_type].new_fields else set()
    columns, used, problems = [], set(), {}
    for plan in columns_of(row):
        target = targets.get(plan.position, plan.target)
        name = f"column-{plan.position}"
        if target and target not in known and target not in allowed:
            problems[name] = _("There is no such field.")
        elif target and target in used and not (target in allowed or known[target].many):
            problems[name] = _("Another column goes there already.")
        used.add(target)
        said = options.get(plan.position) or {}
        chosen = {
            **{name: value for name, value in plan.options.items() if name not in said},
            **{name: value for name, value in said.items() if _is_option(name, value)},
        }
        columns.append(
            replace(plan, target=target, reason=plan.reason if target == plan.target else "", options=chosen)
        )
    return columns, problems


def _is_option(name: str, value: str) -> bool:
    return (name == "date_order" and value in set(DateOrder)) or (name == "decimal" and value in (".", ","))


def _option_problems(row: Import) -> dict[str, str]:
    problems = {}
    for name, length in (("region", 2), ("currency", 3)):
        value = str(row.options.get(name) or "")
        if value and not (len(value) == length and value.isascii() and value.isalpha()):
            problems[name] = _("Two letters, such as NL.") if length == 2 else _("Three letters, such as EUR.")
    return problems


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
    if is_small(row) or actor.member_id is None:
        return False
    import_deferrers["worker"](row.pk, step, actor.member_id)
    return True


def _work_now(row: Import, actor: Actor, step: str) -> Import:
    {"check": check_import, "run": run_import, "undo": undo_import}[step](actor=actor, import_id=row.pk)
    row.refresh_from_db()
    return row


def is_small(row: Import) -> bool:
    return row.size_bytes <= BYTES_AT_ONCE and row.expected_rows <= ROWS_AT_ONCE


def _remember(row: Import) -> None:
    batch = first_rows(file_path(row), table_format(row))
    remember(row, sample_columns(row, batch))


def _is_undone(row: Import) -> bool:
    return Operation.objects.filter(pk=row.operation_id or NO_ID, undone_at__isnull=False).exists()


# Showing


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
