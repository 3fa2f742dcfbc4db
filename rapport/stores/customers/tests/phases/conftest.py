"""Evidence in the ledger, for tests of the life cycle."""

from __future__ import annotations

import pytest

from rapport.stores.ledger.services import phases, words


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What processes keep in memory would outlive the database of a test."""
    words.forget()
    phases.forget_kinds()
