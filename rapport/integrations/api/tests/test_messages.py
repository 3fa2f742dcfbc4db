"""Messages over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rapport.integrations.api.tests.conftest import Api
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.conversations.models import MessageContent, OutboxRow
from rapport.touchpoints.conversations.tests.factories import make_row, willing
from rapport.touchpoints.permission.tests.factories import marta, said
from rapport.touchpoints.permission.types import Status

pytestmark = pytest.mark.django_db


def body(mailbox: Mailbox, **changed: Any) -> dict[str, Any]:
    values = {"sender_id": str(mailbox.pk), "purpose": "offers", "subject": "Six Longtails", "text": "They are ready."}
    return {**values, **changed}


def test_a_message_is_written_looked_up_and_taken_back(api: Api) -> None:
    customer = willing()
    (sender,) = [make_mailbox()]

    assert [one["id"] for one in api("GET", "/senders").json()] == [str(sender.pk)]
    written = api("POST", f"/customers/{customer.pk}/messages", body(sender, html="<p>Hi<script>x</script></p>"))
    found = api("GET", f"/messages/{written.json()['id']}").json()
    taken = api("POST", f"/messages/{found['id']}/cancel")
    again = api("POST", f"/messages/{found['id']}/cancel")

    assert written.status_code == 202
    assert (found["state"], found["to"]) == ("pending", "marta@example.org")
    assert MessageContent.objects.get().html == "<p>Hi</p>"
    assert OutboxRow.objects.get().is_automatic
    assert taken.json()["state"] == "cancelled"
    assert again.status_code == 409
    assert [one["id"] for one in api("GET", "/messages?state=cancelled").json()["items"]] == [found["id"]]
    assert api("GET", "/messages?state=sent").json()["items"] == []


def test_who_may_not_be_contacted_gets_nothing(api: Api) -> None:
    customer = marta()
    said(customer, Status.REFUSED)

    answer = api("POST", f"/customers/{customer.pk}/messages", body(make_mailbox()))

    assert answer.status_code == 409
    assert "The customer refused this." in answer.content.decode()
    assert not OutboxRow.objects.exists()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"subject": ""}, 422),
        ({"text": ""}, 422),
        ({"purpose": "nonsense"}, 422),
        ({"send_at": "tomorrow"}, 422),
        ({"sender_id": str(uuid4())}, 403),
        ({"to": "somebody@else.example"}, 409),
        ({"send_at": "2030-01-01T10:00:00"}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, changed: dict[str, Any], status: int) -> None:
    answer = api("POST", f"/customers/{willing().pk}/messages", body(make_mailbox(), **changed))

    assert answer.status_code == status, answer.content
    assert not OutboxRow.objects.exists()


def test_unknown_customers_and_messages_are_not_found(api: Api) -> None:
    mailbox = make_mailbox()
    make_row(mailbox, willing())

    assert api("POST", f"/customers/{uuid4()}/messages", body(mailbox)).status_code == 404
    assert api("GET", f"/messages/{uuid4()}").status_code == 404
    assert api("POST", f"/messages/{uuid4()}/cancel").status_code == 404
