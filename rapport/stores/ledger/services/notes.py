"""Logging by hand: notes, calls and visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.queries.customers import get_customer
from rapport.stores.ledger import policies
from rapport.stores.ledger.rules import spoken
from rapport.stores.ledger.rules.items import OWN_SOURCE
from rapport.stores.ledger.services.corrections import correct_touchpoint
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import Outcome, Status, new_touchpoint


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wrote down. `direction`, `outcome` and `minutes` say more of calls and visits."""

    logged: spoken.Logged
    body: str
    direction: str = "out"
    outcome: str = spoken.CallOutcome.REACHED
    minutes: int | None = None
    occurred_at: datetime | None = None

    @property
    def kind(self) -> str:
        return spoken.kind_of(self.logged, self.direction, self.outcome)

    def way(self) -> str:
        return "none" if self.logged is spoken.Logged.NOTE else self.direction

    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.logged is spoken.Logged.CALL:
            found["outcome"] = self.outcome
        if self.minutes and self.logged is not spoken.Logged.NOTE:
            found["minutes"] = self.minutes
        return found


def log(*, actor: Actor, customer_id: UUID, note: Note) -> Outcome:
    """Write a note, a call or a visit into a customer's timeline. Errors: NotFound, NotAllowed, Invalid."""
    policies.require(actor, Action.CREATE)
    customer = get_customer(actor=actor, customer_id=customer_id)
    item = new_touchpoint(
        customer_id=customer.pk,
        channel=spoken.CHANNELS[note.logged],
        kind=note.kind,
        direction=note.way(),
        occurred_at=note.occurred_at,
        properties=note.properties(),
        content=note.body,
        member_id=actor.member_id,
    )
    (outcome,) = append(actor=actor, items=[item], source=OWN_SOURCE)
    if outcome.status is Status.REFUSED:
        raise Invalid({problem.pointer.lstrip("/"): problem.reason for problem in outcome.problems})
    return outcome


def correct(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID, note: Note) -> Outcome:
    """Put a corrected version in the place of what was logged. Errors: NotFound, NotAllowed, Invalid."""
    return correct_touchpoint(
        actor=actor,
        customer_id=customer_id,
        touchpoint_id=touchpoint_id,
        content=note.body,
        occurred_at=note.occurred_at,
        properties=note.properties(),
        direction=note.way(),
        kind=note.kind,
    )
