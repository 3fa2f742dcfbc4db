from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.channels.email.tests.servers import PASSWORD, USER, Running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("workspace")]
ClientFor = Callable[[User], Client]
LIST = "/w/kestrel/settings/mailboxes/"
MOST_QUERIES = 15


def filled(server: Running, **changed: object) -> dict[str, object]:
    return {
        "address": USER,
        "name": "Ines Duarte",
        "username": USER,
        "password": PASSWORD,
        "smtp_host": server.host,
        "smtp_port": server.port,
        "smtp_security": "none",
        "per_minute": 10,
        "per_day": 1000,
        "sharing": "all",
        **changed,
    }


def test_a_mailbox_is_connected_and_tested(ada: User, client_for: ClientFor, server: Running) -> None:
    browser = client_for(ada)

    empty = browser.get(LIST)
    made = browser.post(f"{LIST}new/", filled(server))
    mailbox = Mailbox.objects.get()
    tested = browser.post(f"{LIST}{mailbox.pk}/test/", headers={"HX-Request": "true"})

    assert "No mailbox yet" in empty.text
    assert made.status_code == 303
    assert made.headers["Location"] == f"{LIST}{mailbox.pk}/"
    assert "The server knows this user" in tested.text
    assert "<html" not in tested.text
    assert PASSWORD not in browser.get(f"{LIST}{mailbox.pk}/").text


def test_wrong_values_come_back_with_the_form(ada: User, client_for: ClientFor, server: Running) -> None:
    answer = client_for(ada).post(f"{LIST}new/", filled(server, address="nobody", smtp_port=99999))

    assert answer.status_code == 422
    assert not Mailbox.objects.exists()


def test_a_mailbox_is_changed_paused_resumed_and_removed(ada: User, client_for: ClientFor, server: Running) -> None:
    mailbox = make_mailbox(server)
    browser = client_for(ada)
    page = f"{LIST}{mailbox.pk}/"

    browser.post(page, filled(server, name="Info", password=""))
    browser.post(f"{page}pause/")
    mailbox.refresh_from_db()
    assert (mailbox.name, mailbox.paused_at is not None) == ("Info", True)
    browser.post(f"{page}resume/")
    mailbox.refresh_from_db()
    assert mailbox.paused_at is None
    browser.post(f"{page}remove/")

    assert browser.get(page).status_code == 404
    assert "No mailbox yet" in browser.get(LIST).text


def test_a_members_mailbox_is_nobody_elses_business(ada: User, ben: User, client_for: ClientFor) -> None:
    mailbox = make_mailbox(member_id=None)
    browser = client_for(ben)

    assert browser.get(f"{LIST}{mailbox.pk}/").status_code == 404
    assert mailbox.address not in browser.get(LIST).text
    assert 'name="shared"' not in browser.get(f"{LIST}new/").text
    assert 'name="shared"' in client_for(ada).get(f"{LIST}new/").text


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_asks_as_little_for_many_as_for_one(
    ada: User, client_for: ClientFor, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(count):
        make_mailbox(address=f"m{n}@firm.example")
    browser = client_for(ada)
    browser.get(LIST)

    with django_assert_max_num_queries(MOST_QUERIES):
        browser.get(LIST)
