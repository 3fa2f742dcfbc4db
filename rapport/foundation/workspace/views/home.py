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

DONE_KEY = "first_steps_done"


@require_safe
def today(request: WorkspaceRequest) -> HttpResponse:
    now = timezone.localtime(clock.now())
    shown = home(actor=request.actor, known_done=_known_done(request))
    _remember_done(request, shown.done)
    context = {"home": shown, "now": now, "part_of_day": _part_of_day(now.hour)}
    return render(request, "workspace/home/today.html", context)


def _known_done(request: WorkspaceRequest) -> frozenset[str]:
    """A first step that was done once is not asked for again in this session."""
    return frozenset(request.session.get(DONE_KEY, {}).get(request.workspace.schema_name, ()))


def _remember_done(request: WorkspaceRequest, done: frozenset[str]) -> None:
    if done != _known_done(request):
        everywhere = request.session.get(DONE_KEY, {})
        request.session[DONE_KEY] = {**everywhere, request.workspace.schema_name: sorted(done)}


@require_POST
def hide_first_steps(request: WorkspaceRequest) -> HttpResponse:
    set_preferences({SHOW_STEPS: False}, actor=request.actor)
    messages.success(request, gettext("The first steps are put away. You find them again in your preferences."))
    return see_other(reverse("workspace:today"))


def _part_of_day(hour: int) -> str:
    if 5 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening"
