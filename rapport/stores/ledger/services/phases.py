"""What the ledger tells the life cycle: whose phase may have changed."""

from __future__ import annotations

import time
from uuid import UUID

from django.db import connection

from rapport.foundation.accounts.tenancy import current_schema
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.services import phases
from rapport.stores.ledger.types import Appended

REMEMBERED_SECONDS = 30
_kinds: dict[str, tuple[float, frozenset[str]]] = {}


def mark_phases(appended: Appended) -> None:
    """A listener to new touch points: their customers are told anew, if any of these is evidence."""
    kinds = evidence_kinds()
    phases.mark_due(one.customer_id for one in appended.touchpoints if one.kind in kinds)


def mark_of_touchpoint(customer_id: UUID, kind: str) -> None:
    """One touch point was taken back or restored."""
    if kind in evidence_kinds():
        phases.mark_due([customer_id])


def mark_of_batch(batch_id: UUID) -> None:
    """A whole batch was taken back: one statement, through the index of kinds, however large it was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct customer_id from touchpoint where kind = any(%s) and batch_id = %s",
            [list(queries.settings().rules.evidence_kinds), batch_id],
        )
        found = [customer_id for (customer_id,) in cursor.fetchall()]
    phases.mark_due(found)


def evidence_kinds() -> frozenset[str]:
    """As the workspace has them, looked up at most twice a minute: every batch that comes in asks. What is missed in
    between, when a kind was just added, the new rules tell anyway."""
    schema = current_schema()
    known = _kinds.get(schema)
    if known is None or known[0] < time.monotonic():
        known = (time.monotonic() + REMEMBERED_SECONDS, frozenset(queries.settings().rules.evidence_kinds))
        _kinds[schema] = known
    return known[1]


def forget_kinds() -> None:
    """For tests, whose databases come and go."""
    _kinds.clear()
