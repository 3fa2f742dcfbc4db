"""Search over everything: results for the command palette, and the same as a page without JavaScript."""

from __future__ import annotations

from django.http import HttpResponse

from rapport.foundation.ui.queries import found
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest

LIMIT_IN_PALETTE = 6
LIMIT_ON_PAGE = 25


def find(request: WorkspaceRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:200]
    limit = LIMIT_IN_PALETTE if request.headers.get("HX-Target") == "div#palette-hits" else LIMIT_ON_PAGE
    groups = found(words, actor=request.actor, limit=limit)
    return render(request, "ui/find.html", {"words": words, "groups": groups}, partial="palette-hits")
