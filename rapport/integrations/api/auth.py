"""How the API's document tells of tokens. The check itself is the gate's (middleware.py), which runs before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from ninja.security import HttpBearer

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import Workspace
    from rapport.foundation.workspace.types import Actor, TokenGrant


class ApiRequest(HttpRequest):
    """Never instantiated: what the gate adds to a request."""

    workspace: Workspace
    actor: Actor
    token: TokenGrant


class TokenAuth(HttpBearer):
    """Accepts what the gate let through, and nothing else."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return getattr(request, "token", None)
