"""One simulated firm for all tests of this package; making it takes two seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rapport.demo.simulator import simulate
from rapport.demo.types import Firm

UNTIL = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)  # a Thursday morning


@pytest.fixture(scope="session")
def firm() -> Firm:
    return simulate(seed=7, until=UNTIL)


@pytest.fixture(scope="session")
def small_firm() -> Firm:
    """For tests that load it into a database again and again."""
    return simulate(seed=7, until=UNTIL, customers=150)
