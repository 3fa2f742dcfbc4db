"""The embedded PostgreSQL: start, share, recover, and leave other people's folders alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from rapport.launch.database import Binaries, Cluster, DatabaseError, with_database

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root's server does")

HOLD = """
import sys
from pathlib import Path
from rapport.launch.database import Cluster
cluster = Cluster(Path(sys.argv[1]), unsafe_fast=True)
print(cluster.acquire(), flush=True)
sys.stdin.readline()
print(cluster.release(), flush=True)
"""


def make(home: Path) -> Cluster:
    return Cluster(home, unsafe_fast=True)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


@contextmanager
def another_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A second user of the cluster; it leaves when told to by a line on its input."""
    command = [sys.executable, "-c", HOLD, str(home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_first_start_makes_a_database_for_a_role_that_is_no_superuser(home: Path) -> None:
    with make(home).running() as url, psycopg.connect(url) as connection:
        role = connection.execute(
            "select current_user, rolsuper, rolcreatedb, pg_get_userbyid(datdba) from pg_roles, pg_database"
            " where rolname = current_user and datname = current_database()"
        ).fetchone()
        extensions = {name for (name,) in connection.execute("select extname from pg_extension")}

    assert role == ("rapport", False, True, "rapport")
    assert {"pg_trgm", "unaccent", "btree_gin"} <= extensions


def test_server_listens_on_no_network_address(home: Path) -> None:
    with make(home).running() as url, psycopg.connect(url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_socket_folder_is_closed_to_others(home: Path) -> None:
    cluster = make(home)
    with cluster.running():
        assert stat.S_IMODE(cluster.socket_folder.stat().st_mode) == 0o700


def test_data_is_there_after_a_second_start(home: Path) -> None:
    with make(home).running() as url, psycopg.connect(url) as connection:
        connection.execute("create table kept as select 42 as value")

    with make(home).running() as url, psycopg.connect(url) as connection:
        assert connection.execute("select value from kept").fetchone() == (42,)


def test_last_one_to_leave_stops_the_server(home: Path) -> None:
    cluster = make(home)
    cluster.acquire()
    with another_process(home) as other:
        assert other.stdout
        assert other.stdin
        other.stdout.readline()

        assert cluster.release() is False
        assert cluster.alive()

        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "True\n"
        assert not cluster.alive()


def test_user_killed_without_warning_keeps_no_server_alive(home: Path) -> None:
    cluster = make(home)
    cluster.acquire()
    with another_process(home) as other:
        assert other.stdout
        other.stdout.readline()
        other.kill()
        other.wait()

    assert cluster.release() is True


def test_of_several_first_starters_one_sets_up_and_all_attach(home: Path) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    urls = {starter.stdout.readline() for starter in starters if starter.stdout}
    said = [starter.communicate("\n")[0] for starter in starters]

    assert len(urls) == 1
    assert sorted(said) == ["False\n", "False\n", "False\n", "True\n"]


def test_committed_rows_survive_a_killed_server(home: Path) -> None:
    cluster = Cluster(home)  # durable, as in real use
    with cluster.running() as url:
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select generate_series(1, 1000) as value")
        pending = psycopg.connect(url)
        pending.execute("insert into kept values (1001)")
        os.kill(postmaster(cluster), signal.SIGKILL)

        again = Cluster(home)
        with again.running() as url_again, psycopg.connect(url_again) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (1000,)
        pending.close()


def test_lock_file_of_a_process_that_is_something_else_now_is_no_obstacle(home: Path) -> None:
    cluster = make(home)
    cluster.acquire()
    cluster.release()
    # What a container finds after a power cut: the number in the file is alive, and not PostgreSQL.
    lock = cluster.data / "postmaster.pid"
    lock.write_text(f"{os.getppid()}\n{cluster.data}\n0\n5432\n{cluster.socket_folder}\n\n0 0\nready\n")
    shutil.chown(lock, cluster.uid, cluster.gid)

    with make(home).running() as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_setting_up_that_was_killed_half_way_is_done_again(home: Path) -> None:
    cluster = make(home)
    half = cluster.place / f".{cluster.data.name}.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with cluster.running() as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("name", ["with space", "quote'd", 'double"quoted', "comma, too", "ünïcode", "x" * 120])
def test_any_folder_name_will_do(home: Path, name: str) -> None:
    with make(home / name).running() as url, psycopg.connect(with_database(url, "rapport")) as connection:
        assert connection.execute("select current_database()").fetchone() == ("rapport",)


def test_two_homes_are_two_servers(home: Path) -> None:
    with make(home / "one").running() as one, make(home / "two").running() as two:
        with psycopg.connect(one) as connection:
            connection.execute("create table here ()")
        with psycopg.connect(two) as connection:
            assert connection.execute("select to_regclass('here')").fetchone() == (None,)


def test_data_of_another_version_is_never_passed_over(home: Path) -> None:
    cluster = make(home)
    (cluster.place / "data-14").mkdir()

    with pytest.raises(DatabaseError, match=r"format of PostgreSQL 14 .* upgrade-info"):
        cluster.acquire()
    assert not cluster.data.exists()


def test_folder_that_is_a_link_is_refused(home: Path) -> None:
    home.mkdir(parents=True)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    before = elsewhere.stat()
    (home / "postgres").symlink_to(elsewhere)

    with pytest.raises(DatabaseError, match="belongs to somebody else"):
        make(home)
    assert elsewhere.stat().st_uid == before.st_uid
    assert elsewhere.stat().st_mode == before.st_mode


def test_wrong_programs_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_PG_BIN", "/nowhere")

    with pytest.raises(DatabaseError, match="no usable PostgreSQL server in /nowhere"):
        make(home)


@pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")), reason="no PostgreSQL of the system")
def test_servers_of_the_system_serve_as_well(home: Path) -> None:
    folder = max(Path("/usr/lib/postgresql").glob("*/bin/postgres")).parent

    with Cluster(home, Binaries.at(folder), unsafe_fast=True).running() as url, psycopg.connect(url) as connection:
        assert connection.execute("select current_user").fetchone() == ("rapport",)


@only_root
def test_root_runs_the_server_as_somebody_else_and_opens_no_folder(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(parents=True, mode=0o700)
    cluster = make(closed / "home")
    try:
        with cluster.running():
            assert Path(f"/proc/{postmaster(cluster)}").stat().st_uid not in (0, -1)
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
            assert cluster.place.is_relative_to("/var/lib/rapport")

        assert Cluster(closed / "home").place == cluster.place
    finally:
        shutil.rmtree(cluster.place)


def _python_for_everyone() -> str | None:
    """An interpreter of our version that an unprivileged user may run: the present one may lie in root's own folder."""
    version = ".".join(map(str, sys.version_info[:2]))
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        if Path(candidate).exists():
            try:
                done = subprocess.run([candidate, "-c", ""], user=65534, group=65534, extra_groups=[], check=False)
            except PermissionError:
                continue
            if done.returncode == 0:
                return candidate
    return None


@only_root
def test_ordinary_user_needs_no_rights(home: Path) -> None:
    python = _python_for_everyone()
    if python is None:
        pytest.skip("no interpreter here that an unprivileged user may run")
    home.mkdir(parents=True)
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)

    done = subprocess.run(
        [python, "-c", HOLD, str(home / "own")],
        input="\n",
        capture_output=True,
        text=True,
        check=False,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr
    assert (home / "own" / "postgres").stat().st_uid == nobody.pw_uid


def test_same_server_is_reached_by_another_database_name() -> None:
    assert with_database("postgresql://rapport@/rapport?host=%2Frun", "x") == "postgresql://rapport@/x?host=%2Frun"
    assert with_database("postgresql://u:p@host:5432/rapport", "x") == "postgresql://u:p@host:5432/x"
