"""The doctor's words: what is wrong, and what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rapport.launch import doctor as subject
from rapport.launch.database import Cluster
from rapport.launch.doctor import Finding, doctor

MB = 1024**2


def words(findings: Iterator[Finding]) -> str:
    return "\n".join(map(str, findings))


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    cluster = Cluster(home, unsafe_fast=True)
    with cluster.running():
        yield cluster


def test_python_that_is_too_old() -> None:
    assert str(subject.python_version((3, 10, 2))) == (
        "BAD   Python 3.10.2 is not one that Rapport is tested with.\n      → Use Python 3.11, 3.12 or 3.13."
    )
    assert subject.python_version((3, 12, 0)).level == "good"


def test_full_disk(tmp_path: Path) -> None:
    (finding,) = subject.data_folder(tmp_path, free_bytes=50 * MB)

    assert finding == Finding(
        "bad", f"Only 50 MB are free where the data lies ({tmp_path}).", "Make room on that disk."
    )


def test_disk_that_is_nearly_full(tmp_path: Path) -> None:
    (finding,) = subject.data_folder(tmp_path, free_bytes=1024 * MB)

    assert finding.level == "note"


def test_secret_key_that_others_can_read(tmp_path: Path) -> None:
    key = tmp_path / "secret_key"
    key.touch(0o644)

    *_, finding = subject.data_folder(tmp_path)

    assert finding.level == "bad"
    assert finding.remedy == f"chmod 600 '{key}'"


def test_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    (finding,) = subject.data_folder(tmp_path / "none")

    assert finding.level == "note"


def test_missing_front_end_files_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.assets, "missing", lambda: ["icons.svg"])

    assert str(subject.front_end()) == (
        "BAD   Front-end files are missing: icons.svg.\n      → `rapport assets` builds them."
    )


def test_port_that_another_program_uses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0)
        (finding,) = subject.server("127.0.0.1", other.getsockname()[1])

    assert finding.level == "note"
    assert "Another program uses port" in finding.words


def test_server_that_does_not_answer() -> None:
    (finding,) = subject.database("postgresql://rapport@127.0.0.1:9/rapport", "the server in DATABASE_URL")

    assert finding.level == "bad"
    assert finding.words.startswith("The database does not answer: the server in DATABASE_URL.")
    assert "address, name and password" in finding.remedy


def test_sound_server_that_is_empty(cluster: Cluster) -> None:
    findings = list(subject.database(cluster.url(), "here"))

    assert [finding.level for finding in findings] == ["good", "good", "good", "good", "note"]
    assert findings[-1].words == "The database is empty."


def test_superuser_is_a_fault(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(user="postgres")) as connection:
        (finding,) = subject.role(connection)

    assert finding.level == "bad"
    assert "nothing keeps it from rewriting the ledger" in finding.words
    assert "create role rapport login" in finding.remedy


def test_role_that_may_make_no_schema(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(user="postgres"), autocommit=True) as server:
        server.execute("create role guest login")
    with psycopg.connect(cluster.url(user="guest")) as connection:
        _, finding = subject.role(connection)

    assert finding.level == "bad"
    assert finding.remedy.endswith("grant create on database rapport to guest;")


def test_missing_extensions_that_the_server_offers(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(user="postgres")) as connection:
        connection.execute("drop extension unaccent")
        (finding,) = subject.extensions(connection)

    assert finding == Finding(
        "note", "Not yet made in this database: unaccent.", "`rapport db migrate` makes those it needs."
    )


def test_clock_that_is_wrong(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    now = subject.time.time
    monkeypatch.setattr(subject.time, "time", lambda: now() + 90)
    with psycopg.connect(cluster.url()) as connection:
        finding = subject.clock(connection)

    assert finding.level == "bad"
    assert "differ by 90 s" in finding.words


def test_schema_of_another_version(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("create table django_migrations ()")
        finding = subject.migrations(connection)

    assert finding.level == "bad"
    assert "rapport db migrate" in finding.remedy


def test_exit_status_tells_whether_something_is_wrong(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAPPORT_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL")

    assert doctor(host="127.0.0.1", port=9) == 0
    assert capsys.readouterr().out.endswith("Everything Rapport needs is in place.\n")

    monkeypatch.setenv("DATABASE_URL", "postgresql://rapport@127.0.0.1:9/rapport")
    assert doctor(host="127.0.0.1", port=9) == 1
    assert "Wrong: 1." in capsys.readouterr().out
