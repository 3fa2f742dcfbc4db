"""Exports: a list, or some of its rows, into a file."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records import policies
from rapport.foundation.records.queries.exports import export_columns, get_export, own_exports
from rapport.foundation.records.queries.list_pages import current_tree, list_url, page_named, words_for
from rapport.foundation.records.queries.lists import columns_of
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.bulk import Selection
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.rules.lists import ListState, state_of
from rapport.foundation.records.services import exports
from rapport.foundation.records.types import ListPage
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action

KINDS = (
    ("csv", _("CSV"), _("Opens everywhere, and can be changed and imported again.")),
    ("xlsx", _("Excel (XLSX)"), _("With dates and numbers as such.")),
    ("parquet", _("Parquet"), _("For analysis programs.")),
)


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest, page: str) -> HttpResponse:
    """What to export, from where the list stands. The list sends its chosen rows; without any, all that match go."""
    listed = page_named(page)
    policies.require(request.actor, Action.EXPORT, listed.record_type)
    sent = request.POST if request.method == "POST" else request.GET
    state = _state(sent)
    ids = tuple(dict.fromkeys(sent.getlist("ids")))
    chosen = ids if ids and not sent.get("all") else ()
    problems: dict[str, str] = {}
    if request.method == "POST" and "kind" in request.POST:
        try:
            run = exports.start_export(
                actor=request.actor,
                selection=_selection(request, listed, state, chosen),
                kind=request.POST["kind"],
                columns=_columns(request, listed, state) if request.POST.get("which") == "shown" else (),
            )
        except Invalid as error:
            problems = dict(error.problems)
        else:
            return redirect(request, reverse("records:export-run", args=[run.pk]))
    context = {
        "page": listed,
        "state": state,
        "ids": chosen,
        "kinds": KINDS,
        "problems": list(problems.values()),
        "shown": len(_columns(request, listed, state)),
        "all_columns": len(export_columns(words_for(listed, actor=request.actor).record_type)),
        "list_url": f"{list_url(listed)}?{state.query()}",
    }
    return render(request, "records/exports/new.html", context, status=422 if problems else 200)


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    return render(
        request, "records/exports/list.html", {"runs": own_exports(actor=request.actor), "days": exports.KEPT_DAYS}
    )


@require_safe
def run(request: WorkspaceRequest, run_id: UUID) -> HttpResponse:
    """How far an export has come, and its file at the end."""
    found = get_export(run_id, actor=request.actor)
    listed = page_named(found.page)
    context = {"run": found, "page": listed, "list_url": list_url(listed), "days": exports.KEPT_DAYS}
    return render(request, "records/exports/run.html", context, partial="run")


@require_POST
def cancel(request: WorkspaceRequest, run_id: UUID) -> HttpResponse:
    try:
        exports.cancel_export(actor=request.actor, run_id=run_id)
    except Conflict as conflict:
        return redirect(request, reverse("records:export-run", args=[run_id]), toast=str(conflict))
    return redirect(request, reverse("records:export-run", args=[run_id]))


@require_safe
def file(request: WorkspaceRequest, run_id: UUID) -> HttpResponseBase:
    found = get_export(run_id, actor=request.actor)
    return FileResponse(
        exports.open_export(found),
        as_attachment=True,
        filename=f"{found.name}.{found.kind}",
        content_type=exports.CONTENT_TYPES[found.kind],
    )


def _state(sent: QueryDict) -> ListState:
    try:
        return state_of({**{name: sent.get(name, "") for name in sent}, "columns": ",".join(sent.getlist("columns"))})
    except ConditionError as error:
        raise NotFound from error


def _selection(request: WorkspaceRequest, page: ListPage, state: ListState, ids: tuple[str, ...]) -> Selection:
    in_bin = state.view == "bin"
    if ids:
        return Selection(page.name, ids, in_bin=in_bin)
    where = conditions.to_json(current_tree(page.name, state, actor=request.actor))
    return Selection(page.name, all_matching=True, where=where, words=state.words, in_bin=in_bin)


def _columns(request: WorkspaceRequest, page: ListPage, state: ListState) -> list[str]:
    words = words_for(page, actor=request.actor)
    return [column.field.name for column in columns_of(page, words.record_type, request.actor, state.columns)]
