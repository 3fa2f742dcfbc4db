"""The request as views of a workspace see it, after EnterWorkspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from rapport.foundation.accounts.models import User, Workspace
    from rapport.foundation.workspace.types import Actor


class WorkspaceRequest(HttpRequest):
    """Never instantiated: tells types and readers what EnterWorkspace and htmx add."""

    user: User  # a member is signed in
    workspace: Workspace
    workspaces: list[Workspace]  # all of the person's, for switching
    actor: Actor
    htmx: HtmxDetails
