"""A client of the API, as another system would be one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.workspace.services.tokens import create_token
from rapport.foundation.workspace.types import Actor


class Api:
    """A client that sends a token and JSON."""

    def __init__(self, client: Client, token: str) -> None:
        self.client, self.token = client, token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )


@pytest.fixture
def api(actor: Actor, workspace: Workspace, client_for: Callable[..., Client]) -> Api:
    scopes = frozenset({"*:read", "*:write", "workspace:manage_fields"})
    _, raw = create_token(actor=actor, workspace=workspace, name="Shop", scopes=scopes, expires_at=None)
    return Api(client_for(None), raw)
