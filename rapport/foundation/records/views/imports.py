"""Imports: bring a file, map its columns, check all rows, write them, take them back. Each step is a plain form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.records.extension_points import importers, record_types
from rapport.foundation.records.forms import imports as forms
from rapport.foundation.records.forms.fields import kind_said
from rapport.foundation.records.forms.imports import QuestionsForm, UploadForm
from rapport.foundation.records.queries import imports as queries
from rapport.foundation.records.queries.addresses import records_url
from rapport.foundation.records.queries.list_pages import list_url
from rapport.foundation.records.rules.conditions import InSet
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.records.services import imports
from rapport.foundation.records.services.import_columns import NEW_KINDS
from rapport.foundation.records.services.import_files import refused_rows
from rapport.foundation.records.services.import_plans import questions_of, table_format, targets_of
from rapport.foundation.records.services.import_previews import PreviewColumn, import_preview
from rapport.foundation.records.services.tables.encodings import ENCODINGS
from rapport.foundation.records.types import FieldKind
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest

LIST, NEW, DETAIL = "records/imports/list.html", "records/imports/new.html", "records/imports/detail.html"


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    """All imports, newest first."""
    types = queries.importable(request.actor)
    if not types:
        raise NotFound(_("There is nothing you may import into."))
    return render(request, LIST, {"lines": queries.import_lines(actor=request.actor)})


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    types = queries.importable(request.actor)
    if not types:
        raise NotFound(_("There is nothing you may import into."))
    into = request.GET.get("into", "")
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        types=types,
        initial={"into": into if into in types else next(iter(types))},
    )
    if request.method == "GET" or not form.is_valid():
        return render(request, NEW, {"form": form}, status=200 if request.method == "GET" else 422)
    try:
        row = imports.start_import(
            actor=request.actor, record_type=form.cleaned_data["into"], upload=form.cleaned_data["file"]
        )
    except Unreadable as error:
        form.add_error("file", str(error))
        return render(request, NEW, {"form": form}, status=422)
    return redirect(request, _url(row.pk))


@require_safe
def detail(request: WorkspaceRequest, import_id: UUID) -> HttpResponse:
    """One import as it stands: its columns, the work under way, or what came of it."""
    return _page(request, import_id)


@require_POST
def plan(request: WorkspaceRequest, import_id: UUID) -> HttpResponse:
    """Save the mapping and the answers; `go` says what next: nothing, check, or run."""
    row = queries.get_import(actor=request.actor, import_id=import_id)
    try:
        imports.change_plan(
            actor=request.actor,
            import_id=import_id,
            targets=_targets(request.POST),
            column_options=_column_options(request.POST),
            answers={
                name: request.POST.get(name, "")
                for name in (question.name for question in questions_of(row, request.actor))
            },
            key_field=request.POST.get("key_field", ""),
        )
        go = request.POST.get("go", "")
        if go == "check":
            imports.begin_check(actor=request.actor, import_id=import_id)
        elif go == "run":
            imports.begin_run(actor=request.actor, import_id=import_id)
    except Invalid as error:
        return _page(request, import_id, sent=request.POST, problems=error.problems)
    except Conflict as conflict:
        return redirect(request, _url(import_id), toast=str(conflict))
    return redirect(request, _url(import_id)) if go or not request.htmx else _page(request, import_id)


@require_POST
def read_as(request: WorkspaceRequest, import_id: UUID) -> HttpResponse:
    """Read the file another way."""
    try:
        imports.change_format(
            actor=request.actor,
            import_id=import_id,
            encoding=request.POST.get("encoding", ""),
            delimiter=request.POST.get("delimiter", ""),
            has_header=request.POST.get("has_header") == "on" if "header_asked" in request.POST else None,
            sheet=request.POST.get("sheet", ""),
        )
    except Invalid as error:
        return _page(request, import_id, problems=error.problems)
    except (Unreadable, Conflict) as error:
        return _page(request, import_id, problems={"format": str(error)})
    return redirect(request, _url(import_id))


@require_POST
def mend(request: WorkspaceRequest, import_id: UUID) -> HttpResponse:
    """Another text for one cell of the preview."""
    try:
        imports.mend_cell(
            actor=request.actor,
            import_id=import_id,
            number=_whole(request.POST.get("row", "")),
            position=_whole(request.POST.get("column", "")),
            text=request.POST.get("text", ""),
        )
    except Invalid as error:
        return _page(request, import_id, problems=error.problems)
    except Conflict as conflict:
        return redirect(request, _url(import_id), toast=str(conflict))
    return _page(request, import_id) if request.htmx else redirect(request, f"{_url(import_id)}#preview")


@require_POST
def act(request: WorkspaceRequest, import_id: UUID, word: str) -> HttpResponse:
    """check, run, cancel, undo or discard."""
    does = {
        "check": imports.begin_check,
        "run": imports.begin_run,
        "cancel": imports.cancel_import,
        "undo": imports.begin_undo,
        "discard": imports.discard_import,
    }.get(word)
    if does is None:
        raise NotFound
    try:
        does(actor=request.actor, import_id=import_id)
    except Invalid as error:
        return _page(request, import_id, problems=error.problems)
    except Conflict as conflict:
        return redirect(request, _url(import_id), toast=str(conflict))
    if word == "discard":
        return redirect(request, reverse("records:imports"), toast=_("The file is gone. What it brought stays."))
    return redirect(request, _url(import_id))


@require_safe
def refused(request: WorkspaceRequest, import_id: UUID) -> HttpResponseBase:
    """The refused rows as a file, with what to mend in each."""
    row = queries.get_import(actor=request.actor, import_id=import_id)
    response = StreamingHttpResponse(refused_rows(row), content_type="text/csv; charset=utf-8")
    stem = row.name.rpartition(".")[0] or row.name
    response["Content-Disposition"] = _attachment(f"{stem} - {_('refused')}.csv")
    return response


def _page(
    request: WorkspaceRequest, import_id: UUID, *, sent: QueryDict | None = None, problems: Any = None
) -> HttpResponse:
    row = queries.get_import(actor=request.actor, import_id=import_id)
    context: dict[str, Any] = {
        "row": row,
        "step": queries.step_of(row),
        "steps": _steps(queries.step_of(row)),
        "record_type": record_types[row.record_type],
        "counts": row.checked_counts if row.is_open else row.counts,
        "percent": round(row.share * 100),
        "problems": queries.problems_of(row) if row.state != "draft" else [],
    }
    if row.is_open:
        context |= _open_context(request, row, sent, problems or {})
    elif row.operation_id:
        context["list_url"] = _list_of_imported(row)
    return render(request, DETAIL, context, partial="import", status=422 if problems else 200)


def _open_context(
    request: WorkspaceRequest, row: Any, sent: QueryDict | None, problems: dict[str, str]
) -> dict[str, Any]:
    questions = questions_of(row, request.actor)
    keys = importers[row.record_type].key_fields()
    form = QuestionsForm(sent, questions=questions, keys=keys, initial={**row.options, "key_field": row.key_field})
    if sent is not None:
        form.is_valid()
        form.refuse({name: reason for name, reason in problems.items() if not name.startswith("column-")})
    try:
        preview = import_preview(actor=request.actor, import_id=row.pk)
    except Unreadable as error:
        preview, problems = None, {**problems, "format": str(error)}
    how = table_format(row)
    return {
        "form": form,
        "preview": preview,
        "wrong": problems,
        "columns": [_column(column, sent, problems) for column in preview.columns] if preview else [],
        "groups": _groups(row, request),
        "new_kinds": _new_kinds(row),
        "how": how,
        "encodings": list(ENCODINGS.items()),
        "delimiters": forms.DELIMITER_NAMES,
        "date_orders": forms.DATE_ORDERS,
        "decimals": forms.DECIMALS,
    }


def _column(column: PreviewColumn, sent: QueryDict | None, problems: dict[str, str]) -> dict[str, Any]:
    name = f"column-{column.plan.position}"
    return {
        "column": column,
        "name": name,
        "target": sent.get(name, "") if sent is not None else column.plan.target,
        "problem": problems.get(name, ""),
        "asks_order": column.kind in (FieldKind.DATE, FieldKind.INSTANT),
        "asks_decimal": column.kind in (FieldKind.NUMBER, FieldKind.MONEY),
    }


def _groups(row: Any, request: WorkspaceRequest) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The fields a column can go to, by their headings in forms."""
    groups: dict[str, tuple[Any, list[tuple[str, Any]]]] = {}
    for target in targets_of(row, request.actor):
        label = target.field.group or _("Fields")
        groups.setdefault(str(label), (label, []))[1].append((target.name, target.field.label))
    return list(groups.values())


def _new_kinds(row: Any) -> list[tuple[str, Any]]:
    if not importers[row.record_type].new_fields:
        return []
    return [(f"new:{kind}", kind_said(kind)) for kind in NEW_KINDS]


def _steps(current: str) -> list[tuple[str, str, str]]:
    words = {"file": _("File"), "columns": _("Columns"), "check": _("Check"), "import": _("Import")}
    at = queries.STEPS.index(current)
    return [
        (name, words[name], "done" if place < at else "now" if place == at else "")
        for place, name in enumerate(queries.STEPS)
    ]


def _list_of_imported(row: Any) -> str:
    page = queries.list_of(row.record_type)
    if page is None:
        return records_url(record_types[row.record_type])
    state = ListState(where=InSet("import", str(row.operation_id), True))
    return f"{list_url(page)}?{state.query()}"


def _targets(sent: QueryDict) -> dict[int, str]:
    return {_whole(name.removeprefix("column-")): sent.get(name, "") for name in sent if name.startswith("column-")}


def _column_options(sent: QueryDict) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for name in sent:
        for option in ("date_order", "decimal"):
            if name.startswith(f"{option}-"):
                found.setdefault(_whole(name.removeprefix(f"{option}-")), {})[option] = sent.get(name, "")
    return found


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _url(import_id: UUID) -> str:
    return reverse("records:import", args=[import_id])


def _attachment(name: str) -> str:
    return content_disposition_header(True, name) or "attachment"
