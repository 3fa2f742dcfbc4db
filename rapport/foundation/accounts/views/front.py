"""The first address: into the workspace last used, or to where one begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from rapport.foundation.accounts.links import public_url, workspace_prefix
from rapport.foundation.accounts.queries.workspaces import workspaces_of


def front(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponseRedirect(public_url("account_login"))
    workspaces = workspaces_of(request.user)
    if not workspaces:
        return HttpResponseRedirect(public_url("accounts:new-workspace"))
    return HttpResponseRedirect(workspace_prefix(workspaces[0]))
