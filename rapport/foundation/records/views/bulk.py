"""Acts on many records: assign, tag, change a field, into the bin and out of it; and taking them back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from rapport.foundation.records.forms import cells as forms
from rapport.foundation.records.forms.filters import Data
from rapport.foundation.records.queries.bulk_runs import get_run
from rapport.foundation.records.queries.filters import member_options
from rapport.foundation.records.queries.list_pages import BIN, current_tree, list_url, list_view, page_named, words_for
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.bulk import Act, Selection
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.rules.lists import ListState, state_of
from rapport.foundation.records.services import bulk
from rapport.foundation.records.services.bulk import Started
from rapport.foundation.records.types import Field, ListPage
from rapport.foundation.records.views.lists import TEMPLATE, list_context
from rapport.foundation.ui import render as answers
from rapport.foundation.ui.formats import number
from rapport.foundation.ui.render import render, wants_fragment
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import FieldAccess


@require_POST
def act(request: WorkspaceRequest, page: str) -> HttpResponse:
    """`act` says what: assign:<member>, tag, untag, delete, restore, or edit with `field` and `value`."""
    listed = page_named(page)
    state = _state(request.POST)
    selection = _selection(request, listed, state)
    word, _colon, detail = request.POST.get("act", "").partition(":")
    data = Data(request.POST.getlist)
    if not selection.ids and not selection.all_matching:
        return _back(request, listed, state, _("Choose some records first."))
    try:
        wanted = _act(request, listed, word, detail, data)
        if wanted is None:
            return _edit_page(request, listed, state, selection, data, {})
        started = bulk.bulk_act(actor=request.actor, selection=selection, act=wanted)
    except Invalid as error:
        if word == "edit":
            return _edit_page(request, listed, state, selection, data, error.problems)
        return _back(request, listed, state, " ".join(error.problems.values()))
    if started.run_id:
        return _follow(request, started.run_id)
    undo = reverse("records:undo", args=[started.operation_id]) if started.operation_id else ""
    return _back(request, listed, state, _said(wanted, started), undo)


@require_safe
def members(request: WorkspaceRequest, page: str) -> HttpResponse:
    """The colleagues that records can be given to: lines of a menu."""
    page_named(page)
    return render(request, "records/lists/bulk_members.html", {"members": member_options(), "page": page})


@require_POST
def undo(request: WorkspaceRequest, operation_id: UUID) -> HttpResponse:
    """Take back any operation: what the Undo of a note asks for."""
    started = bulk.undo_operation(actor=request.actor, operation_id=operation_id)
    if started.run_id:
        return _follow(request, started.run_id)
    text = _("Undone.")
    if started.refused:
        text = ngettext(
            "Undone, except for %(n)s value that was changed since.",
            "Undone, except for %(n)s values that were changed since.",
            started.refused,
        ) % {"n": number(started.refused)}
    if wants_fragment(request):
        return answers.toast(HttpResponse(status=204), text)
    return answers.redirect(request, request.headers.get("Referer") or "/", toast=text)


@require_safe
def run(request: WorkspaceRequest, run_id: UUID) -> HttpResponse:
    """How far a run has come; the page asks again every second until it is over."""
    found = get_run(run_id, actor=request.actor)
    listed = page_named(found.page) if found.page else None
    context = {
        "run": found,
        "list_url": list_url(listed) if listed else "",
        "title": listed.title if listed else "",
        "undo_url": reverse("records:undo", args=[found.operation_id]) if found.operation_id else "",
        "is_undo": found.act.get("kind") == "undo",
    }
    return render(request, "records/lists/run.html", context, partial="run")


@require_POST
def cancel(request: WorkspaceRequest, run_id: UUID) -> HttpResponse:
    bulk.cancel_run(actor=request.actor, run_id=run_id)
    return answers.redirect(request, reverse("records:run", args=[run_id]))


def _state(sent: QueryDict) -> ListState:
    try:
        return state_of({**{name: sent.get(name, "") for name in sent}, "columns": ",".join(sent.getlist("columns"))})
    except ConditionError as error:
        raise NotFound from error


def _selection(request: WorkspaceRequest, page: ListPage, state: ListState) -> Selection:
    in_bin = state.view == BIN.key
    if request.POST.get("all"):
        where = conditions.to_json(current_tree(page.name, state, actor=request.actor))
        return Selection(page.name, all_matching=True, where=where, words=state.words, in_bin=in_bin)
    return Selection(page.name, tuple(dict.fromkeys(request.POST.getlist("ids"))), in_bin=in_bin)


def _act(request: WorkspaceRequest, page: ListPage, word: str, detail: str, data: Data) -> Act | None:
    """None: the form for the new value is still to be filled in."""
    if word == "assign":
        return Act("edit", {"owner": detail or None})
    if word in ("tag", "untag"):
        tags = tuple(tag.strip() for tag in data.one("tags").split(",") if tag.strip())
        return Act("tag" if word == "tag" else "untag", tags=tags)
    if word in ("delete", "restore"):
        return Act("delete" if word == "delete" else "restore")
    if word != "edit":
        raise Invalid({"act": _("Choose what to do.")})
    name = data.one("field")
    if not name or not data.one("confirmed"):
        return None
    field = words_for(page, actor=request.actor).record_type.field(name)
    if field is None:
        raise Invalid({"field": _("There is no such field.")})
    return Act("edit", {name: forms.cell_value(field, data)})


def _edit_page(
    request: WorkspaceRequest, page: ListPage, state: ListState, selection: Selection, data: Data, problems: Any
) -> HttpResponse:
    """The form that asks which field gets which value."""
    words = words_for(page, actor=request.actor)
    fields = [f for f in words.record_type.fields if f.kind in forms.KINDS and _may_write(request, page, f)]
    chosen = next((f for f in fields if f.name == data.one("field")), None)
    context: dict[str, Any] = {
        "page": page,
        "list_url": list_url(page),
        "state": state,
        "selection": selection,
        "fields": fields,
        "field": chosen,
        "problems": list(dict(problems).values()),
        "plural": words.record_type.plural,
    }
    if chosen is not None:
        context["form"] = forms.sent_cell_form(chosen, data, member_options(), "")
    return render(request, "records/lists/bulk_edit.html", context, status=422 if problems else 200)


def _may_write(request: WorkspaceRequest, page: ListPage, field: Field) -> bool:
    return field.editable and request.actor.field_access(page.record_type, field.name) is FieldAccess.WRITE


def _said(wanted: Act, started: Started) -> str:
    n = started.changed
    words = {
        "delete": ngettext("%(n)s record is in the bin.", "%(n)s records are in the bin.", n),
        "restore": ngettext("%(n)s record is back.", "%(n)s records are back.", n),
    }
    text = words.get(wanted.kind) or ngettext("%(n)s record changed.", "%(n)s records changed.", n)
    text %= {"n": number(n)}
    if not started.operation_id:
        return _("Nothing had to be changed.")
    if started.refused:
        left = ngettext("%(n)s was left alone.", "%(n)s were left alone.", started.refused) % {
            "n": number(started.refused)
        }
        return f"{text} {left}"
    return text


def _back(request: WorkspaceRequest, page: ListPage, state: ListState, text: str, undo_url: str = "") -> HttpResponse:
    """To the list as it was. htmx gets the list itself."""
    url = f"{list_url(page)}?{state.query(cursor=state.cursor)}"
    if not wants_fragment(request):
        return answers.redirect(request, url, toast=text, undo_url=undo_url)
    context = list_context(list_view(page.name, state, actor=request.actor))
    response = render(request, TEMPLATE, context, partial="list")
    response["HX-Reswap"] = "outerHTML"  # a fresh list: nothing is chosen any more
    return answers.toast(response, text, undo_url)


def _follow(request: WorkspaceRequest, run_id: UUID) -> HttpResponse:
    return answers.redirect(request, reverse("records:run", args=[run_id]))
