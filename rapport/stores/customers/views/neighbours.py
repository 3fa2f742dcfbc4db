"""The way to the customers before and after, in the list one came from. Asked for once the page stands."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.http import HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_safe

from rapport.foundation.records.queries.neighbours import neighbours
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.http import WorkspaceRequest


def list_opened_from(request: WorkspaceRequest) -> str:
    """Name and query string of the list a customer was opened from, such as `customers?view=mine`: said by the address
    on the way from customer to customer, and by the browser on the way from the list.
    """
    said = request.GET.get("in", "")
    if said:
        return said[:2000]
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return ""
    prefix = reverse("customers:list")
    if not came_from.path.startswith(prefix):
        return ""
    try:
        match = resolve("/customers/" + came_from.path.removeprefix(prefix), urlconf=request.urlconf)
    except Resolver404:
        return ""
    page = match.kwargs.get("page")
    return f"{page}?{came_from.query}"[:2000] if page else ""


@require_safe
def show(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    name, _mark, query = request.GET.get("in", "").partition("?")
    context: dict[str, Any] = {"in": ""}
    try:
        found = neighbours(actor=request.actor, list_name=name, params=dict(parse_qsl(query)), record_id=customer_id)
    except NotFound:
        found = None
    if found:
        inside = urlencode({"in": f"{name}?{found.list_query}"})
        context = {
            "found": found,
            "inside": inside,
            "list_url": f"{reverse(f'customers:{_url_name(name)}')}?{found.list_query}",
        }
    return render(request, "customers/customers/neighbours.html", context)


def _url_name(page: str) -> str:
    return "list" if page == "customers" else page
