"""A workspace whose customers do enough to be asked about, with its warehouse written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import SYSTEM
from rapport.insight.mining.extension_points import deferrers
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.tests.factories import make_customer, touch
from rapport.stores.ledger.types import CustomerRef, new_touchpoint
from rapport.stores.warehouse.services.writing import write

BUYERS = 40


@pytest.fixture(autouse=True)
def lake_folder(settings: Any, tmp_path: Path) -> Path:
    settings.WAREHOUSE_PATH = tmp_path / "warehouse"
    return tmp_path / "warehouse"


@pytest.fixture
def firm(workspace: Any) -> list[Customer]:
    """Forty buyers. The first ten bought often, and not in the last hundred days; half look at a page before they buy."""
    now, customers = clock.now(), []
    for number in range(BUYERS):
        customer = make_customer(f"Buyer {number:02}")
        customers.append(customer)
        begin = 400 - number * 4
        if number % 2:
            _at(customer.pk, begin + 3, "page_viewed", "web")
        orders = [begin - 30 * i for i in range(5)] if number < 10 else [begin, 20 + number] if number % 3 else [begin]
        for days in orders:
            _at(customer.pk, days, "order_placed", "shop", amount=Decimal(100), currency="EUR")
    visitor = new_touchpoint(
        customer=CustomerRef(cookie="browser-1"),
        kind="page_viewed",
        channel="web",
        occurred_at=now - timedelta(days=50),
    )
    append(actor=SYSTEM, items=[visitor], source="test")
    write()
    return customers


def _at(customer_id: UUID, days: int, kind: str, channel: str, **values: Any) -> None:
    touch(customer_id, kind=kind, channel=channel, occurred_at=clock.now() - timedelta(days=days), **values)


@pytest.fixture
def deferred(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[UUID]]:
    """What was handed to the worker, which does not run in tests."""
    handed: dict[str, list[UUID]] = {name: [] for name in deferrers}
    for name, rows in handed.items():
        monkeypatch.setitem(deferrers._items, name, rows.append)
    return handed
