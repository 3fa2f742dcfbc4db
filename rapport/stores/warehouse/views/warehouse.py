"""The page of the warehouse: what is in it, how fresh it is, and writing it."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.stores.warehouse.queries.overview import overview
from rapport.stores.warehouse.services.requests import request_write


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    found = overview(actor=request.actor)
    return render(request, "warehouse/warehouse/detail.html", {"warehouse": found}, partial="warehouse")


@require_POST
def write(request: WorkspaceRequest) -> HttpResponse:
    request_write(actor=request.actor)
    said = gettext("The worker takes up what is new now.")
    return redirect(request, reverse("warehouse:show"), toast=said)


@require_POST
def rebuild(request: WorkspaceRequest) -> HttpResponse:
    request_write(actor=request.actor, rebuild=True)
    said = gettext("The worker writes everything anew. Until then, the state of before holds.")
    return redirect(request, reverse("warehouse:show"), toast=said)
