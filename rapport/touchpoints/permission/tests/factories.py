"""Evidence and what it needs, made in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.touchpoints.permission.services.evidence import Recorded, record
from rapport.touchpoints.permission.types import Basis, Status

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def marta(**values: Any) -> Customer:
    return make_customer("Marta Oliveira", **{"email": "marta@example.org", "phone": "+31205550142", **values})


def said(customer: Customer | UUID | None, status: str, **values: Any) -> Recorded:
    given: dict[str, Any] = {
        "contact_point": None,
        "channel": "email",
        "purpose": "offers",
        "basis": Basis.CONSENT if status == Status.GRANTED else "",
        "actor": SYSTEM,
    }
    customer_id = customer.pk if isinstance(customer, Customer) else customer
    return record(customer_id=customer_id, status=status, **{**given, **values})


def granted(customer: Customer | UUID, **values: Any) -> Recorded:
    return said(customer, Status.GRANTED, **values)


def stopped(point: str, **values: Any) -> Recorded:
    return said(None, Status.STOPPED, contact_point=point, **{"purpose": "", "channel": "", **values})
