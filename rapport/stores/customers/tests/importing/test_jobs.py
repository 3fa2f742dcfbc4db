"""Large files are worked on by the worker; what a killed worker left is taken up by the next."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from django.db import connection

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.records import tasks
from rapport.foundation.records.models import Import
from rapport.foundation.records.services import imports
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.importing.conftest import csv_of


def jobs() -> list[tuple[str, str, dict[str, str]]]:
    with connection.cursor() as cursor:
        cursor.execute("select task_name, status::text, args::text from public.procrastinate_jobs order by id")
        import json

        return [(name, status, json.loads(args)) for name, status, args in cursor.fetchall()]


@pytest.mark.django_db
def test_a_large_file_is_handed_to_the_worker(
    bring: Callable[..., Import], actor: Actor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(
        "rapport.foundation.records.services.import_runs.WRITERS", 0
    )  # they would not see this transaction
    row = bring(csv_of(("Name", "E-mail"), ("A", "a@x.org"), ("B", "b@x.org")))

    for step, state, begin in (
        ("check", "ready", imports.begin_check),
        ("run", "done", imports.begin_run),
        ("undo", "undone", imports.begin_undo),
    ):
        begin(actor=actor, import_id=row.pk)
        name, _status, args = jobs()[-1]
        assert name == "records.work_on_import"
        assert args == {
            "schema": workspace.schema_name,
            "import_id": str(row.pk),
            "step": step,
            "member_id": str(actor.member_id),
        }
        tasks.work_on_import(**args)
        row.refresh_from_db()
        assert row.state == state

    assert not Customer.objects.exists()


@pytest.mark.django_db
def test_a_job_for_a_workspace_that_is_gone_does_nothing(actor: Actor) -> None:
    tasks.work_on_import(
        schema="w_ffffffff", import_id=str(actor.member_id), step="run", member_id=str(actor.member_id)
    )
    tasks.make_export(schema="w_ffffffff", run_id=str(actor.member_id))


@pytest.mark.django_db(transaction=True)
def test_jobs_of_a_killed_worker_are_begun_anew() -> None:
    tasks.make_export.defer(schema="w_00000001", run_id="01a200d3-97d6-7382-8627-a552734921c3")
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into public.procrastinate_workers (last_heartbeat) values (now() - interval '5 minutes') returning id"
        )
        (worker,) = cursor.fetchone() or (0,)
        cursor.execute("update public.procrastinate_jobs set status = 'doing', worker_id = %s", [worker])

    async_to_sync(tasks.take_over_killed_jobs.func)(timestamp=3600 * 24)

    assert [(name, status) for name, status, _args in jobs()] == [("records.make_export", "todo")]
