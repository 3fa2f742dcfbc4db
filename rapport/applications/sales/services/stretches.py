"""Which stages a deal has been in and for how long, and what the customer's timeline says of it.

Each move closes one stretch of time and opens the next; taking the move back takes its stretch and its touch point back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from rapport.applications.sales.models import Deal, DealStage
from rapport.applications.sales.policies import teller
from rapport.applications.sales.queries.pipelines import pipelines
from rapport.applications.sales.types import CHANNEL, SOURCE, LostReason, State
from rapport.foundation.lib import clock
from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.errors import Invalid
from rapport.stores.commerce.rules.money import written
from rapport.stores.ledger.services.corrections import retract_touchpoints
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import NewTouchpoint, Status, new_touchpoint

OPENED, MOVED = "deal_opened", "deal_moved"
CLOSED = {State.WON: "deal_won", State.LOST: "deal_lost"}
KINDS = (OPENED, MOVED, *CLOSED.values())


def follow(deals: Sequence[Deal], operation_id: UUID) -> None:
    """Bring the stretches of deals just saved in line with their stages."""
    now_in = {row.deal_id: row for row in DealStage.objects.filter(deal_id__in=[d.pk for d in deals], until=None)}
    moved = [deal for deal in deals if deal.pk not in now_in or now_in[deal.pk].stage != deal.stage]
    _keep_current(deals, now_in)
    if not moved:
        return
    operation = Operation.objects.filter(pk=operation_id).only("kind", "actor_name", "member_id", "undoes_id").first()
    if operation is not None and operation.undoes_id:
        moved = _go_back(moved, now_in, operation.undoes_id)
    if moved:
        _go_on(moved, now_in, operation_id, operation)


def _keep_current(deals: Sequence[Deal], now_in: Mapping[UUID, DealStage]) -> None:
    """When it was closed and why may be corrected later: the stretch says what holds."""
    stale = []
    for deal in deals:
        row = now_in.get(deal.pk)
        if row and row.stage == deal.stage and (row.closed_on, row.lost_reason) != (deal.closed_on, deal.lost_reason):
            row.closed_on, row.lost_reason = deal.closed_on, deal.lost_reason
            stale.append(row)
    DealStage.objects.bulk_update(stale, ["closed_on", "lost_reason"], batch_size=1000)


def withdraw(rows: Sequence[DealStage], by: str = "") -> None:
    """Take back the touch points of stretches."""
    told = [(row.customer_id, row.touchpoint_id) for row in rows if row.touchpoint_id and row.customer_id]
    if told:
        retract_touchpoints(actor=teller(by), touchpoints=told, kinds=KINDS, reason="undone")


def _go_on(
    deals: Sequence[Deal], now_in: Mapping[UUID, DealStage], operation_id: UUID, operation: Operation | None
) -> None:
    by = operation.actor_name if operation else ""
    rows, items, ended = [], [], []
    for deal in deals:
        was = now_in.get(deal.pk)
        at = _when(deal, was)
        since = at
        if was is not None:  # told late, of a day before it came to the stage it leaves: the stretches stay in order
            was.until = since = max(at, was.since)
            ended.append(was)
        row = DealStage(
            deal=deal, pipeline=deal.pipeline, stage=deal.stage, state=deal.state, since=since, amount=deal.amount,
            currency=deal.currency, closed_on=deal.closed_on, closed_from=deal.closed_from, lost_reason=deal.lost_reason,
            by=by, operation_id=operation_id, customer_id=deal.customer_id,
        )  # fmt: skip
        rows.append(row)
        items.append(item_of(deal, was, row, at, operation.member_id if operation else None))
    for row, told in zip(rows, _tell(items, operation_id, by), strict=True):
        row.touchpoint_id = told
    DealStage.objects.bulk_update(ended, ["until"], batch_size=1000)
    DealStage.objects.bulk_create(rows, batch_size=1000)


def _go_back(deals: Sequence[Deal], now_in: Mapping[UUID, DealStage], undone: UUID) -> list[Deal]:
    """End the stretches that the undone operation began; returns deals for which that is not the way."""
    ids = [deal.pk for deal in deals]
    before: dict[UUID, DealStage] = {}
    for row in DealStage.objects.filter(deal_id__in=ids).exclude(until=None).order_by("deal_id", "since", "id"):
        before[row.deal_id] = row
    back, others = [], []
    for deal in deals:
        begun, earlier = now_in.get(deal.pk), before.get(deal.pk)
        if begun and earlier and begun.operation_id == undone and earlier.stage == deal.stage:
            earlier.until = None
            deal.stage_since, deal.closed_from = earlier.since, earlier.closed_from
            deal.closed_on = earlier.closed_on if deal.state != State.OPEN else None
            back.append((deal, begun, earlier))
        else:
            others.append(deal)
    if back:
        withdraw([row for _deal, row, _earlier in back])
        DealStage.objects.filter(pk__in=[row.pk for _deal, row, _earlier in back]).delete()
        DealStage.objects.bulk_update([earlier for _deal, _row, earlier in back], ["until"], batch_size=1000)
        Deal.objects.bulk_update(
            [deal for deal, _row, _earlier in back], ["stage_since", "closed_from", "closed_on"], batch_size=1000
        )
    return others


def _when(deal: Deal, was: DealStage | None) -> datetime:
    """When the deal came into its stage. What was closed on an earlier day came then."""
    if deal.closed_on and deal.state != State.OPEN and deal.closed_on < clock.now().date():
        return datetime.combine(deal.closed_on, time(12), UTC)
    return deal.stage_since if was else min(deal.created_at, deal.stage_since)


def item_of(deal: Deal, was: DealStage | None, row: DealStage, at: datetime, member_id: UUID | None) -> NewTouchpoint:
    """The touch point that tells of a stretch's beginning; `was` is the one before."""
    known = pipelines()
    kind = CLOSED.get(State(row.state)) or (MOVED if was else OPENED)
    stage, former = known.stage(row.stage), known.stage(was.stage) if was else None
    is_won = kind == CLOSED[State.WON]
    said: dict[str, Any] = {
        "deal": str(deal.pk),
        "name": deal.name,
        "stage": stage.label if stage else row.stage,
        "from": former.label if former else "",
        "reason": str(LostReason(row.lost_reason).label) if row.state == State.LOST and row.lost_reason else "",
        "worth": written(row.amount, row.currency) if row.amount is not None and row.currency else "",
    }
    return new_touchpoint(
        customer_id=deal.customer_id,
        channel=CHANNEL,
        kind=kind,
        direction="none",
        occurred_at=at,
        source_id=f"{deal.pk}:{row.operation_id}:{row.stage}",
        # What a deal may be worth is no money that came in: only what was won says an amount.
        amount=row.amount if is_won else None,
        currency=row.currency if is_won else "",
        properties={name: value for name, value in said.items() if value},
        member_id=member_id,
    )


def _tell(items: Sequence[NewTouchpoint], operation_id: UUID, by: str) -> list[UUID | None]:
    outcomes = append(actor=teller(by), items=items, source=SOURCE, batch_id=operation_id, create_customers=False)
    for outcome in outcomes:
        if outcome.status is Status.REFUSED:
            raise Invalid({"customer": " ".join(problem.reason for problem in outcome.problems)})
    return [outcome.id for outcome in outcomes]
