"""Follow-ups on pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import FollowUp
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.followups.test_services import LATE, NOW, make_follow_up

LIST = "/w/kestrel/customers/follow-ups/"


@pytest.fixture(autouse=True)
def today(workspace: Workspace) -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def browser(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    return client_for(ada)


def page(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_opened_on_the_customers_page_and_seen_on_today(browser: Client, actor: Actor) -> None:
    customer = make_customer("Marta Oliveira")

    answer = browser.post(
        f"/w/kestrel/customers/{customer.pk}/follow-ups/new",
        {
            "title": "Ask how the bike rides",
            "why": "First bike",
            "owner_id": str(actor.member_id),
            "due_on": LATE.isoformat(),
        },
    )

    assert answer.status_code == 303
    for url in (f"/w/kestrel/customers/{customer.pk}/", "/w/kestrel/", LIST):
        shown = page(browser.get(url))
        assert "Ask how the bike rides" in shown
        assert "late" in shown


def test_ticked_off_with_its_outcome(browser: Client, actor: Actor) -> None:
    row = make_follow_up(actor, make_customer().pk)
    url = f"{LIST}{row.pk}/close"

    assert "What came of it" in page(browser.get(url))
    assert browser.post(url, {"outcome": "nonsense"}).status_code == 422
    assert browser.post(f"{url}?from=list", {"outcome": "not_now", "note": "After summer"})["Location"] == LIST

    shown = page(browser.get(LIST, {"whose": "everyone", "closed": "1"}))
    assert "After summer" in shown
    assert "Not now" in shown
    assert browser.post(url, {"outcome": "settled"}).status_code == 422  # it is closed


def test_changed_beside_the_list(browser: Client, actor: Actor) -> None:
    row = make_follow_up(actor, make_customer().pk)

    answer = browser.post(f"{LIST}{row.pk}?from=list", {"title": "Ring her", "owner_id": "", "due_on": "2026-07-01"})

    assert answer.status_code == 303
    row.refresh_from_db()
    assert (row.title, row.owner_id) == ("Ring her", None)
    assert "Ring her" in page(browser.get(LIST, {"whose": "nobody"}))
    assert browser.post(f"{LIST}{row.pk}", {"title": "", "due_on": "soon"}).status_code == 422


@pytest.mark.parametrize(
    "query", ["after=x", "after=2026-01-01~y", "whose=x", "closed=1&after=2026~z", "whose=", "after=\x00"]
)
def test_addresses_without_sense_show_a_page(browser: Client, query: str) -> None:
    page(browser.get(f"{LIST}?{query}"))


def test_list_costs_the_same_for_one_and_for_forty(
    browser: Client, actor: Actor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for n in range(40):
        make_follow_up(actor, make_customer(f"Customer {n}").pk)
    browser.get(LIST)  # entering is noted once

    with django_assert_max_num_queries(15):
        page(browser.get(LIST))


def test_customer_page_asks_nothing_more_for_follow_ups(browser: Client, actor: Actor) -> None:
    customer = make_customer()
    url = f"/w/kestrel/customers/{customer.pk}/"
    browser.get(url)  # entering is noted once

    with CaptureQueriesContext(connection) as before:
        page(browser.get(url))
    for n in range(20):
        make_follow_up(actor, customer.pk, f"Thing {n}")
    with CaptureQueriesContext(connection) as after:
        page(browser.get(url))

    assert FollowUp.objects.count() == 20
    assert len(after) == len(before)
