"""Preferences: one's own, and those of the workspace for whoever may set them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.extension_points import preferences
from rapport.foundation.workspace.forms.preferences import PreferencesForm
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.preferences import preferences_of
from rapport.foundation.workspace.services.preferences import set_preferences
from rapport.foundation.workspace.types import Preference, PreferenceOf


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest) -> HttpResponse:
    declared = _changeable(request)
    data = request.POST if request.method == "POST" else None
    form = PreferencesForm(data, declared=declared, values=preferences_of(request.actor))
    if form.is_valid():
        try:
            set_preferences(form.values(), actor=request.actor)
        except Invalid as error:
            form.add_error(None, " ".join(error.problems.values()))
        else:
            messages.success(request, gettext("Your preferences are saved."))
            return see_other(reverse("workspace:preferences"))
    return render(request, "workspace/preferences/edit.html", {"form": form}, status=422 if form.is_bound else 200)


def _changeable(request: WorkspaceRequest) -> list[Preference]:
    shown = [each for each in preferences.values() if each.of is PreferenceOf.MEMBER or request.actor.has(each.power)]
    return sorted(shown, key=lambda each: (each.of, str(each.group), each.order))
