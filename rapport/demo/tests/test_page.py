"""The settings page about simulated data, and the way a new workspace begins with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from rapport.demo import tasks
from rapport.demo.load import load
from rapport.demo.queries import LOAD_TASK, Stage, demo, standing_demo
from rapport.demo.types import Firm
from rapport.foundation.accounts.extension_points import starters
from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.records.services.records import create_record
from rapport.foundation.workspace.queries.home import home
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer

PAGE = "/w/kestrel/settings/demo/"

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def small_load(monkeypatch: pytest.MonkeyPatch, small_firm: Firm) -> None:
    """The job loads a small firm, so that tests are quick."""
    monkeypatch.setattr("rapport.demo.load.simulate", lambda **_: small_firm)


def jobs() -> list[dict[str, str]]:
    return list(ProcrastinateJob.objects.filter(task_name=LOAD_TASK).values_list("args", flat=True))


def test_the_page_offers_to_load(ada: User, client_for: ClientFor) -> None:
    answer = client_for(ada).get(PAGE)

    assert answer.status_code == 200
    assert "Load simulated data" in answer.content.decode()


def test_the_button_leaves_the_work_to_the_worker(ada: User, client_for: ClientFor, workspace: Workspace) -> None:
    client = client_for(ada)

    answer = client.post(f"{PAGE}load/")
    again = client.post(f"{PAGE}load/")

    assert (answer.status_code, again.status_code) == (303, 303)
    assert [job["schema"] for job in jobs()] == [workspace.schema_name]
    page = client.get(PAGE).content.decode()
    assert "being loaded" in page
    assert 'hx-trigger="every 2s"' in page


def test_while_it_comes_the_page_asks_for_its_part_only(ada: User, client_for: ClientFor) -> None:
    client = client_for(ada)
    client.post(f"{PAGE}load/")

    part = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()

    assert part.startswith('<section class="r-panel" id="demo"')


def test_the_job_loads_and_the_page_says_so(
    ada: User, actor: Actor, client_for: ClientFor, workspace: Workspace, small_load: None
) -> None:
    tasks.load_demo(schema=workspace.schema_name, member_id=str(actor.member_id))
    connection.set_tenant(workspace)

    page = client_for(ada).get(PAGE).content.decode()

    assert "150 customers" in page
    assert "Simulated" in page
    assert "Remove simulated data" in page


def test_the_job_is_safe_to_run_twice(actor: Actor, workspace: Workspace, small_load: None) -> None:
    for _ in range(2):
        tasks.load_demo(schema=workspace.schema_name, member_id=str(actor.member_id))

    connection.set_tenant(workspace)
    assert Customer.objects.count() == 150


def test_a_job_of_a_workspace_that_is_gone_does_nothing(actor: Actor) -> None:
    tasks.load_demo(schema="w_00000000", member_id=str(actor.member_id))


def test_one_click_removes_it(ada: User, actor: Actor, client_for: ClientFor, small_firm: Firm) -> None:
    load(actor=actor, firm=small_firm)
    client = client_for(ada)

    answer = client.post(f"{PAGE}remove/", follow=True)

    assert "The simulated data is gone." in answer.content.decode()
    assert standing_demo() is None
    assert not Customer.objects.exists()


def test_removing_what_is_not_there_is_harmless(ada: User, client_for: ClientFor) -> None:
    assert client_for(ada).post(f"{PAGE}remove/").status_code == 303


@pytest.mark.parametrize("path", ["", "load/", "remove/"])
def test_colleagues_without_the_power_are_refused(
    ben: User, actor: Actor, client_for: ClientFor, small_firm: Firm, path: str
) -> None:
    load(actor=actor, firm=small_firm)
    client = client_for(ben)

    answer = client.post(PAGE + path) if path else client.get(PAGE)

    assert answer.status_code == 403
    assert standing_demo() is not None
    assert jobs() == []


def test_a_failed_job_is_told_and_can_be_tried_again(ada: User, client_for: ClientFor, workspace: Workspace) -> None:
    client = client_for(ada)
    client.post(f"{PAGE}load/")
    with connection.cursor() as cursor:
        cursor.execute("update public.procrastinate_jobs set status = 'failed' where task_name = %s", [LOAD_TASK])

    page = client.get(PAGE).content.decode()

    assert demo(workspace.schema_name).stage is Stage.FAILED
    assert "did not work" in page
    assert "Load simulated data" in page


def test_a_new_workspace_can_begin_with_it(ada: User, workspace: Workspace) -> None:
    starters["demo"].begin(workspace, ada.pk)

    assert [job["schema"] for job in jobs()] == [workspace.schema_name]


def test_the_first_page_says_that_it_is_made_up(actor: Actor, small_firm: Firm) -> None:
    before = home(actor=actor)
    load(actor=actor, firm=small_firm)
    after = home(actor=actor)

    assert "demo" not in [panel.name for panel in before.aside]
    assert "demo" in [panel.name for panel in after.aside]


def test_customers_of_ones_own_make_the_step_unneeded(actor: Actor) -> None:
    def is_open() -> bool:
        return any(step.url_name == "demo:overview" and not done for step, done in home(actor=actor).steps)

    assert is_open()

    create_record(actor=actor, record_type="customer", values={"name": "Real customer"})

    assert not is_open()
