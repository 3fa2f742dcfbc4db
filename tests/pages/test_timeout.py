"""A page whose question to the database takes too long says so; the worker and whatever writes have all the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from rapport.config.urls import handler404, handler500
from rapport.config.urls import urlpatterns as every_page

__all__ = ["handler404", "handler500"]


def nap(request: HttpRequest) -> HttpResponse:
    """Half a second in the database."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(0.5)")
    return HttpResponse("slept well")


urlpatterns = [path("nap/", nap), path("api/nap/", nap), *every_page]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


@pytest.fixture
def browser(client_for: Callable[[None], Client], settings: Any) -> Client:
    settings.PAGE_TIMEOUT_SECONDS = 0.1
    return client_for(None)


def test_page_that_takes_too_long_says_so_and_the_next_one_works(browser: Client) -> None:
    slow = browser.get("/nap/")
    program = browser.get("/api/nap/")
    after = browser.get("/account/login/")

    assert slow.status_code == 503
    assert "This view takes too long" in slow.content.decode()
    assert "Retry-After" not in slow
    assert (program.status_code, program["Content-Type"]) == (503, "application/problem+json")
    assert after.status_code == 200


def test_what_writes_is_not_cut_short(browser: Client) -> None:
    assert browser.get("/nap/").status_code == 503
    assert browser.post("/nap/").content == b"slept well"
    assert browser.get("/nap/").status_code == 503


def test_without_a_limit_a_page_waits(browser: Client, settings: Any) -> None:
    browser.get("/nap/")
    settings.PAGE_TIMEOUT_SECONDS = 0

    assert browser.get("/nap/").content == b"slept well"


def test_new_connections_and_those_of_the_worker_have_no_limit(browser: Client) -> None:
    browser.get("/nap/")

    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchone() == ("0",)
