"""Patterns: findings, each with its evidence and a decision."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from rapport.foundation.records.queries.list_pages import list_url, page_named
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Conflict
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.insight.mining import policies
from rapport.insight.mining.queries.patterns import cards, latest_run
from rapport.insight.mining.services import patterns

STATUSES = ("new", "accepted", "dismissed")


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    status = request.GET.get("status", "new")
    status = status if status in STATUSES else "new"
    context = {
        "status": status,
        "cards": cards(actor=request.actor, status=status),
        "latest": latest_run(actor=request.actor),
        "may_ask": policies.may_ask(request.actor),
        "list_url": list_url(page_named("customers")),
        "here": request.get_full_path(),
    }
    return render(request, "mining/patterns/list.html", context, partial="patterns")


@require_POST
def find(request: WorkspaceRequest) -> HttpResponse:
    patterns.start(actor=request.actor)
    return redirect(request, reverse("mining:patterns"))


@require_POST
def make_view(request: WorkspaceRequest, pattern_id: UUID) -> HttpResponse:
    pattern, view = patterns.make_view(actor=request.actor, pattern_id=pattern_id)
    url = f"{list_url(page_named('customers'))}?view={view}"
    if pattern.part:
        said = _("This is a view now. Its customers are gathered anew every night.")
    else:
        said = _("This is a view now.")
    return redirect(request, url, toast=said)


@require_POST
def dismiss(request: WorkspaceRequest, pattern_id: UUID) -> HttpResponse:
    try:
        patterns.dismiss(actor=request.actor, pattern_id=pattern_id)
    except Conflict as conflict:
        return redirect(request, reverse("mining:patterns"), toast=str(conflict))
    return redirect(
        request,
        reverse("mining:patterns"),
        toast=_("Put away. It will not come back while it stays the same."),
        undo_url=reverse("mining:pattern-back", args=[pattern_id]),
    )


@require_POST
def bring_back(request: WorkspaceRequest, pattern_id: UUID) -> HttpResponse:
    patterns.bring_back(actor=request.actor, pattern_id=pattern_id)
    return redirect(request, reverse("mining:patterns"))
