"""Settings of permission: purposes, wordings, quiet hours, caps; and the list of stopped addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.forms.consents import Form
from rapport.touchpoints.permission.forms.settings import CapForm, PurposeForm, QuietForm, StopForm, WordingForm
from rapport.touchpoints.permission.queries.settings import settings_page
from rapport.touchpoints.permission.queries.stops import stops
from rapport.touchpoints.permission.services import settings, wordings
from rapport.touchpoints.permission.services import stops as stop_services

PAGE, STOPS = "permission/settings/page.html", "permission/stops/list.html"


@require_http_methods(["GET", "POST"])
def overview(request: WorkspaceRequest) -> HttpResponse:
    """All on one page; each form says with `act` what it is."""
    policies.require_settings(request.actor)
    forms: dict[str, Form] = {
        "purpose": PurposeForm(),
        "wording": WordingForm(),
        "quiet": QuietForm(),
        "cap": CapForm(),
    }
    status = 200
    if request.method == "POST":
        act = request.POST.get("act", "")
        made = _FORMS.get(act)
        if made is not None:
            form = forms[act] = made(request.POST)
            if form.is_valid():
                try:
                    _ACTS[act](request, form)
                    return redirect(request, reverse("permission:settings"), toast=_("Saved."))
                except Invalid as error:
                    form.refuse(error.problems)
        status = 422
    return render(request, PAGE, {"page": settings_page(), "forms": forms}, status=status)


@require_POST
def retire(request: WorkspaceRequest, name: str) -> HttpResponse:
    settings.retire_purpose(actor=request.actor, name=name, retired=request.POST.get("back") != "1")
    return redirect(request, reverse("permission:settings"), toast=_("Saved."))


@require_POST
def remove_quiet(request: WorkspaceRequest, quiet_id: UUID) -> HttpResponse:
    settings.remove_quiet_hours(actor=request.actor, row_id=quiet_id)
    return redirect(request, reverse("permission:settings"), toast=_("Removed."))


@require_POST
def remove_cap(request: WorkspaceRequest, cap_id: UUID) -> HttpResponse:
    settings.remove_cap(actor=request.actor, row_id=cap_id)
    return redirect(request, reverse("permission:settings"), toast=_("Removed."))


@require_http_methods(["GET", "POST"])
def stopped(request: WorkspaceRequest) -> HttpResponse:
    """Addresses that get nothing: look one up, see why, add one."""
    policies.require_settings(request.actor)
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            stop_services.stop(actor=request.actor, **form.cleaned_data)
            return redirect(request, reverse("permission:stops"), toast=_("Nothing is sent there any more."))
        except Invalid as error:
            form.refuse(error.problems)
    said = request.GET.get("q", "").strip()[:254]
    found, is_address, earlier = stops(actor=request.actor, said=said, before=_instant(request.GET.get("before", "")))
    context = {"stops": found, "form": form, "said": said, "is_address": is_address, "earlier": earlier}
    return render(request, STOPS, context, status=422 if request.method == "POST" else 200)


@require_POST
def lift(request: WorkspaceRequest, stop_id: UUID) -> HttpResponse:
    stop_services.lift(actor=request.actor, stop_id=stop_id)
    return redirect(request, reverse("permission:stops"), toast=_("The stop is lifted."))


def _instant(text: str) -> Any:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


_FORMS: dict[str, type[Form]] = {"purpose": PurposeForm, "wording": WordingForm, "quiet": QuietForm, "cap": CapForm}
_ACTS: dict[str, Callable[[WorkspaceRequest, Any], object]] = {
    "purpose": lambda request, form: settings.add_purpose(actor=request.actor, **form.cleaned_data),
    "wording": lambda request, form: wordings.reword(actor=request.actor, **form.cleaned_data),
    "quiet": lambda request, form: settings.add_quiet_hours(actor=request.actor, **form.values()),
    "cap": lambda request, form: settings.add_cap(actor=request.actor, **form.cleaned_data),
}
