"""Editing one cell of a list in place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rapport.foundation.records.forms import cells as forms
from rapport.foundation.records.forms.filters import Data
from rapport.foundation.records.queries.filters import member_options
from rapport.foundation.records.queries.list_pages import cell_url_pattern, page_named, words_for
from rapport.foundation.records.queries.lists import Cell, Row, json_value, one_row
from rapport.foundation.records.services.records import update_record
from rapport.foundation.records.types import FieldKind
from rapport.foundation.ui.render import render, toast
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest

TEMPLATE = "records/lists/cell.html"


@require_http_methods(["GET", "POST", "PATCH"])
def cell(request: WorkspaceRequest, page: str, row_id: UUID, field: str) -> HttpResponse:
    """GET: the form, or with `show` the value. POST: the new value; 422 keeps the form open and says why."""
    row = _row(request, page, row_id, field)
    found = row.cells[0]
    context = _context(page, row, found, position=request.GET.get("at", ""))
    if request.method == "GET":
        if "show" not in request.GET and found.may_edit:
            context["form"] = forms.cell_form(found.column.field, json_value(found), _members(found))
        return render(request, TEMPLATE, context)
    data = Data(request.POST.getlist)
    try:
        _instance, operation = update_record(
            actor=request.actor,
            record_type=page_named(page).record_type,
            record_id=row_id,
            values={field: forms.cell_value(found.column.field, data)},
            expected_version=int(version) if (version := data.one("version")).isdigit() else None,
        )
    except Invalid as error:
        problem = error.problems.get(field) or "; ".join(error.problems.values())
        return _refused(request, context, found, data, problem, status=422)
    except Conflict:
        return _refused(
            request, context, found, data, _("Somebody changed this a moment ago. Look again, then decide."), status=409
        )
    context = _context(page, _row(request, page, row_id, field), None, position=request.GET.get("at", ""))
    context["saved"] = True
    response = render(request, TEMPLATE, context)
    if operation is None:
        return response
    text = _("%(field)s of %(name)s changed.") % {"field": found.column.field.label, "name": row.title}
    return toast(response, text, undo_url=reverse("records:undo", args=[operation.id]))


def _row(request: WorkspaceRequest, page: str, row_id: UUID, field: str) -> Row:
    listed = page_named(page)
    row = one_row(listed, row_id, [field], words=words_for(listed, actor=request.actor))
    if row is None or len(row.cells) != 1 or row.cells[0].column.field.name != field:
        raise NotFound
    return row


def _context(page: str, row: Row, found: Cell | None, *, position: str) -> dict[str, Any]:
    pattern = cell_url_pattern(reverse("records:cell", args=[page, UUID(int=0), "x"]))
    at = int(position) if position.isascii() and position.isdigit() and len(position) < 3 else 0
    return {"row": row, "cell": found or row.cells[0], "cell_url": pattern, "at": at}


def _members(found: Cell) -> list[tuple[str, str]]:
    return member_options() if found.column.field.kind is FieldKind.MEMBER else []


def _refused(
    request: WorkspaceRequest, context: dict[str, Any], found: Cell, data: Data, problem: str, *, status: int
) -> HttpResponse:
    context["form"] = forms.sent_cell_form(found.column.field, data, _members(found), problem)
    return render(request, TEMPLATE, context, status=status)
