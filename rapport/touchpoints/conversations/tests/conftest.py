"""What tests of conversations share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from rapport.stores.ledger.services import words
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.channels.email.tests.servers import Running, smtp_server


@pytest.fixture(autouse=True)
def alone(settings: Settings) -> None:
    """The servers of tests run on this machine; what processes keep in memory would outlive the database of a test."""
    settings.MAIL_MAY_BE_PRIVATE = True
    settings.MAIL_HELO = "tests.example"
    words.forget()


@pytest.fixture
def server() -> Iterator[Running]:
    with smtp_server() as running:
        yield running


@pytest.fixture
def mailbox(workspace: object, server: Running) -> Mailbox:
    """Shared, and sending through a real server."""
    return make_mailbox(server)
