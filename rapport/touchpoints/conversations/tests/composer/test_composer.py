from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.channels.email.tests.servers import Running
from rapport.touchpoints.conversations.models import MessageFile, OutboxRow
from rapport.touchpoints.conversations.services import delivery
from rapport.touchpoints.conversations.tests.factories import later, willing
from rapport.touchpoints.permission.models import IssuedPermit
from rapport.touchpoints.permission.tests.factories import marta, said
from rapport.touchpoints.permission.types import Status

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def page(customer: Customer) -> str:
    return f"/w/kestrel/customers/{customer.pk}/email/"


def filled(mailbox: Mailbox, **changed: object) -> dict[str, object]:
    return {
        "sender": str(mailbox.pk),
        "to": "marta@example.org",
        "purpose": "offers",
        "subject": "Six Longtails",
        "body": "They are ready.",
        **changed,
    }


def test_the_customer_page_leads_to_the_composer(ada: User, client_for: ClientFor, mailbox: Mailbox) -> None:
    customer = willing()
    browser = client_for(ada)

    assert page(customer) in browser.get(f"/w/kestrel/customers/{customer.pk}/").text
    whole = browser.get(page(customer)).text
    part = browser.get(f"{page(customer)}?purpose=offers", headers=HTMX).text

    assert "<html" in whole
    assert "<html" not in part
    assert part.startswith("<form")
    assert "The customer may be contacted." in part
    assert "marta@example.org" in part
    assert "ines@firm.example" in part


def test_a_mail_is_written_sent_and_stands_in_the_timeline(
    ada: User, client_for: ClientFor, mailbox: Mailbox, server: Running
) -> None:
    customer = willing()
    browser = client_for(ada)

    answer = browser.post(
        page(customer),
        filled(mailbox, attachments=[SimpleUploadedFile("plan.txt", b"plan"), SimpleUploadedFile("b.txt", b"b")]),
    )
    waiting = browser.get(f"/w/kestrel/customers/{customer.pk}/").text
    with later():
        delivery.deliver()
    sent = browser.get(f"/w/kestrel/customers/{customer.pk}/").text

    row = OutboxRow.objects.get()
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/w/kestrel/customers/{customer.pk}/"
    assert f"/w/kestrel/outbox/{row.pk}/cancel/" in waiting  # the toast's way back
    assert "On their way" in waiting
    assert MessageFile.objects.count() == 2
    assert server.post.recipients == ["marta@example.org"]
    assert "On their way" not in sent
    assert "They are ready." in sent


def test_undo_takes_it_back(ada: User, client_for: ClientFor, mailbox: Mailbox, server: Running) -> None:
    browser = client_for(ada)
    browser.post(page(willing()), filled(mailbox))

    undone = browser.post(f"/w/kestrel/outbox/{OutboxRow.objects.get().pk}/cancel/", headers=HTMX)
    with later():
        delivery.deliver()

    assert undone.status_code == 200
    assert OutboxRow.objects.get().state == "cancelled"
    assert server.post.mails == []


def test_it_is_sent_later_when_that_is_asked_for(
    ada: User, actor: Actor, client_for: ClientFor, mailbox: Mailbox
) -> None:
    at = (clock.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    said_as = at.astimezone(ZoneInfo(actor.timezone)).strftime("%Y-%m-%dT%H:%M")

    client_for(ada).post(page(willing()), filled(mailbox, send_at=said_as))

    row = OutboxRow.objects.get()
    assert row.next_at == at
    assert row.permit_until > at


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": ""},
        {"body": " "},
        {"to": "stranger@example.net"},
        {"purpose": "profiling"},
        {"sender": "00000000-0000-7000-8000-000000000000"},
        {"send_at": "2020-01-01T10:00"},
    ],
)
def test_what_makes_no_sense_comes_back_with_the_form(
    ada: User, client_for: ClientFor, mailbox: Mailbox, changed: dict[str, object]
) -> None:
    answer = client_for(ada).post(page(willing()), filled(mailbox, **changed), headers=HTMX)

    assert answer.status_code == 422
    assert not OutboxRow.objects.exists()
    assert not IssuedPermit.objects.exists()


def test_a_customer_who_does_not_want_it_gets_nothing_and_the_page_says_why(
    ada: User, client_for: ClientFor, mailbox: Mailbox
) -> None:
    customer = marta()
    said(customer, Status.REFUSED)
    browser = client_for(ada)

    asked = browser.get(f"{page(customer)}permission/?purpose=offers&to=marta@example.org", headers=HTMX)
    answer = browser.post(page(customer), filled(mailbox), headers=HTMX)

    assert "The customer refused this." in asked.text
    assert answer.status_code == 422
    assert "The customer refused this." in answer.text
    assert "Nothing was sent." in answer.text
    assert not OutboxRow.objects.exists()


def test_without_a_mailbox_or_an_address_the_page_says_what_is_missing(ada: User, client_for: ClientFor) -> None:
    browser = client_for(ada)

    assert "Connect a mailbox first" in browser.get(page(willing())).text
    make_mailbox()
    assert "No e-mail address of" in browser.get(page(marta(email="", phone=""))).text


def test_who_may_not_write_sees_no_composer(
    ben: User, client_for: ClientFor, set_role: Callable[[User, str], None], mailbox: Mailbox
) -> None:
    set_role(ben, "read_only")
    customer = willing()
    browser = client_for(ben)

    assert page(customer) not in browser.get(f"/w/kestrel/customers/{customer.pk}/").text
    assert browser.get(page(customer)).status_code == 403
    assert browser.post(page(customer), filled(mailbox)).status_code == 403
    assert not OutboxRow.objects.exists()


def test_the_composer_asks_fifteen_queries_at_most(
    ada: User, client_for: ClientFor, mailbox: Mailbox, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    customer = willing()
    browser = client_for(ada)
    browser.get(page(customer))

    with django_assert_max_num_queries(15):
        browser.get(page(customer))
