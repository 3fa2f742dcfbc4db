"""Links across the border between account pages and workspaces.

Inside a workspace `reverse` answers with the prefix /w/<slug>/, which the middleware sets; these two cross it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import get_script_prefix, reverse

from rapport.foundation.accounts.models import Workspace


def public_url(name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a page outside workspaces, wherever it is asked from."""
    path = reverse(name, urlconf=settings.ROOT_URLCONF, args=args, kwargs=kwargs)
    return "/" + path.removeprefix(get_script_prefix())


def workspace_prefix(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/"


def workspace_url(workspace: Workspace, name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a page inside the workspace, wherever it is asked from."""
    path = reverse(name, urlconf=settings.WORKSPACE_URLCONF, args=args, kwargs=kwargs)
    return workspace_prefix(workspace) + path.removeprefix(get_script_prefix())
