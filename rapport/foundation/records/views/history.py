"""What happened to one record, and what happened lately in the whole workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.addresses import record_url, records_url
from rapport.foundation.records.queries.history import HistoryLine, history
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.queries.operations import may_undo, recent_operations
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Actor

PAGE = 50
CHANGES_ON_PAGE = 30


def history_page(request: WorkspaceRequest, *, record_type: str, record: Any, ids: Sequence[UUID]) -> HttpResponse:
    """Every act on a visible record, each with Undo where the actor may."""
    lines = history(actor=request.actor, record_type=record_type, ids=ids, limit=PAGE, before=_cursor(request))
    declared = record_types[record_type]
    last = lines[-1].cursor if lines else None
    context = {
        "record": record,
        "title": getattr(record, declared.title_path),
        "record_type": declared,
        "record_url": record_url(declared, record.pk),
        "list_url": records_url(declared),
        "lines": lines,
        "names": names_of_lines(request.actor, lines),
        "may_undo": may_undo(request.actor, record_type),
        "earlier": str(last) if last and len(lines) >= PAGE else "",
    }
    return render(request, "records/history/record.html", context, partial="lines")


@require_safe
def changes(request: WorkspaceRequest) -> HttpResponse:
    """Recent acts in the workspace, as far as the actor may see them."""
    found = recent_operations(actor=request.actor, before=_cursor(request), limit=CHANGES_ON_PAGE + 1)
    context = {
        "acts": found[:CHANGES_ON_PAGE],
        "earlier": str(found[CHANGES_ON_PAGE - 1].id) if len(found) > CHANGES_ON_PAGE else "",
    }
    return render(request, "records/history/changes.html", context, partial="acts")


def names_of_lines(actor: Actor, lines: Sequence[HistoryLine]) -> Names:
    """Names for the ids that stand in a history: two or three queries for any number of lines."""
    fields = {each.field.name: each.field for line in lines for each in line.fields if each.field}
    values: list[dict[str, Any]] = []
    for line in lines:
        values += [{each.name: each.before for each in line.fields}, {each.name: each.after for each in line.fields}]
    return names_in(actor=actor, fields=fields.values(), values=values)


def _cursor(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("before", ""))
    except ValueError:
        return None
