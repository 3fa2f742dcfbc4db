"""Settings of the workspace, and its end."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from rapport.foundation.accounts.errors import AddressTaken
from rapport.foundation.accounts.forms.workspaces import WorkspaceFields
from rapport.foundation.accounts.links import workspace_url
from rapport.foundation.accounts.services.workspaces import SETTINGS
from rapport.foundation.accounts.views.answers import see_other
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.forms.problems import add_problems
from rapport.foundation.workspace.forms.workspaces import EraseForm
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.services.workspaces import erase_workspace, update_workspace
from rapport.foundation.workspace.types import Power


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_WORKSPACE)
    workspace = request.workspace
    if request.method == "POST":
        form = WorkspaceFields(request.POST)
        if form.is_valid() and _update(request, form):
            messages.success(request, gettext("The settings are saved."))
            return see_other(workspace_url(workspace, "workspace:edit"))
        return render(request, "workspace/workspaces/edit.html", {"form": form}, status=422)
    initial = {name: getattr(workspace, name) for name in SETTINGS}
    return render(request, "workspace/workspaces/edit.html", {"form": WorkspaceFields(initial=initial)})


def _update(request: WorkspaceRequest, form: WorkspaceFields) -> bool:
    try:
        update_workspace(request.workspace, actor=request.actor, **form.cleaned_data)
    except AddressTaken:
        form.refuse_address()
        return False
    return True


@require_http_methods(["GET", "POST"])
def erase(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_WORKSPACE)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        name = request.workspace.name
        try:
            erase_workspace(request.workspace, actor=request.actor, typed_name=form.cleaned_data["typed_name"])
        except Invalid as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("%(name)s is erased.") % {"name": name})
            return see_other("/")
    status = 422 if form.is_bound else 200
    return render(request, "workspace/workspaces/erase.html", {"form": form}, status=status)
