"""The first address: into the workspace last used, or to where one begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from rapport.foundation.accounts import policies
from rapport.foundation.accounts.links import public_url, workspace_prefix
from rapport.foundation.accounts.queries.workspaces import workspaces_of


def front(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        # Somebody who has just installed Rapport has nothing to sign in with yet.
        first = policies.nobody_yet()
        return HttpResponseRedirect(public_url("account_signup" if first else "account_login"))
    workspaces = workspaces_of(request.user)
    if workspaces:
        return HttpResponseRedirect(workspace_prefix(workspaces[0]))
    if policies.may_found_workspace(request.user):
        return HttpResponseRedirect(public_url("accounts:new-workspace"))
    return render(request, "accounts/workspaces/none.html")
