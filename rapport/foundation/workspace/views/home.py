"""Today: where a day in the workspace begins."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.lib import clock
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.home import SHOW_STEPS, home
from rapport.foundation.workspace.services.preferences import set_preferences


@require_safe
def today(request: WorkspaceRequest) -> HttpResponse:
    now = timezone.localtime(clock.now())
    context = {"home": home(actor=request.actor), "now": now, "part_of_day": _part_of_day(now.hour)}
    return render(request, "workspace/home/today.html", context)


@require_POST
def hide_first_steps(request: WorkspaceRequest) -> HttpResponse:
    set_preferences({SHOW_STEPS: False}, actor=request.actor)
    messages.success(request, gettext("The first steps are put away. You find them again in your preferences."))
    return see_other(reverse("workspace:today"))


def _part_of_day(hour: int) -> str:
    if 5 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening"
