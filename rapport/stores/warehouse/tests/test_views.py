"""The page of the warehouse, and the jobs behind its buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.models import AuditEntry
from rapport.stores.ledger.tests.factories import make_customer, touch
from rapport.stores.warehouse import tasks
from rapport.stores.warehouse.models import Run
from rapport.stores.warehouse.queries.engine import open_engine
from rapport.stores.warehouse.queries.freshness import freshness
from rapport.stores.warehouse.queries.heartbeat import heartbeat
from rapport.stores.warehouse.queries.lake import current_lake
from rapport.stores.warehouse.services import files
from rapport.stores.warehouse.services.writing import write

pytestmark = pytest.mark.django_db
URL = "/w/kestrel/warehouse/"


def test_page_before_the_first_write(ada: User, client_for: Callable[..., Client]) -> None:
    page = client_for(ada).get(URL)

    assert page.status_code == 200
    assert "Nothing has been written yet" in page.content.decode()


def test_page_says_what_is_there_and_what_waits(
    ada: User, client_for: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    marta = make_customer()
    touch(marta.pk)
    write()
    touch(marta.pk)
    browser = client_for(ada)
    browser.get(URL)  # the first page of a session asks once who it is

    with django_assert_max_num_queries(15):
        text = browser.get(URL).content.decode()

    assert "1 touch point waits to be taken up." in text
    assert "Up to date" in text
    assert text.count("<tr>") > 9


def test_page_shows_a_rebuild_under_way(ada: User, client_for: Callable[..., Client]) -> None:
    touch(make_customer().pk)
    write()
    Run.objects.create(is_rebuild=True)
    files.say_progress(current_lake(), done=40, total=90)

    text = client_for(ada).get(URL, headers={"HX-Request": "true"}).content.decode()

    assert text.lstrip().startswith('<div id="warehouse"')
    assert "40 of about 90 touch points" in text
    assert 'hx-trigger="every 2s"' in text


def test_buttons_hand_the_work_to_the_worker_once(ada: User, client_for: Callable[..., Client], workspace: Any) -> None:
    browser = client_for(ada)

    for name in ("write/", "write/", "rebuild/"):
        assert browser.post(URL + name).status_code == 303

    jobs = ProcrastinateJob.objects.filter(task_name="warehouse.write").order_by("id").values_list("args", flat=True)
    assert list(jobs) == [{"schema": workspace.schema_name, "rebuild": again} for again in (False, True)]
    assert AuditEntry.objects.filter(action="warehouse.rebuilt").count() == 1


def test_members_who_look_after_nothing_may_not(
    ben: User, client_for: Callable[..., Client], set_role: Callable[[User, str], None]
) -> None:
    set_role(ben, "read_only")
    browser = client_for(ben)

    assert browser.get(URL).status_code == 403
    assert browser.post(URL + "rebuild/").status_code == 403
    assert not ProcrastinateJob.objects.filter(task_name="warehouse.write").exists()


def test_look_finds_what_is_new_and_tells_monitoring(workspace: Any, other_workspace: Any) -> None:
    touch(make_customer().pk)

    tasks.look(0)

    (job,) = ProcrastinateJob.objects.filter(task_name="warehouse.write")
    told = heartbeat()
    assert job.args == {"schema": workspace.schema_name, "rebuild": False}
    assert told is not None
    assert set(told.behind) == {workspace.schema_name, other_workspace.schema_name}
    assert told.most_behind < 60

    tasks.write_warehouse(**job.args)

    assert freshness().waiting == 0
    with open_engine() as engine:
        assert engine.rows("touchpoints") == 1


def test_job_of_a_workspace_that_is_gone_does_nothing() -> None:
    tasks.write_warehouse(schema="w_99999999")
