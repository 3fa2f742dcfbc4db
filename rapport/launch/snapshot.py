"""Schemas as text: what migrations would build, kept by their fingerprint and replayed in under a second.

Running every migration costs many seconds for each new workspace. `pg_dump` of a workspace nobody uses, the *template
workspace*, says the same in one text: it makes first boot, new workspaces and the test database quick. Privileges are
part of the text (the ledger's revoked rights among them), written for whoever runs it.

Where there is no text for the present migrations and no `pg_dump` to make one, migrations are run instead.
"""

from __future__ import annotations

import ast
import contextlib
import gzip
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg

from rapport.launch.checkout import PACKAGE, home
from rapport.launch.database import EXTENSIONS, Binaries, DatabaseError

TEMPLATE = "template_workspace"
SHIPPED = PACKAGE / "launch" / "snapshot.json.gz"
NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")

# What pg_dump says to its own session. Replayed into ours it would outlive the text: an empty search_path, for one.
_SESSION = re.compile(
    r"^(?:SET [a-z_]+ = .*;|SELECT pg_catalog\.set_config\('search_path', .*\);"
    r"|\\(?:un)?restrict .*|CREATE SCHEMA public;)$",
    re.MULTILINE,
)
_COMMENT = re.compile(r"^--(?: .*)?$", re.MULTILINE)
_GRANT = re.compile(r"^(GRANT|REVOKE) [^;\n]+;$", re.MULTILINE)


class Cursor(Protocol):
    def execute(self, query: Any, params: Any = None) -> Any: ...

    def fetchone(self) -> Any: ...


class Connection(Protocol):
    """A psycopg or Django connection."""

    def cursor(self) -> AbstractContextManager[Any]: ...


@dataclass(frozen=True)
class Snapshot:
    """The texts for one state of the migrations. `public` is empty when it was taken from a database in use."""

    fingerprint: str
    workspace: str
    public: str = ""

    @classmethod
    def find(cls, wanted: str, folder: Path | None = None) -> Snapshot | None:
        """The snapshot that came with the wheel, or the one made here before."""
        for path in (SHIPPED, _kept(wanted, folder)):
            try:
                found = cls(**json.loads(gzip.decompress(path.read_bytes())))
            except (OSError, ValueError, TypeError):
                continue
            if found.fingerprint == wanted:
                return found
        return None

    def keep(self, path: Path | None = None) -> Path:
        path = path or _kept(self.fingerprint)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".snapshot-", delete=False) as draft:
            draft.write(gzip.compress(json.dumps(asdict(self)).encode(), mtime=0))
        os.replace(draft.name, path)
        path.chmod(0o644)
        return path


def _kept(wanted: str, folder: Path | None = None) -> Path:
    return (folder or home()) / "snapshots" / f"{wanted[:16]}.json.gz"


@cache
def fingerprint() -> str:
    """Changes when any migration may have changed: ours by their text, those of other packages by their version."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("migrations/*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode() + path.read_bytes())
    apps = _installed_apps()
    digest.update("\n".join(apps).encode())
    for module in sorted({app.split(".")[0] for app in apps} - {"rapport"}):
        digest.update(f"{module}=={_version(module)}".encode())
    return digest.hexdigest()


def _version(module: str) -> str:
    """The version of the package that a module belongs to. To search all packages for it takes half a second."""
    for name in (module, f"django-{module}"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return ",".join(map(importlib.metadata.version, importlib.metadata.packages_distributions().get(module, [])))


def _installed_apps() -> list[str]:
    """SHARED_APPS and TENANT_APPS as the settings file writes them, read without importing Django."""
    apps: list[str] = []
    for node in ast.parse((PACKAGE / "config" / "settings.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id in ("SHARED_APPS", "TENANT_APPS"):
                apps += [f"{node.targets[0].id}: {app}" for app in ast.literal_eval(node.value)]
    return [app.split(": ")[1] for app in apps]


# --- what state a database is in ---


def recorded_fingerprint(connection: Connection) -> str | None:
    """The migrations this database has, all workspaces included. Kept as the comment of the template schema."""
    with connection.cursor() as cursor:
        cursor.execute("select obj_description(to_regnamespace(%s)::oid, 'pg_namespace')", [TEMPLATE])
        found = cursor.fetchone()[0]
        return str(found) if found else None


def record_fingerprint(connection: Connection, value: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("not a fingerprint")
    with connection.cursor() as cursor:
        cursor.execute(f"comment on schema {TEMPLATE} is '{value}'")


def is_empty(connection: Connection) -> bool:
    """No migration ever ran here."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('public.django_migrations') is null")
        return bool(cursor.fetchone()[0])


# --- writing the texts ---


def dump(url: str, schema: str) -> str | None:
    """The schema as text that anyone may replay; None when there is no pg_dump as new as the server."""
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10000
        role = connection.info.user
    program = _pg_dump(server)
    if program is None:
        return None
    options = ["-n", schema, "--no-owner", "--no-comments", "--inserts", "--rows-per-insert=1000"]
    done = subprocess.run([program, "-d", url, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return for_anyone(done.stdout, role)


def _pg_dump(server_major: int) -> Path | None:
    """pg_dump must be as new as the server it reads."""
    try:
        binaries = Binaries.find()
    except DatabaseError:
        return None
    program = binaries.folder / "pg_dump"
    return program if binaries.major >= server_major and program.exists() else None


def for_anyone(text: str, role: str) -> str:
    """Take out what belongs to the session and the role that made the dump."""

    def grant(found: re.Match[str]) -> str:
        return re.sub(rf'\b(TO|FROM) (?:"{re.escape(role)}"|{re.escape(role)})(?=[;, ])', r"\1 CURRENT_USER", found[0])

    text = _COMMENT.sub("", _SESSION.sub("", text))
    return re.sub(r"\n{3,}", "\n\n", _GRANT.sub(grant, text)).strip() + "\n"


# --- replaying them ---


def load(connection: psycopg.Connection[Any], snapshot: Snapshot) -> None:
    """Build an empty database from the texts: first boot without migrations."""
    if not snapshot.public:
        raise ValueError("this snapshot has no text for the shared schema")
    with connection.transaction(), connection.cursor() as cursor:
        for extension in EXTENSIONS:
            cursor.execute(f"create extension if not exists {extension} schema public")
        _replay(cursor, snapshot.public)
        _replay(cursor, snapshot.workspace)
    with connection.transaction():
        record_fingerprint(connection, snapshot.fingerprint)


def clone_workspace(connection: Connection, schema: str, *, migrate: Callable[[str], None] | None = None) -> None:
    """Make the tables of a new workspace.

    `migrate` runs the migrations in a schema that exists; it is asked where no text fits the present migrations.
    """
    if not NAME.fullmatch(schema):
        raise ValueError(f"not a schema name: {schema!r}")
    snapshot = Snapshot.find(fingerprint())
    with connection.cursor() as cursor:
        if snapshot is None:
            if migrate is None:
                raise LookupError("no snapshot of the present migrations")
            cursor.execute(f'create schema "{schema}"')
        else:
            _replay(cursor, re.sub(rf"\b{TEMPLATE}\b", schema, snapshot.workspace))
    if snapshot is None and migrate is not None:
        migrate(schema)


def _replay(cursor: Cursor, text: str) -> None:
    """Several statements at once, which PostgreSQL runs as one transaction."""
    cursor.execute("select current_setting('server_version_num')::int, current_setting('check_function_bodies')")
    version, checks = cursor.fetchone()
    if version < 170000:  # the right to maintain a table came with PostgreSQL 17
        text = _GRANT.sub(lambda found: found[0].replace(",MAINTAIN", "").replace("MAINTAIN,", ""), text)
    # Functions may name tables that come later in the text.
    cursor.execute("set check_function_bodies = off")
    try:
        cursor.execute(text)
    finally:
        cursor.execute(f"set check_function_bodies = {checks}")
