"""Brings the whole database to the present migrations: shared schema, template workspace, every workspace."""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_tenants.utils import schema_exists
from psycopg.conninfo import make_conninfo

from rapport.foundation.accounts.models import Workspace
from rapport.launch import snapshot

connection: Any = connections["default"]  # django-tenants adds methods that Django's types do not know
LOCK = 7_203_811  # one at a time, however many servers start at once


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        # The lock has a connection of its own: django-tenants closes the other one after each schema.
        with psycopg.connect(_url(), autocommit=True) as locked:
            locked.execute("select pg_advisory_lock(%s)", [LOCK])
            self._prepare(options["verbosity"])

    def _prepare(self, verbosity: int) -> None:
        connection.set_schema_to_public()
        url = _url()
        fresh = snapshot.is_empty(connection)
        _refuse_newer_database(fresh=fresh)
        self._migrate("public", verbosity)
        public = snapshot.dump(url, "public") if fresh else None
        if not schema_exists(snapshot.TEMPLATE):
            with connection.cursor() as cursor:
                cursor.execute(f"create schema {snapshot.TEMPLATE}")
        self._migrate(snapshot.TEMPLATE, verbosity)
        workspace = snapshot.dump(url, snapshot.TEMPLATE)
        if workspace:
            # A database in use tells nothing of an empty one: what is known of that already stays.
            known = snapshot.Snapshot.find(snapshot.fingerprint())
            snapshot.Snapshot(snapshot.fingerprint(), workspace, public or (known.public if known else "")).keep()
        for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
            self._migrate(schema, verbosity)
        snapshot.record_fingerprint(connection, snapshot.fingerprint())

    def _migrate(self, schema: str, verbosity: int) -> None:
        call_command("migrate_schemas", schema_name=schema, verbosity=verbosity, interactive=False)


def _refuse_newer_database(*, fresh: bool) -> None:
    """A database that knows migrations this program does not was prepared by a newer one."""
    if fresh:
        return
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}
    ours = {app for app, _ in known}
    strange = sorted(
        f"{app}.{name}"
        for app, name in MigrationRecorder(connection).applied_migrations()
        if app in ours and (app, name) not in known
    )
    if strange:
        raise CommandError(
            f"This database was prepared by a newer version of Rapport (it has {', '.join(strange[:3])}). "
            "Nothing was changed. Start that version, or restore a backup from before."
        )


def _url() -> str:
    """The present connection, for pg_dump."""
    settings = connection.get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
    return make_conninfo(**{name: settings[name] for name in wanted if settings.get(name)})
