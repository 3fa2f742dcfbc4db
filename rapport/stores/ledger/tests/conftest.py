"""What tests of the ledger share."""

from __future__ import annotations

import pytest

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.workspace.services.tokens import forget_leases
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.services import words
from rapport.stores.ledger.tests.factories import token_of
from rapport.stores.ledger.views.ingestion import forget_bearers


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What processes keep in memory would outlive the database of a test."""
    words.forget()
    forget_leases()
    forget_bearers()


@pytest.fixture
def token(actor: Actor, workspace: Workspace) -> str:
    return token_of(actor, workspace)
