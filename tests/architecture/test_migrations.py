"""Rules for migrations, so that a workspace can grow beyond one machine: see docs/explanation/growing.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

OURS = {app.rpartition(".")[2] for app in settings.INSTALLED_APPS if app.startswith("rapport.")}
TENANT = {app.rpartition(".")[2] for app in settings.TENANT_APPS}


def _statements() -> Iterator[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for (app, name), migration in loader.disk_migrations.items():
        if app not in OURS:
            continue
        for operation in migration.operations:
            if isinstance(operation, migrations.RunSQL):
                sql: Any = operation.sql
                for statement in [sql] if isinstance(sql, str) else sql:
                    yield f"{app}.{name}", statement if isinstance(statement, str) else statement[0]


def test_sql_of_migrations_uses_nothing_that_does_not_shard() -> None:
    forbidden = re.compile(
        r"\b(create\s+(or\s+replace\s+)?(trigger|rule)|merge\s+into|inherits|serializable|db_collation|icu)\b",
        re.IGNORECASE,
    )

    wrong = [(place, sql) for place, sql in _statements() if forbidden.search(sql)]

    assert wrong == []


def test_each_item_of_sql_is_one_statement() -> None:
    wrong = [(place, sql) for place, sql in _statements() if ";" in sql.rstrip().rstrip(";")]

    assert wrong == []


@pytest.mark.parametrize(
    "model", [m for m in apps.get_models() if m._meta.app_label in OURS], ids=lambda m: m._meta.label
)
def test_no_foreign_key_between_workspace_and_public(model: type[models.Model]) -> None:
    inside = model._meta.app_label in TENANT

    for field in model._meta.get_fields():
        if isinstance(field, models.ForeignKey) and field.db_constraint and field.model is model:
            assert (field.related_model._meta.app_label in TENANT) == inside, field


@pytest.mark.parametrize(
    "model", [m for m in apps.get_models() if m._meta.app_label in OURS], ids=lambda m: m._meta.label
)
def test_foreign_keys_have_no_way_back(model: type[models.Model]) -> None:
    """`related_name="+"` keeps an app from reaching up into those above it. Inside one app a way back may serve."""
    for field in model._meta.get_fields():
        if (
            isinstance(field, models.ForeignKey)
            and field.model is model
            and field.related_model._meta.app_label != model._meta.app_label
        ):
            assert field.remote_field.related_name == "+", field


@pytest.mark.django_db
def test_every_table_of_a_workspace_has_a_primary_key(workspace: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = current_schema() and c.relkind in ('r', 'p') and not exists (
                select 1 from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')
            """
        )
        without = [name for (name,) in cursor.fetchall()]

    assert without == []
