"""The schema of a workspace: made from a snapshot where there is one, else by running the migrations."""

from __future__ import annotations

import re

from django.core.management import call_command
from django.db import connection

from rapport.foundation.accounts.tenancy import enter_public
from rapport.launch.snapshot import clone_workspace

SCHEMA = re.compile(r"w_[0-9a-f]{8}")


def make_schema(schema_name: str) -> None:
    """Make the tables of a workspace, within the transaction that is open."""
    _refuse_strange(schema_name)
    clone_workspace(connection, schema_name, migrate=_migrate)
    enter_public()


def _migrate(schema_name: str) -> None:
    call_command("migrate_schemas", tenant=True, schema_name=schema_name, interactive=False, verbosity=0)


def drop_schema(schema_name: str) -> None:
    """Erase a workspace's tables and all that is in them."""
    _refuse_strange(schema_name)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema_name}" CASCADE')


def _refuse_strange(schema_name: str) -> None:
    """Schema names are made by us alone; anything else never reaches SQL."""
    if not SCHEMA.fullmatch(schema_name):
        raise ValueError(f"{schema_name!r} is not the schema of a workspace")
