"""Schemas from text: the same as migrations make, the ledger's seal included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from rapport.launch import snapshot
from rapport.launch.database import Binaries, Cluster, with_database
from rapport.launch.snapshot import Snapshot, clone_workspace, for_anyone

CATALOGUE = {
    "columns": """
        select table_name, column_name, data_type, is_nullable, column_default is null
        from information_schema.columns where table_schema = %s order by 1, 2""",
    # Without the condition of partial ones: PostgreSQL writes a cast in it in one of two ways.
    "indexes": """
        select replace(split_part(indexdef, ' WHERE ', 1), %s, '') from pg_indexes where schemaname = %s order by 1""",
    "constraints": """
        select conname, contype::text, replace(pg_get_constraintdef(oid), %s || '.', '')
        from pg_constraint where connamespace = to_regnamespace(%s) order by 1, 3""",
    "rights": """
        select relname, relacl::text from pg_class
        where relnamespace = to_regnamespace(%s) and relacl is not null order by 1""",
    "partitions": """
        select relname, pg_get_expr(relpartbound, oid) from pg_class
        where relnamespace = to_regnamespace(%s) and relispartition order by 1""",
    "migrations": "",
}


def catalogue(cursor: Any, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for name, query in CATALOGUE.items():
        query = query or f'select app, name from "{schema}".django_migrations order by 1, 2'
        cursor.execute(query, [schema] * query.count("%s"))
        found[name] = cursor.fetchall()
    return found


@pytest.fixture
def empty_database(home: Path) -> Iterator[str]:
    with Cluster(home, unsafe_fast=True).running() as url:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("create database empty")
        yield with_database(url, "empty")


@pytest.mark.django_db
def test_cloned_workspace_equals_the_migrated_one() -> None:
    clone_workspace(connection, "w_0000abcd")

    with connection.cursor() as cursor:
        clone, migrated = catalogue(cursor, "w_0000abcd"), catalogue(cursor, snapshot.TEMPLATE)
    assert clone["columns"]
    assert clone["rights"]
    assert clone == migrated


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["update touchpoint set kind = 'x'", "delete from touchpoint", "truncate touchpoint"]
)
@pytest.mark.parametrize("partition", ["touchpoint", "touchpoint_open"])
def test_ledger_of_a_cloned_workspace_is_sealed(statement: str, partition: str) -> None:
    clone_workspace(connection, "w_0000abcd")

    with connection.cursor() as cursor:
        cursor.execute("set local search_path to w_0000abcd")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(statement.replace("touchpoint", partition))


@pytest.mark.django_db
def test_cloning_leaves_the_session_as_it_was() -> None:
    with connection.cursor() as cursor:
        cursor.execute("show search_path")
        before = cursor.fetchone()
        cursor.execute("show check_function_bodies")
        checks = cursor.fetchone()

        clone_workspace(connection, "w_0000abcd")

        cursor.execute("show search_path")
        assert cursor.fetchone() == before
        cursor.execute("show check_function_bodies")
        assert cursor.fetchone() == checks


@pytest.mark.django_db
def test_clone_that_is_rolled_back_leaves_nothing() -> None:
    with transaction.atomic():
        clone_workspace(connection, "w_0000abcd")
        transaction.set_rollback(True)

    with connection.cursor() as cursor:
        cursor.execute("select to_regnamespace('w_0000abcd')")
        assert cursor.fetchone() == (None,)


@pytest.mark.parametrize("name", ["", "W_1", "w-1", 'w"; drop schema public; --', "1w", "w" * 60])
def test_strange_names_never_reach_the_database(name: str) -> None:
    with pytest.raises(ValueError, match="not a schema name"):
        clone_workspace(None, name)  # type: ignore[arg-type]  # the name is refused before any connection is used


@pytest.mark.django_db
def test_migrations_are_run_where_no_text_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshot, "find", classmethod(lambda *_: None))
    asked: list[str] = []

    clone_workspace(connection, "w_0000abcd", migrate=asked.append)

    assert asked == ["w_0000abcd"]
    with connection.cursor() as cursor:
        cursor.execute("select to_regnamespace('w_0000abcd') is not null")
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db
def test_first_boot_from_text_equals_first_boot_by_migrations(empty_database: str) -> None:
    found = Snapshot.find(snapshot.fingerprint())
    assert found
    assert found.public

    with psycopg.connect(empty_database, autocommit=True) as fresh:
        assert snapshot.is_empty(fresh)
        snapshot.load(fresh, found)

        assert snapshot.recorded_fingerprint(fresh) == snapshot.fingerprint()
        with fresh.cursor() as built, connection.cursor() as migrated:
            for schema in ("public", snapshot.TEMPLATE):
                ours, theirs = catalogue(built, schema), catalogue(migrated, schema)
                for name in ours:
                    assert ours[name] == theirs[name], (schema, name)


@pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")), reason="no PostgreSQL of the system")
@pytest.mark.usefixtures("django_db_setup")
def test_text_made_by_the_newest_server_serves_older_ones(home: Path) -> None:
    found = Snapshot.find(snapshot.fingerprint())
    assert found
    oldest = min(Path("/usr/lib/postgresql").glob("*/bin/postgres")).parent

    with (
        Cluster(home, Binaries.at(oldest), unsafe_fast=True).running() as url,
        psycopg.connect(url, autocommit=True) as old,
    ):
        snapshot.load(old, found)

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            old.execute("delete from template_workspace.touchpoint")


@pytest.mark.django_db
def test_database_of_a_newer_version_is_left_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into public.django_migrations (app, name, applied) values ('ledger', '9999_x', '2030-01-01')"
        )
        with pytest.raises(CommandError, match=r"newer version of Rapport \(it has ledger\.9999_x\)"):
            _refuse()


def _refuse() -> None:
    from rapport.config.management.commands.prepare_database import _refuse_newer_database

    _refuse_newer_database(fresh=False)


@pytest.mark.django_db
def test_no_model_lacks_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_text_holds_no_session_settings_and_no_role() -> None:
    text = for_anyone(
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\nSET statement_timeout = 0;\n"
        "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE SCHEMA t;\n"
        "INSERT INTO t.a VALUES ('SET x = 1;', 'TO rapport;');\n"
        "REVOKE ALL ON TABLE t.a FROM rapport;\nGRANT SELECT,MAINTAIN ON TABLE t.a TO rapport;\n\\unrestrict abc\n",
        "rapport",
    )

    assert text == (
        "CREATE SCHEMA t;\nINSERT INTO t.a VALUES ('SET x = 1;', 'TO rapport;');\n"
        "REVOKE ALL ON TABLE t.a FROM CURRENT_USER;\nGRANT SELECT,MAINTAIN ON TABLE t.a TO CURRENT_USER;\n"
    )


def test_kept_snapshot_is_found_by_its_fingerprint_alone(tmp_path: Path) -> None:
    kept = Snapshot("a" * 64, "create schema template_workspace;")
    kept.keep(tmp_path / "snapshots" / f"{'a' * 16}.json.gz")

    assert Snapshot.find("a" * 64, tmp_path) == kept
    assert Snapshot.find("b" * 64, tmp_path) is None


def test_broken_snapshot_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / f"{'a' * 16}.json.gz").write_bytes(b"not gzip")

    assert Snapshot.find("a" * 64, tmp_path) is None
