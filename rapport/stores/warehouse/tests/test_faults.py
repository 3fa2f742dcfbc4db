"""Slow transactions, killed writers, readers at work, and eyes on others' files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db import connection
from django_tenants.utils import schema_context

from rapport.foundation.lib import clock
from rapport.launch.database import with_database
from rapport.stores.ledger.tests.factories import NOON, make_customer, touch
from rapport.stores.warehouse.extension_points import warehouse_sources
from rapport.stores.warehouse.models import Arrival, Run
from rapport.stores.warehouse.queries.engine import DuckDBEngine, open_engine
from rapport.stores.warehouse.queries.lake import MANIFEST, current_lake
from rapport.stores.warehouse.rules import manifests
from rapport.stores.warehouse.services.writing import has_news, write
from rapport.testing import SERVER


def ids_written() -> list[str]:
    with open_engine() as engine:
        table = engine.table("touchpoints")
        return sorted(engine.run(table.select("id"))["id"].to_pylist())


@pytest.mark.django_db(transaction=True)
def test_nothing_is_missed_when_a_slow_transaction_commits_after_a_later_one_was_written(workspace: Any) -> None:
    marta = make_customer()
    fast = touch(marta.pk)
    with clock.frozen(clock.now() - timedelta(minutes=9)):
        slow = touch(marta.pk)
    # Make the slow one anew in a transaction of its own connection, which stays open while the writer runs.
    before = connection.connection
    rows = _move_out("touchpoint", slow.id), _move_out("warehouse_arrival", slow.id)
    assert connection.connection is before
    other = _another_connection()
    for statement, values in rows:
        other.execute(statement, values)

    write()
    assert ids_written() == [str(fast.id)]
    later = touch(marta.pk)
    write()
    assert ids_written() == sorted([str(fast.id), str(later.id)])
    other.commit()
    assert has_news()
    write()

    assert ids_written() == sorted([str(fast.id), str(later.id), str(slow.id)])
    other.close()


def _move_out(table: str, touchpoint_id: Any) -> tuple[str, list[Any]]:
    """Take a row out of the database and say how to put it back. The ledger itself lets nobody: its grants are lifted."""
    column = "id" if table == "touchpoint" else "first_id"
    with connection.cursor() as cursor:
        if table == "touchpoint":
            cursor.execute("grant delete on touchpoint to current_user")
            cursor.execute("grant delete on touchpoint_open to current_user")
        cursor.execute(f"select * from {table} where {column} = %s", [touchpoint_id])
        names = [one.name for one in cursor.description]
        (row,) = cursor.fetchall()
        cursor.execute(f"delete from {table} where {column} = %s", [touchpoint_id])
    marks = ", ".join("%s::jsonb" if name == "properties" else "%s" for name in names)
    return f"insert into {table} ({', '.join(names)}) values ({marks})", list(row)


def _another_connection() -> Any:
    import psycopg

    url = with_database(SERVER.url, connection.settings_dict["NAME"])
    return psycopg.connect(url, options="-c search_path=w_00000001,public")


WRITER = """
import os, signal, sys
import django
django.setup()
from django_tenants.utils import schema_context
from rapport.stores.warehouse.services import files, writing
left = int(sys.argv[2])
def dying(function):
    def step(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return step
place, name = sys.argv[1].split(".")
module = {"files": files, "writing": writing}[place]
setattr(module, name, dying(getattr(module, name)))
with schema_context("w_00000001"):
    writing.write(rebuild=sys.argv[3] == "rebuild")
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("step", "time", "how"),
    [
        ("files.sync", 1, "on"),  # a data file was written, nobody names it yet
        ("files.commit", 1, "on"),  # all data files are there
        ("files._write_whole", 2, "on"),  # the old manifest was copied, the new one not put in its place
        ("writing._forget_taken", 2, "on"),  # the new manifest holds, what it took still waits in the database
        ("files.sync", 3, "rebuild"),
        ("files.prune", 1, "rebuild"),
    ],
)
def test_a_writer_killed_at_any_step_leaves_the_last_state_and_nothing_is_lost_or_doubled(
    step: str, time: int, how: str, workspace: Any, lake_folder: Path
) -> None:
    marta = make_customer()
    first = [touch(marta.pk, occurred_at=NOON - timedelta(days=40 * number)) for number in range(3)]
    write()
    before = ids_written()
    new = [touch(marta.pk, occurred_at=NOON - timedelta(days=40 * number)) for number in range(2)]
    everything = sorted(str(outcome.id) for outcome in (*first, *new))

    killed = subprocess.run(
        [sys.executable, "-c", WRITER, step, str(time), how],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rapport.config.settings",
            "DATABASE_URL": with_database(SERVER.url, connection.settings_dict["NAME"]),
            "RAPPORT_WAREHOUSE_PATH": str(lake_folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ids_written() in (before, everything)
    write()
    assert ids_written() == everything
    assert Arrival.objects.count() == 0
    assert [run.state for run in Run.objects.order_by("started_at")][1] == Run.State.FAILED
    assert not Run.objects.filter(state=Run.State.RUNNING).exists()


@pytest.mark.django_db(transaction=True)
def test_only_one_writes_at_a_time(workspace: Any) -> None:
    touch(make_customer().pk)
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush()")  # else the counters may tell of this after the write
    other = _another_connection()
    other.execute("select pg_advisory_lock(hashtextextended('warehouse w_00000001', 0))")

    assert write() is None

    other.execute("select pg_advisory_unlock_all()")
    other.close()
    assert write() is not None
    assert not has_news()
    assert write() is None


@pytest.mark.django_db
def test_a_torn_manifest_gives_way_to_the_one_before(workspace: Any) -> None:
    marta = make_customer()
    touch(marta.pk)
    write()
    held = ids_written()
    touch(marta.pk)
    write()

    (current_lake().folder / MANIFEST).write_bytes(b'{"version": 2, "wr')

    assert ids_written() == held


@pytest.mark.django_db
def test_small_files_become_one_and_readers_keep_theirs(workspace: Any) -> None:
    marta = make_customer()
    for _ in range(7):
        touch(marta.pk)
        write()
    reader = open_engine()
    touch(marta.pk)

    write()

    held = current_lake().manifest()
    assert held is not None
    assert [(file.month, file.rows) for file in held.tables["touchpoints"].files] == [("2026-11", 8)]
    assert len(ids_written()) == 8
    assert reader.run(reader.table("touchpoints").count().as_table()).to_pylist()[0].popitem()[1] == 7
    reader.close()


@pytest.mark.django_db
def test_files_nobody_can_be_reading_are_deleted(workspace: Any) -> None:
    marta = make_customer()
    touch(marta.pk)
    write()
    for _ in range(6):
        write(rebuild=True)
    lake = current_lake()
    stray = lake.data / "touchpoints" / "2026-11" / "left-by-a-killed-writer.parquet"
    stray.write_bytes(b"half")
    assert len(lake.all_files()) > 12
    for path in (*lake.data.rglob("*.parquet"), *lake.former_folder.glob("*.json")):
        os.utime(path, (1_700_000_000, 1_700_000_000))

    write(rebuild=True)

    held = lake.manifest()
    assert held is not None
    kept = [manifests.decode(path.read_bytes()) for path, _, _ in lake.former()]
    assert len(kept) == manifests.KEPT
    assert set(lake.all_files()) == held.files.union(*(one.files for one in kept))
    assert len(ids_written()) == 1


@pytest.mark.django_db
def test_an_engine_sees_its_own_workspace_and_nothing_else(
    workspace: Any, other_workspace: Any, tmp_path: Path
) -> None:
    touch(make_customer().pk)
    write()
    with schema_context(other_workspace.schema_name):
        touch(make_customer("Cleo").pk)
        write()
        theirs = current_lake()
        (foreign, *_) = theirs.data.rglob("*.parquet")

    with open_engine() as engine:
        assert isinstance(engine, DuckDBEngine)
        for statement in (
            f"select * from read_parquet('{foreign}')",
            f"select * from read_parquet('{current_lake().folder}/data/../../{other_workspace.schema_name}/data/**/*.parquet')",
            "select * from read_csv('/etc/passwd')",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            f"attach '{tmp_path}/other.db'",
            "set enable_external_access = true",
            "set allowed_directories = ['/']",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                engine._connection.execute(statement)
        assert len(ids_written()) == 1


@pytest.mark.django_db
def test_tables_that_sources_are_read_from_exist(workspace: Any) -> None:
    there = set(connection.introspection.table_names())

    assert {name for source in warehouse_sources.values() for name in source.read_from} - there == set()
