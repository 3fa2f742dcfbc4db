"""What tests of the e-mail channel share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from rapport.touchpoints.channels.email.tests.servers import Running, smtp_server


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    """The servers of tests run on this machine."""
    settings.MAIL_MAY_BE_PRIVATE = True
    settings.MAIL_HELO = "tests.example"


@pytest.fixture
def server() -> Iterator[Running]:
    with smtp_server() as running:
        yield running
