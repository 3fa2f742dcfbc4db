"""Choosing a record by words, wherever a form asks for one."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from rapport.foundation.records.queries.search import find_records
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.http import WorkspaceRequest


@require_safe
def pick(request: WorkspaceRequest) -> HttpResponse:
    """Radio buttons of what was found. `name` is that of the form's input; its words come as `<name>__q`."""
    name = request.GET.get("name", "")[:80]
    words = request.GET.get(f"{name}__q", "").replace("\x00", "").strip()[:200]
    found = find_records(actor=request.actor, record_type=request.GET.get("type", ""), words=words)
    context = {"options": found, "name": name, "words": words, "picked": ""}
    return render(request, "records/forms/picker_options.html", context)
