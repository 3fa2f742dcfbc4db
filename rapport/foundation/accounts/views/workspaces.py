"""Opening a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from rapport.foundation.accounts import policies
from rapport.foundation.accounts.errors import AddressTaken
from rapport.foundation.accounts.extension_points import starters
from rapport.foundation.accounts.forms.workspaces import NewWorkspaceForm
from rapport.foundation.accounts.http import PersonRequest
from rapport.foundation.accounts.links import workspace_prefix
from rapport.foundation.accounts.services.workspaces import create_workspace, free_address
from rapport.foundation.accounts.views.answers import see_other

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import Workspace

TEMPLATE = "accounts/workspaces/new.html"


@login_required
@require_http_methods(["GET", "POST"])
def new_workspace(request: PersonRequest) -> HttpResponse:
    if not policies.may_found_workspace(request.user):
        return render(request, "accounts/workspaces/closed.html", status=403)
    if request.method == "GET":
        return render(request, TEMPLATE, {"form": NewWorkspaceForm(initial=_initial())})
    form = NewWorkspaceForm(request.POST)
    workspace = _open(request, form) if form.is_valid() else None
    if workspace is None:
        return render(request, TEMPLATE, {"form": form}, status=422)
    if starter := starters.get(form.cleaned_data.get("begin", "")):
        starter.begin(workspace, request.user.pk)
    messages.success(request, gettext("%(name)s is ready.") % {"name": workspace.name})
    return see_other(workspace_prefix(workspace))


def _initial() -> dict[str, str]:
    language = translation.get_language() or "en"
    return {"currency": "EUR", "timezone": "Europe/Amsterdam", "language": language}


def _open(request: PersonRequest, form: NewWorkspaceForm) -> Workspace | None:
    values = {name: form.cleaned_data[name] for name in ("name", "currency", "timezone", "language", "country")}
    slug = form.cleaned_data["slug"] or free_address(values["name"])
    try:
        return create_workspace(slug=slug, user=request.user, **values)
    except AddressTaken:
        form.refuse_address()
        return None
