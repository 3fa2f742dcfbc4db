"""A pytest plugin (`-p rapport.testing`): every test session has a database of its own, ready in a moment.

An embedded PostgreSQL without durability holds one *template database* per state of the migrations, with two workspaces
in it. Each worker of each session gets a copy. RAPPORT_TEST_DATABASE_URL names another server instead (its role must be
allowed to create databases).
"""

from __future__ import annotations

import atexit
import contextlib
import ipaddress
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from rapport.launch import snapshot
from rapport.launch.checkout import PACKAGE
from rapport.launch.database import Cluster, with_database

WORKSPACES = (
    {"schema_name": "w_00000001", "slug": "kestrel", "name": "Kestrel Outdoor"},
    {"schema_name": "w_00000002", "slug": "harbour", "name": "Harbour Books"},
)
KEPT_TEMPLATES = 4
LOCK = 4711


def _test_home() -> Path:
    named = os.environ.get("RAPPORT_TEST_HOME")
    return Path(named).resolve() if named else PACKAGE.parent / "var" / "test"


@dataclass
class TestServer:
    """Where the databases of tests live."""

    __test__ = False

    cluster: Cluster | None
    url: str

    @classmethod
    def choose(cls) -> TestServer:
        if named := os.environ.get("RAPPORT_TEST_DATABASE_URL"):
            return cls(None, named)
        cluster = Cluster(_test_home(), unsafe_fast=True)
        return cls(cluster, cluster.url())

    def start(self) -> None:
        if self.cluster:
            self.cluster.acquire()

    def stop(self) -> None:
        if self.cluster:
            self.cluster.release()

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(with_database(self.url, "postgres"), autocommit=True)


class Databases:
    """The template database and the copies of it."""

    def __init__(self, server: TestServer, worker: str) -> None:
        self.server = server
        self.template = f"tpl_{snapshot.fingerprint()[:12]}"
        self.name = f"test_{os.getpid()}_{worker}"

    def prepare(self) -> None:
        with self.server.connect() as admin:
            admin.execute("select pg_advisory_lock(%s)", [LOCK])
            self._drop_leftovers(admin)
            if not self._exists(admin, self.template):
                self._build_template(admin)
            self._copy(admin)

    def restore(self) -> None:
        """A fresh copy, after a test that committed."""
        with self.server.connect() as admin:
            self._copy(admin)

    def drop(self) -> None:
        with self.server.connect() as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(self.name)))

    def _copy(self, admin: psycopg.Connection[Any]) -> None:
        name, template = sql.Identifier(self.name), sql.Identifier(self.template)
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        admin.execute(sql.SQL("create database {} template {} strategy file_copy").format(name, template))

    def _exists(self, admin: psycopg.Connection[Any], name: str) -> bool:
        return admin.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is not None

    def _build_template(self, admin: psycopg.Connection[Any]) -> None:
        draft = f"{self.template}_draft"
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(draft)))
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(draft)))
        use_database(draft)
        _fill_template()
        use_database(self.name)
        admin.execute(
            sql.SQL("alter database {} rename to {}").format(sql.Identifier(draft), sql.Identifier(self.template))
        )

    def _drop_leftovers(self, admin: psycopg.Connection[Any]) -> None:
        """Databases of sessions that were killed, and templates of migrations long gone."""
        rows = admin.execute(
            "select datname from pg_database where datname ~ '^(test|tpl)_' order by oid desc"
        ).fetchall()
        names = [str(name) for (name,) in rows]
        templates = [name for name in names if name.startswith("tpl_") and name != self.template]
        killed = [
            name
            for name in names
            if (found := re.match(r"test_(\d+)_", name))
            and not Path(f"/proc/{found[1]}").exists()
            and Path("/proc/self").exists()
        ]
        for name in [*templates[KEPT_TEMPLATES:], *killed]:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def use_database(name: str) -> None:
    """Point Django's connection at another database of the same server."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def _fill_template() -> None:
    from django.core.management import call_command
    from django.db import connection

    from rapport.foundation.accounts.models import Workspace

    call_command("prepare_database", verbosity=0)
    for values in WORKSPACES:
        workspace = Workspace.objects.create(**values)
        snapshot.clone_workspace(connection, workspace.schema_name, migrate=_migrate)
    connection.close()


def _migrate(schema: str) -> None:
    from django.core.management import call_command

    call_command("migrate_schemas", schema_name=schema, verbosity=0, interactive=False)


# --- before Django reads its settings ---

SERVER = TestServer.choose()


# So that single sign-on is installed for the tests of it. Nobody is offered it unless a test says so.
_A_PROVIDER = {f"RAPPORT_OIDC_{name}": "https://id.invalid" for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")}


def _isolate() -> None:
    """A home of its own for files and mails, gone with the session; only the snapshots outlive it."""
    home = Path(tempfile.mkdtemp(prefix="rapport-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    kept = _test_home() / "snapshots"
    kept.mkdir(parents=True, exist_ok=True)
    (home / "snapshots").symlink_to(kept)
    (home / "static").mkdir()
    os.environ["RAPPORT_HOME"] = str(home)
    os.environ["RAPPORT_SECRET_KEY"] = "only-for-tests-" + "0" * 32
    os.environ["DATABASE_URL"] = SERVER.url
    os.environ |= _A_PROVIDER
    for name in ("RAPPORT_DEBUG", "RAPPORT_URL", "RAPPORT_HOSTS", "RAPPORT_SMTP_HOST", "RAPPORT_LOG"):
        os.environ.pop(name, None)


_isolate()


def part_of(pattern: str | re.Pattern[str], text: str, group: int = 1) -> str:
    """The group of the first place in the text that looks like the pattern; a test fails where there is none."""
    found = re.search(pattern, text)
    if found is None:
        raise AssertionError(f"Nothing like {pattern!r} in: {text[:2000]}")
    return str(found[group])


def _only_this_machine(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    with contextlib.suppress(ValueError):
        if not host or host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise AssertionError(f"A test tried to reach {host}. Tests talk to this machine only.")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for name in _A_PROVIDER:
        del os.environ[name]
    settings.SINGLE_SIGN_ON = []
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {**settings.SOCIALACCOUNT_PROVIDERS["openid_connect"], "APPS": []}
    }
    # Registered last, so that its fixture takes the place of pytest-django's.
    config.pluginmanager.register(_Plugin(), "rapport-database")
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _only_this_machine(address)
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]  # it guards every test


class _Plugin:
    @pytest.fixture(scope="session")
    def django_db_setup(self, django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
        from django.db import connection
        from django.test import TransactionTestCase

        databases = Databases(SERVER, os.environ.get("PYTEST_XDIST_WORKER", "main"))
        with django_db_blocker.unblock():
            SERVER.start()
            databases.prepare()
            use_database(databases.name)
            connection.settings_dict.setdefault("TEST", {})["NAME"] = databases.name

        def restore(case: TransactionTestCase) -> None:
            # Django would empty every table of the schema in use, and leave those of the other workspaces.
            connection.close()
            databases.restore()

        TransactionTestCase._fixture_teardown = restore  # type: ignore[attr-defined]  # Django's own, which its types leave out
        yield
        with django_db_blocker.unblock():
            connection.close()
            databases.drop()
            SERVER.stop()
