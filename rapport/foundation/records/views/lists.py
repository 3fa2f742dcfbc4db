"""List pages: rows of one record type, found by views, filters and words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect as to
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from rapport.foundation.records.queries import list_pages
from rapport.foundation.records.queries.addresses import record_url
from rapport.foundation.records.queries.list_pages import ListView, list_url
from rapport.foundation.records.rules.conditions import ConditionError, Problem
from rapport.foundation.records.rules.lists import SIZES, ListState, state_of
from rapport.foundation.records.types import ListAction
from rapport.foundation.records.views import filters
from rapport.foundation.ui.render import render, wants_fragment
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action

TEMPLATE = "records/lists/list.html"


@require_safe
def show(request: WorkspaceRequest, page: str) -> HttpResponse:
    """A list. `apply` in the address: a filter's form was sent, and leads to the address with the filter in it."""
    state, problems = state_asked_for(request)
    pushed = ""
    if "apply" in request.GET:
        applied = filters.apply(request, page)
        if isinstance(applied, HttpResponse):
            return applied
        state, pushed = applied, f"{list_url(list_pages.page_named(page))}?{applied.query()}"
        if not wants_fragment(request):
            return to(pushed)
    listed = list_pages.list_view(
        page, state, actor=request.actor, exact=request.GET.get("count") == "all", problems=problems
    )
    context: dict[str, Any] = list_context(listed)
    if not wants_fragment(request) and not listed.problems and ({"chip", "add"} & set(request.GET)):
        context |= filters.filter_context(filters.asked(request, page))
    response = render(request, TEMPLATE, context, partial="list", status=422 if listed.problems else 200)
    if pushed:
        response["HX-Push-Url"] = pushed
    return response


def state_asked_for(request: WorkspaceRequest) -> tuple[ListState, tuple[Problem, ...]]:
    """What the address says, and what is wrong with the condition in it."""
    params: dict[str, str] = {name: request.GET.get(name, "") for name in request.GET}
    params["columns"] = ",".join(request.GET.getlist("columns"))
    try:
        return state_of(params), ()
    except ConditionError as error:
        return state_of({**params, "where": ""}), error.problems


def list_context(listed: ListView) -> dict[str, Any]:
    page = listed.page
    return {
        "list": listed,
        "page": page,
        "list_url": list_url(page),
        "filter_url": reverse("records:filter", args=[page.name]),
        "export_url": reverse("records:export", args=[page.name]),
        "row_url": list_pages.row_url_pattern(record_url(listed.record_type, UUID(int=0))),
        "cell_url": list_pages.cell_url_pattern(reverse("records:cell", args=[page.name, UUID(int=0), "x"])),
        "actions": [action for each in page.actions if (action := _action(each, listed))],
        "sizes": [(size, listed.state.query(size=size)) for size in SIZES],
    }


def _action(action: ListAction, listed: ListView) -> dict[str, Any] | None:
    if not listed.words.actor.may(Action(action.needs), listed.record_type.name):
        return None
    try:
        url = reverse(action.url_name, args=action.url_args)
    except NoReverseMatch:
        return None
    return {"action": action, "url": f"{url}?{action.query}" if action.query else url}
