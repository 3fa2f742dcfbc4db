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


def enter_schema(schema_name: str) -> None:
    """The same by name, before the workspace itself was read. The caller has made sure that the name is one."""
    _connection.set_schema(schema_name)


def set_workspace(workspace: Workspace) -> None:
    """Say whose schema it is that `enter_schema` went into, without another SET of the search path."""
    if workspace.schema_name != _connection.schema_name:
        raise ValueError("the connection is in another schema")
    _connection.tenant = workspace


def enter_public() -> None:
    _connection.set_schema_to_public()


def current_tenant() -> Any:
    """Whose schema it is: the workspace itself, or what stands for it while only the schema is known."""
    return _connection.tenant


def current_schema() -> str:
    return str(_connection.schema_name)
