"""Bringing in many deals with their pasts at once, and taking them out again: for the demo workspace and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from rapport.applications.sales.models import Deal, DealPerson, DealStage
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.services.deals import DealWrites
from rapport.applications.sales.services.rhythm import tell_rhythm
from rapport.applications.sales.types import DEAL, State
from rapport.foundation.lib.text import folded
from rapport.foundation.records import policies
from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.services.followups import Opening, open_by_rule

BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class NewDeal:
    """A deal and what it went through: (stage, from when), the first when it began. `people` are (customer, role)."""

    id: UUID
    name: str
    customer_id: UUID
    past: Sequence[tuple[str, datetime]]
    amount: Decimal | None = None
    currency: str = ""
    expected_close_on: date | None = None
    owner_id: UUID | None = None
    source: str = ""
    lost_reason: str = ""
    lost_note: str = ""
    competitors: Sequence[str] = ()
    people: Sequence[tuple[UUID, str]] = ()
    next_step: tuple[str, date] | None = None


def load_deals(*, actor: Actor, operation: Operation, deals: Sequence[NewDeal]) -> int:
    """What the timelines say of them is told by whoever brings them, in whose transaction this runs.
    Errors: NotAllowed.
    """
    policies.require(actor, Action.IMPORT, DEAL)
    known = pipelines()
    kinds = {stage.key: (stage.pipeline, stage.kind) for stage in known.stages()}
    for start in range(0, len(deals), BATCH):
        _load(deals[start : start + BATCH], kinds, operation)
    tell_rhythm()
    return len(deals)


@transaction.atomic
def unload_deals(*, operation: Operation) -> dict[str, int]:
    """Take out what came with the operation; what people worked on goes out of sight."""
    return DealWrites().undo_created(operation.id)


def _load(deals: Sequence[NewDeal], kinds: dict[str, tuple[str, State]], operation: Operation) -> None:
    rows, stretches, people, steps = [], [], [], []
    for new in deals:
        row = _row(new, kinds, operation)
        rows.append(row)
        was: DealStage | None = None
        for stage, since in new.past:
            pipeline, state = kinds[stage]
            stretch = _stretch(new, row, stage, pipeline, state, since, operation)
            if was is not None:
                was.until = since
                stretch.closed_from = was.stage if state is not State.OPEN else ""
            stretches.append(stretch)
            was = stretch
        people += [DealPerson(deal=row, customer_id=customer, role=role) for customer, role in new.people]
        if new.next_step:
            steps.append(_step(new, *new.next_step))
    Deal.objects.bulk_create(rows)
    DealStage.objects.bulk_create(stretches)
    if people:
        DealPerson.objects.bulk_create(people)
    open_by_rule(steps, by=operation.actor_name)


def _row(new: NewDeal, kinds: dict[str, tuple[str, State]], operation: Operation) -> Deal:
    stage, since = new.past[-1]
    pipeline, state = kinds[stage]
    former = new.past[-2][0] if len(new.past) > 1 else ""
    began = new.past[0][1]
    return Deal(
        id=new.id, name=new.name, customer_id=new.customer_id, pipeline=pipeline, stage=stage, state=state, stage_since=since,
        closed_from=former if state is not State.OPEN else "", closed_on=None if state is State.OPEN else since.date(),
        amount=new.amount, currency=new.currency, expected_close_on=new.expected_close_on, owner_id=new.owner_id,
        source=new.source, lost_reason=new.lost_reason, lost_note=new.lost_note, competitors=list(new.competitors),
        search=folded(new.name, new.source, *new.competitors), created_at=began, updated_at=since, operation_id=operation.id,
    )  # fmt: skip


def _stretch(
    new: NewDeal, row: Deal, stage: str, pipeline: str, state: State, since: datetime, operation: Operation
) -> DealStage:
    closed = state is not State.OPEN
    return DealStage(
        deal=row, pipeline=pipeline, stage=stage, state=state, since=since, amount=new.amount, currency=new.currency,
        closed_on=since.date() if closed else None, lost_reason=new.lost_reason if state is State.LOST else "",
        by=operation.actor_name, operation_id=operation.id, customer_id=new.customer_id,
    )  # fmt: skip


def _step(new: NewDeal, title: str, due_on: date) -> Opening:
    return Opening(
        customer_id=new.customer_id, title=title, why="", rule="", trip=f"deal:{new.id}", owner_id=new.owner_id,
        due_on=due_on, about=(DEAL, new.id),
    )  # fmt: skip
