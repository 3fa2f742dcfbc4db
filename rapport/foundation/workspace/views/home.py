"""Today: where a day in the workspace begins."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from rapport.foundation.lib import clock
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.home import home


@require_safe
def today(request: WorkspaceRequest) -> HttpResponse:
    now = timezone.localtime(clock.now())
    context = {"home": home(actor=request.actor), "now": now, "part_of_day": _part_of_day(now.hour)}
    return render(request, "workspace/home/today.html", context)


def _part_of_day(hour: int) -> str:
    if 5 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening"
