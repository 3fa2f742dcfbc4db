"""Customers who buy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rapport.foundation.lib import clock
from rapport.stores.customers.models import Customer, CustomerPhase
from rapport.stores.ledger.tests.factories import touch
from rapport.stores.ledger.types import Outcome

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
Capture = Any  # django_capture_on_commit_callbacks


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def buy(customer_id: UUID, days_ago: float, *categories: str, kind: str = "order_placed", **more: Any) -> Outcome:
    lines = [{"category": category, "name": category, "quantity": 1} for category in categories]
    properties = {**({"lines": lines} if lines else {}), **more.pop("properties", {})}
    return touch(customer_id, channel="shop", kind=kind, occurred_at=ago(days_ago), properties=properties, **more)


def phases_of(customer_id: UUID) -> list[str]:
    return list(
        CustomerPhase.objects.filter(customer_id=customer_id).order_by("position").values_list("phase", flat=True)
    )


def phase_of(customer_id: UUID) -> str:
    return Customer.objects.values_list("phase", flat=True).get(pk=customer_id)


@contextmanager
def today() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def still() -> Iterator[None]:
    with today():
        yield
