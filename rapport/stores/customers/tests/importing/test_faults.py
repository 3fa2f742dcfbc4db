"""Imports that are killed, stopped, raced and fed nonsense: nothing is doubled, nothing is lost, everything is said."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.records.models import Import, ImportBatch, Operation
from rapport.foundation.records.services import import_runs, imports
from rapport.foundation.records.services.import_files import file_path
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, Identity
from rapport.stores.customers.tests.importing.conftest import csv_of, lines
from rapport.stores.customers.tests.importing.test_undo import state
from rapport.waiting import eventually

MANY = 12_000


def people(count: int) -> str:
    return csv_of(
        ("Name", "E-mail", "Company"), *((f"P {n}", f"p{n}@example.org", f"Firm {n % 50}") for n in range(count))
    )


def settle(row: Import, **values: Any) -> None:
    Import.objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()


@pytest.mark.django_db
def test_a_run_that_was_stopped_goes_on_where_it_was(
    bring: Callable[..., Import], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = bring(people(50))
    settle(row, batch_rows=10, state="running")
    real, calls = import_runs._Run._write_batch, []

    def breaks(self: Any, work: Any) -> Any:
        calls.append(work.number)
        if len(calls) == 4:
            raise RuntimeError("the power went")
        return real(self, work)

    monkeypatch.setattr(import_runs._Run, "_write_batch", breaks)
    with pytest.raises(RuntimeError):
        import_runs.run_import(actor=actor, import_id=row.pk)
    assert Customer.objects.filter(kind="person").count() == 30

    monkeypatch.setattr(import_runs._Run, "_write_batch", real)
    assert import_runs.run_import(actor=actor, import_id=row.pk)

    row.refresh_from_db()
    assert (row.state, row.counts["new"]) == ("done", 50)
    assert Customer.objects.filter(kind="person").count() == 50
    assert Operation.objects.get(pk=row.operation_id).counts == {"created": 50, "organisations": 50}


@pytest.mark.django_db
def test_stopping_keeps_what_is_written_and_can_be_undone(
    bring: Callable[..., Import], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    row = bring(people(50))
    settle(row, batch_rows=10, state="running")
    real = import_runs._Run._write_batch

    def stops(self: Any, work: Any) -> Any:
        if work.number == 2:
            imports.cancel_import(actor=actor, import_id=row.pk)
        return real(self, work)

    monkeypatch.setattr(import_runs._Run, "_write_batch", stops)
    import_runs.run_import(actor=actor, import_id=row.pk)

    row.refresh_from_db()
    assert (row.state, row.counts["new"]) == ("cancelled", 30)
    imports.begin_undo(actor=actor, import_id=row.pk)
    assert state() == before


@pytest.mark.django_db
def test_a_stopped_import_can_be_gone_on_with(
    bring: Callable[..., Import], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = bring(people(30))
    settle(row, batch_rows=10, state="running")
    monkeypatch.setattr(import_runs._Run, "_goes_on", lambda self: ImportBatch.objects.count() < 1)
    import_runs.run_import(actor=actor, import_id=row.pk)
    row.refresh_from_db()
    assert row.state == "cancelled"
    monkeypatch.undo()

    imports.begin_run(actor=actor, import_id=row.pk)

    row.refresh_from_db()
    assert (row.state, row.counts["new"]) == ("done", 30)


@pytest.mark.django_db
def test_a_row_that_the_database_refuses_costs_only_itself(
    run: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rapport.stores.customers.rules import customers as rules

    real = rules.search_texts
    monkeypatch.setattr(
        rules,
        "search_texts",
        lambda **parts: [
            "x\x00" if name == "P 3" else text for name, text in zip(parts["names"], real(**parts), strict=True)
        ],
    )

    row = run(people(8))

    assert (row.counts["new"], row.counts["refused"]) == (7, 1)
    assert lines(row)[1].startswith("5,\"The database can't store this row")


@pytest.mark.django_db
def test_a_file_that_breaks_in_the_middle_fails_with_a_reason(
    bring: Callable[..., Import], actor: Actor, tmp_path: Path
) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    for number in range(3000):
        sheet.write_row(
            number,
            0,
            [
                "Name" if not number else f"P {number} {os.urandom(20).hex()}",
                "E-mail" if not number else f"p{number}@x.org",
            ],
        )
    book.close()
    row = bring((tmp_path / "a.xlsx").read_bytes(), name="a.xlsx")
    path = file_path(row)
    content = path.read_bytes()
    place = content.index(b"PK\x03\x04", content.index(b"sheet1.xml"))
    path.write_bytes(content[: place - 4000] + bytes(3000) + content[place - 1000 :])

    settle(row, state="running")
    import_runs.run_import(actor=actor, import_id=row.pk)

    row.refresh_from_db()
    assert row.state == "failed"
    assert "damaged" in row.problem


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "a@x.org", "b@x.org", "A@X.org", "bad"]),
            st.sampled_from(["", "+351912345678", "+351912345679"]),
            st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6),
            st.sampled_from(["", "K1", "K2"]),
            st.sampled_from(["", "Firm", "Other firm"]),
        ),
        max_size=8,
    ),
    st.sampled_from(["email", "phone", "external_id", ""]),
    st.sampled_from(["update", "fill", "leave"]),
)
def test_whatever_comes_in_is_counted_and_goes_away_again(
    workspace: Workspace, actor: Actor, storage: None, rows: list[tuple[str, ...]], key: str, existing: str
) -> None:
    known = csv_of(
        ("E-mail", "Phone", "Name", "Customer number", "Company"), ("a@x.org", "+351912345678", "Known", "K1", "Firm")
    )
    content = csv_of(("E-mail", "Phone", "Name", "Customer number", "Company"), *rows)
    with rolled_back():
        imports.begin_run(actor=actor, import_id=planned(actor, known, "external_id", "update").pk)
        before = state()
        row = planned(actor, content, key, existing)
        checked = imports.begin_check(actor=actor, import_id=row.pk).checked_counts
        done = imports.begin_run(actor=actor, import_id=row.pk)
        filled = [cells for cells in rows if any(cell.strip() for cell in cells)]
        assert done.state == "done", done.problem
        assert sum(done.counts[name] for name in ("new", "updated", "unchanged", "refused")) == len(filled)
        assert (done.counts["new"], done.counts["refused"]) == (checked["new"], checked["refused"])
        imports.begin_undo(actor=actor, import_id=row.pk)
        assert state() == before


def planned(actor: Actor, content: str, key: str, existing: str) -> Import:
    row = imports.start_import(
        actor=actor, record_type="customer", upload=SimpleUploadedFile("a.csv", content.encode())
    )
    how = {"has_header": True, "delimiter": ","}
    row = imports.change_format(actor=actor, import_id=row.pk, **how)
    targets = dict(enumerate(("email", "phone", "name", "external_id", "organisation_name")))
    return imports.change_plan(
        actor=actor, import_id=row.pk, targets=targets, answers={**row.options, "existing": existing}, key_field=key
    )


@contextlib.contextmanager
def rolled_back() -> Iterator[None]:
    from django.db import transaction

    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        yield
        raise ZeroDivisionError


# With real processes and connections


@pytest.fixture
def committed(transactional_db: None, storage: None) -> Iterator[tuple[Workspace, Actor]]:
    """Ada, for processes of their own to see."""
    from rapport.foundation.workspace.queries.members import actor_of_member

    connection.set_schema_to_public()
    home = Workspace.objects.get(slug="kestrel")
    user = User.objects.create_user("ada@example.com", "correct horse battery", name="Ada")
    membership = Membership.objects.create(user=user, workspace=home)
    connection.set_tenant(home)
    Member.objects.create(id=membership.id, user_id=user.pk, name="Ada", email=user.email, role_key="owner")
    found = actor_of_member(membership.id, home)
    assert found is not None
    yield home, found
    connection.set_schema_to_public()


PROGRAM = """
import sys
from uuid import UUID
import django
django.setup()
from rapport.foundation.accounts.models import Workspace
from django_tenants.utils import tenant_context
from rapport.foundation.records.services import import_runs
from rapport.foundation.workspace.queries.members import actor_of_member
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[3]
home = Workspace.objects.get(slug="kestrel")
with tenant_context(home):
    actor = actor_of_member(UUID(sys.argv[2]), home)
    print("began", flush=True)
    import_runs.run_import(actor=actor, import_id=UUID(sys.argv[1]), writers=2)
"""


def worker(row: Import, actor: Actor) -> subprocess.Popen[str]:
    """A process that works on the import as the worker does."""
    parts = connection.settings_dict
    host, port = parts["HOST"], parts["PORT"]
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={host}" + (
        f"&port={port}" if port else ""
    )
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "rapport.config.settings"}
    arguments = [str(row.pk), str(actor.member_id), str(django_settings.MEDIA_ROOT)]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


def until_written(row: Import, batches: int, process: subprocess.Popen[str]) -> None:
    eventually(
        lambda: process.poll() is not None or ImportBatch.objects.filter(import_id=row.pk).count() >= batches,
        within=120,
        for_what=f"{batches} batches, or the end of the import",
    )


@pytest.mark.fault
def test_a_worker_killed_in_the_middle_is_taken_over(committed: tuple[Workspace, Actor]) -> None:
    _home, actor = committed
    row = imports.start_import(
        actor=actor, record_type="customer", upload=SimpleUploadedFile("people.csv", people(MANY).encode())
    )
    settle(row, batch_rows=400, state="running")
    kills = 0
    while kills < 3:
        process = worker(row, actor)
        wanted = ImportBatch.objects.filter(import_id=row.pk).count() + 3
        until_written(row, wanted, process)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        done = ImportBatch.objects.filter(import_id=row.pk).count()
        assert Customer.objects.filter(kind="person").count() == done * 400

    process = worker(row, actor)
    assert process.wait(240) == 0

    row.refresh_from_db()
    assert (row.state, row.counts["new"], row.counts["refused"]) == ("done", MANY, 0)
    assert Customer.objects.filter(kind="person").count() == MANY
    assert Identity.objects.filter(kind="email").count() == MANY
    assert kills > 0
    imports.undo_import(actor=actor, import_id=settled_for_undo(row).pk)
    assert not Customer.objects.exists()


def settled_for_undo(row: Import) -> Import:
    settle(row, state="undoing")
    return row


@pytest.mark.fault
def test_two_workers_never_work_on_one_import(committed: tuple[Workspace, Actor]) -> None:
    _home, actor = committed
    row = imports.start_import(
        actor=actor, record_type="customer", upload=SimpleUploadedFile("people.csv", people(6_000).encode())
    )
    settle(row, batch_rows=500, state="running")

    first, second = worker(row, actor), worker(row, actor)

    assert (first.wait(120), second.wait(120)) == (0, 0)
    row.refresh_from_db()
    assert (row.state, row.counts["new"]) == ("done", 6_000)
    assert Customer.objects.filter(kind="person").count() == 6_000


@pytest.mark.fault
def test_writers_side_by_side_and_somebody_else_write_the_same_people_once(committed: tuple[Workspace, Actor]) -> None:
    home, actor = committed
    content = csv_of(("Name", "E-mail"), *((f"P {n % 700}", f"p{n % 700}@example.org") for n in range(4_000)))
    row = imports.start_import(
        actor=actor, record_type="customer", upload=SimpleUploadedFile("people.csv", content.encode())
    )
    settle(row, batch_rows=100, state="running")
    failed: list[BaseException] = []

    def meanwhile() -> None:
        from django_tenants.utils import tenant_context

        from rapport.stores.ledger.services.ingestion import append
        from rapport.stores.ledger.types import CustomerRef, new_touchpoint

        try:
            with tenant_context(home):
                for start in range(0, 700, 50):
                    items = [
                        new_touchpoint(
                            customer=CustomerRef(email=f"p{n}@example.org"), channel="web", kind="page_viewed"
                        )
                        for n in range(start, start + 50)
                    ]
                    append(actor=actor, items=items, source="site")
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=meanwhile)
    other.start()
    import_runs.run_import(actor=actor, import_id=row.pk, writers=2)
    other.join()

    row.refresh_from_db()
    assert not failed
    assert row.state == "done"
    assert sum(row.counts[name] for name in ("new", "updated", "unchanged")) == 4_000
    assert Customer.objects.count() == 700
    assert Identity.objects.filter(kind="email").count() == 700
