"""Touch points and what they need, made in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.workspace.services.tokens import create_token
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import CustomerRef, Outcome, Status, new_touchpoint

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def token_of(actor: Actor, workspace: Workspace, *scopes: str, rate: int = 600) -> str:
    _, raw = create_token(
        actor=actor, workspace=workspace, name="Shop", scopes=frozenset(scopes or ("touchpoint:write",)), expires_at=None,
        rate_per_minute=rate,
    )  # fmt: skip
    return raw


def make_customer(name: str = "Marta Oliveira", **columns: Any) -> Customer:
    return Customer.objects.create(name=name, **columns)


def touch(customer_id: UUID | None = None, *, actor: Actor = SYSTEM, source: str = "test", **values: Any) -> Outcome:
    """One touch point, appended."""
    email = values.pop("email", "")
    given = {"channel": "web", "kind": "page_viewed", "occurred_at": NOON, **values}
    batch_id = given.pop("batch_id", None)
    item = new_touchpoint(customer=CustomerRef(id=customer_id, email=email), **given)
    (outcome,) = append(actor=actor, items=[item], source=source, batch_id=batch_id)
    assert outcome.status is not Status.REFUSED, outcome.problems
    return outcome
