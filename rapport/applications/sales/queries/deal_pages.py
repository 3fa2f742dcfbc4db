"""What the page of a deal shows beside its facts: its way through the stages, what is next, who takes part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from rapport.applications.sales.models import Deal, DealPerson, DealStage
from rapport.applications.sales.policies import may_approve
from rapport.applications.sales.queries.moves import Way, ways
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.rules.ageing import Age, age
from rapport.applications.sales.rules.stages import Stage
from rapport.applications.sales.types import PersonRole, State
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce.queries.rates import rates
from rapport.stores.customers.queries.customers import names_of
from rapport.stores.customers.queries.followups import FollowUpLine, about


@dataclass(frozen=True)
class Stretch:
    """A time in a stage, for the history."""

    label: str
    state: str
    since: datetime
    days: int
    by: str
    is_now: bool


@dataclass(frozen=True)
class Person:
    id: UUID
    customer_id: UUID
    name: str
    role: str
    note: str


@dataclass(frozen=True)
class DealPage:
    ways: Sequence[Way]
    stage: Stage | None
    age: Age
    stretches: Sequence[Stretch]
    follow_ups: Sequence[FollowUpLine]
    people: Sequence[Person]
    needs_approval: bool
    may_approve: bool

    @property
    def next_step(self) -> FollowUpLine | None:
        return next((line for line in self.follow_ups if line.closed_at is None), None)


def deal_page(*, actor: Actor, deal: Deal, now: datetime) -> DealPage:
    """At most five queries."""
    pipeline, goals = ways(deal)
    stage = pipelines().stage(deal.stage)
    expected = stage.days_expected if stage and stage.kind is State.OPEN else None
    return DealPage(
        ways=goals,
        stage=stage,
        age=age(deal.stage_since, now, expected),
        stretches=_stretches(deal, now),
        follow_ups=about(deal.pk),
        people=people_of(actor, DealPerson.objects.filter(deal=deal)),
        needs_approval=_needs_approval(deal, pipeline),
        may_approve=may_approve(actor, deal),
    )


def people_of(actor: Actor, rows: QuerySet[DealPerson]) -> list[Person]:
    """Those the actor may see; merged customers under the name that stands."""
    held = list(rows.order_by("role", "id"))
    names = names_of(actor=actor, customer_ids=[row.customer_id for row in held])
    return [
        Person(row.pk, row.customer_id, names[row.customer_id], str(PersonRole(row.role).label), row.note)
        for row in held
        if row.customer_id in names
    ]


def _stretches(deal: Deal, now: datetime) -> list[Stretch]:
    known = pipelines()
    found = []
    for row in DealStage.objects.filter(deal=deal).order_by("-since", "-id")[:50]:
        stage = known.stage(row.stage)
        days = max(0, ((row.until or now) - row.since) // timedelta(days=1))
        found.append(
            Stretch(stage.label if stage else row.stage, row.state, row.since, days, row.by, row.until is None)
        )
    return found


def _needs_approval(deal: Deal, pipeline: Any) -> bool:
    """Whether somewhere on its way somebody has to approve what it is worth now."""
    if pipeline is None or pipeline.approval_above is None or deal.state != State.OPEN or deal.amount is None:
        return False
    if not any(stage.needs_approval for stage in pipeline.in_use()):
        return False
    approved = deal.approved_amount is not None and deal.amount <= deal.approved_amount
    if approved and deal.approved_currency == deal.currency:
        return False
    worth = rates().home_amount(deal.amount, deal.currency, clock.now().date())
    return worth is None or worth > pipeline.approval_above
