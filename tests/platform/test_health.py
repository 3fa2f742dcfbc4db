"""Liveness, readiness and the numbers for Prometheus."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from rapport.config import health
from rapport.config.logs import JsonFormatter
from rapport.config.metrics import may_read


@pytest.fixture
def unreachable_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The connection as it is when the server has gone."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    yield
    connection.close()


def test_alive_needs_no_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(3):
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "problems": []})


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_a_database(client: Client, unreachable_database: None) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["problems"] == ["The database does not answer."]


@pytest.mark.django_db
def test_not_ready_when_the_disk_is_full(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))

    assert client.get("/readyz").json()["problems"] == ["Less than 200 MB of disk space are left."]


@pytest.mark.django_db
def test_not_ready_before_the_database_is_set_up(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("comment on schema template_workspace is null")

    assert client.get("/readyz").json()["problems"] == ["The database is not set up: run `rapport db migrate`."]


@pytest.mark.django_db(transaction=True)
def test_page_without_a_database_is_honest_and_shows_no_traceback(unreachable_database: None) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "a" * 32

    answer = client.get("/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "Nothing is lost" in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def families(client: Client, **headers: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        family.name: {tuple(sorted(sample.labels.items())): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(answer.content.decode())
    }


@pytest.mark.django_db
def test_numbers_tell_of_requests_database_and_jobs(client: Client) -> None:
    client.get("/healthz")

    found = families(client)

    assert found["rapport_database_up"] == {(): 1}
    assert found["rapport_workspaces"] == {(): 2}
    assert found["rapport_workers"] == {(): 0}
    assert found["rapport_disk_free_bytes"][()] == pytest.approx(shutil.disk_usage(Path.cwd()).free, rel=0.5)
    assert found["rapport_jobs"][(("status", "todo"),)] == 0
    assert found["rapport_requests"][(("method", "GET"), ("status", "200"), ("view", "none"))] >= 1


@pytest.mark.django_db(transaction=True)
def test_numbers_say_that_the_database_is_gone(client: Client, unreachable_database: None) -> None:
    assert families(client)["rapport_database_up"] == {(): 0}


@pytest.mark.django_db
def test_numbers_name_views_and_never_paths(client: Client) -> None:
    client.get("/account/password/reset/key/1-secret-key/")

    assert "secret-key" not in client.get("/metrics").content.decode()


@pytest.mark.parametrize(
    ("token", "headers", "address", "allowed"),
    [
        ("", {}, "127.0.0.1", True),
        ("", {}, "::1", True),
        ("", {}, "203.0.113.7", False),
        ("", {}, "", False),
        ("", {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}, "127.0.0.1", False),
        ("", {"HTTP_FORWARDED": "for=203.0.113.7"}, "127.0.0.1", False),
        ("right", {}, "127.0.0.1", False),
        ("right", {"HTTP_AUTHORIZATION": "Bearer wrong"}, "127.0.0.1", False),
        ("right", {"HTTP_AUTHORIZATION": "Bearer right"}, "203.0.113.7", True),
    ],
)
def test_numbers_are_for_this_machine_or_who_has_the_token(
    token: str, headers: dict[str, str], address: str, allowed: bool, settings: Any, rf: RequestFactory
) -> None:
    settings.METRICS_TOKEN = token

    assert may_read(rf.get("/metrics", REMOTE_ADDR=address, **headers)) is allowed


def test_numbers_answer_strangers_like_any_page_that_is_not_there(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404


@pytest.mark.parametrize(
    ("given", "kept"), [("from-the-proxy-1", True), ("x", False), ("bad id\n", False), ("", False)]
)
def test_every_answer_has_an_id(client: Client, given: str, kept: bool) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})

    assert (answer.headers["X-Request-ID"] == given) is kept
    assert len(answer.headers["X-Request-ID"]) >= 8


def test_structured_log_is_one_json_object_a_line(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LOG_REQUESTS = True
    with caplog.at_level(logging.INFO, logger="rapport.requests"):
        client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-1"})

    line = JsonFormatter().format(caplog.records[-1])

    assert "\n" not in line
    entry = json.loads(line)
    assert (entry["message"], entry["level"], entry["logger"]) == ("request", "info", "rapport.requests")
    assert (entry["request_id"], entry["status"], entry["method"]) == ("from-the-proxy-1", 200, "GET")
