"""Entering and leaving workspaces: the only place that tells the database connection which schema it works in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import Workspace

_tenant_connection: Any = connection  # django-tenants adds methods that the type stubs don't know


def enter(workspace: Workspace) -> None:
    """Everything this thread asks the database from now on is about this workspace."""
    _tenant_connection.set_tenant(workspace)


def leave() -> None:
    """Back to the schema shared by all."""
    _tenant_connection.set_schema_to_public()


def current_schema() -> str:
    return str(_tenant_connection.schema_name)


@contextmanager
def inside(workspace: Workspace) -> Iterator[None]:
    """Enter the workspace for the length of the block, then go back to where we were."""
    before = getattr(_tenant_connection, "tenant", None)
    enter(workspace)
    try:
        yield
    finally:
        if before is None or current_schema() == "public" or getattr(before, "schema_name", "public") == "public":
            leave()
        else:
            _tenant_connection.set_tenant(before)
