"""The page that lists all settings pages."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rapport.foundation.workspace.http import WorkspaceRequest


@require_safe
def index(request: WorkspaceRequest) -> HttpResponse:
    return render(request, "workspace/settings/index.html")
