"""What colleagues write down by hand: a permission, a refusal, a withdrawal. In the customer's history, with a way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.services.operations import open_operation, record_changes
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.touchpoints.permission.models import Evidence
from rapport.touchpoints.permission.services.evidence import Recorded, record, take_back
from rapport.touchpoints.permission.types import Source, Status

PART = "consent"
BY_HAND = frozenset({Status.GRANTED, Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.PAUSED, Status.RESUMED})


@transaction.atomic
def answer(
    *,
    actor: Actor,
    customer_id: UUID,
    status: str,
    channel: str,
    purpose: str,
    contact_point: str | None = None,
    basis: str = "",
    wording: UUID | None = None,
    source: str = Source.HAND,
    proof: str = "",
    note: str = "",
    at: datetime | None = None,
    expires_at: datetime | None = None,
    touchpoint_id: UUID | None = None,
    address: str | None = None,
    limit_days: int | None = None,
) -> tuple[Recorded, Operation]:
    """As `evidence.record`, as an act of a person that can be taken back. Errors: NotFound, NotAllowed, Invalid."""
    row = record(
        actor=actor, customer_id=customer_id, contact_point=contact_point, channel=channel, purpose=purpose, status=status,
        basis=basis, wording=wording, source=source, proof=proof, note=note, at=at, expires_at=expires_at,
        touchpoint_id=touchpoint_id, address=address, limit_days=limit_days,
    )  # fmt: skip
    if row.customer_id is None:
        raise Invalid({"customer_id": "Whose answer is this?"})
    operation = open_operation(actor, PART, "customer")
    held = {
        "id": str(row.id),
        "status": status,
        "channel": channel,
        "purpose": purpose,
        "basis": basis,
        "source": source,
    }
    record_changes(operation, "added", [(row.customer_id, {PART: None}, {PART: held})])
    return row, operation


def undo_answers(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler: each row is countered by one that names it."""
    restored = kept = 0
    done: list[tuple[UUID, dict[str, Any], dict[str, Any]]] = []
    for change in Change.objects.filter(operation=operation):
        held = change.after.get(PART)
        if not held or not Evidence.objects.filter(pk=held["id"]).exists():
            continue
        try:
            take_back(actor=_on_behalf(actor), evidence_id=UUID(held["id"]))
        except (NotFound, Invalid):
            kept += 1
            continue
        restored += 1
        done.append((change.record_id, {PART: held}, {PART: None}))
    record_changes(reverse, "updated", done)
    return {"restored": restored, "kept": kept}


def _on_behalf(actor: Actor) -> Actor:
    """Whether the act may be undone was asked before; whoever may does it whole."""
    return replace(SYSTEM, name=actor.name, member_id=actor.member_id)
