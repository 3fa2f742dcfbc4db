"""Which schema the connection is in. django-tenants adds this to the connection, unseen by types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import Workspace

_connection: Any = connection


def enter(workspace: Workspace) -> None:
    """Be in the workspace's schema from here on. Where it is for a while only, use `schema_context`."""
    _connection.set_tenant(workspace)


def enter_public() -> None:
    _connection.set_schema_to_public()


def current_schema() -> str:
    return str(_connection.schema_name)
