"""The page Today with everything that the floors above put on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.records.services.records import create_record
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.tests.factories import touch

PAGE = "/w/kestrel/"


def _queries(browser: Client) -> int:
    """Those that read; the two that only say where to look for tables cost nothing on the server."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(PAGE).status_code == 200
    return sum(not query["sql"].startswith("SET search_path") for query in captured.captured_queries)


def _fill(actor: Actor, count: int) -> None:
    for number in range(count):
        customer: Any = create_record(actor=actor, record_type="customer", values={"name": f"Customer {number}"})
        touch(customer.pk, subject="Asked for a quote", occurred_at=clock.now())


def test_new_workspace_is_led_through_its_first_steps(ada: User, client_for: Callable[[User], Client]) -> None:
    page = client_for(ada).get(PAGE).content.decode()

    assert "First steps" in page
    assert "Invite your colleagues" in page
    assert "Connect your website" in page


def test_page_says_what_happened_and_what_is_left(
    ada: User, actor: Actor, client_for: Callable[[User], Client]
) -> None:
    _fill(actor, 1)

    page = client_for(ada).get(PAGE).content.decode()

    assert "Asked for a quote" in page
    assert "Without an owner" in page
    assert "Recent changes" in page
    assert page.count("Customer 0") >= 3


def test_page_costs_the_same_for_many_customers(ada: User, actor: Actor, client_for: Callable[[User], Client]) -> None:
    browser = client_for(ada)
    _fill(actor, 10)
    browser.get(PAGE)
    few = _queries(browser)
    _fill(actor, 30)

    assert _queries(browser) == few


def test_page_with_everything_on_it_stays_within_fifteen_queries(
    ada: User, ben: User, actor: Actor, client_for: Callable[[User], Client]
) -> None:
    browser = client_for(ada)
    _fill(actor, 10)
    browser.get(PAGE)

    assert _queries(browser) <= 15


def test_reader_sees_only_what_their_role_allows(
    ada: User,
    ben: User,
    actor: Actor,
    client_for: Callable[[User], Client],
    set_role: Callable[[User, str], None],
) -> None:
    _fill(actor, 1)
    set_role(ben, "read_only")

    page = client_for(ben).get(PAGE).content.decode()

    assert "Asked for a quote" in page
    assert "Invite your colleagues" not in page
    assert "Connect your website" not in page
