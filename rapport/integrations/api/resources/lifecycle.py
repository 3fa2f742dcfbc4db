"""The life cycle of customers and the follow-ups that wait for somebody."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Query, Router, Schema, Status

from rapport.foundation.records.policies import get_record
from rapport.foundation.records.queries.record_pages import paged_type
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Actor
from rapport.integrations.api.auth import ApiRequest
from rapport.stores.customers.queries import followups as follow_up_queries
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.queries.customers import surviving_id
from rapport.stores.customers.queries.followups import FollowUpLine
from rapport.stores.customers.services import followups, phases

router = Router(tags=["Customers"])


class PhaseIn(Schema):
    """`phase` is prospect, onboarding, loyal, growing, at_risk, lapsed, won_back or ended; `since` is now when left out."""

    phase: str
    reason: str
    since: datetime | None = None


class FollowUpIn(Schema):
    """One thing to do for the customer. `owner_id` is the member who does it; `about_*` name the record it is about."""

    title: str
    due_on: date
    owner_id: UUID | None = None
    why: str = ""
    about_type: str = ""
    about_id: UUID | None = None


class FollowUpClose(Schema):
    """`outcome` is settled, bought, not_now, no_answer, lost or not_needed."""

    outcome: str
    note: str = ""


@router.get("/customers/{customer_id}/life-cycle", response=dict[str, Any], operation_id="get_life_cycle")
def life_cycle(request: ApiRequest, customer_id: UUID) -> Any:
    """The customer's phase, all phases with their dates, and what was recruited, retained, extended, lapsed and regained."""
    if not queries.may_read(request.actor):
        raise NotAllowed("Your role does not let you see phases.")
    life = queries.life_by_id(actor=request.actor, customer_id=customer_id)
    recruited = life.recruited
    return {
        "phase": life.phase.value,
        "since": life.since,
        "next_change_at": life.next_change_at,
        "phases": [
            {
                "phase": step.phase.value,
                "since": step.since,
                "until": step.until,
                "cause": step.cause.value,
                "reason": step.reason,
                "by": step.by,
            }
            for step in life.steps
        ],
        "recruited": {
            "at": recruited.at,
            "channel": recruited.through,
            "campaign": recruited.campaign,
            "source": recruited.source,
            "cost": None if recruited.cost is None else format(recruited.cost, "f"),
        }
        if recruited
        else None,
        "retained": [{"from": spell.start, "until": spell.end, "days": spell.days} for spell in life.spells],
        "extended": [{"product": each.product, "at": each.at} for each in life.extensions],
        "lapsed": list(life.lapsed),
        "regained": list(life.regained),
        "ended_at": life.ended_at,
    }


@router.post("/customers/{customer_id}/phase", response={201: dict[str, Any]}, operation_id="set_phase")
def set_phase(request: ApiRequest, customer_id: UUID, payload: PhaseIn) -> Any:
    """Put the customer into a phase. It holds until there is evidence from after now; the operation can be undone."""
    row, operation = phases.set_phase(
        actor=request.actor,
        customer_id=surviving_id(customer_id),
        phase=payload.phase,
        reason=payload.reason,
        since=payload.since,
    )
    return Status(201, {"id": str(row.id), "phase": row.phase, "since": row.since, "operation_id": str(operation.id)})


@router.get("/follow-ups", response=dict[str, Any], operation_id="list_follow_ups")
def listed(
    request: ApiRequest,
    whose: str = "everyone",
    closed: bool = False,
    cursor: str = "",
    limit: int = Query(50, ge=1, le=500),
) -> Any:
    """Open follow-ups by due date, or closed ones. `whose` is everyone, mine, nobody or a member's id."""
    page = follow_up_queries.follow_ups(actor=request.actor, whose=whose, closed=closed, after=cursor, limit=limit)
    return {"items": [_follow_up(line) for line in page.lines], "next_cursor": page.following or None}


@router.post("/customers/{customer_id}/follow-ups", response={201: dict[str, Any]}, operation_id="open_follow_up")
def open_follow_up(request: ApiRequest, customer_id: UUID, payload: FollowUpIn) -> Any:
    """Open a follow-up for the customer."""
    row, operation = followups.open_follow_up(
        actor=request.actor,
        customer_id=surviving_id(customer_id),
        title=payload.title,
        due_on=payload.due_on,
        owner_id=payload.owner_id,
        why=payload.why,
        about=_about(request.actor, payload),
    )
    return Status(201, {"id": str(row.id), "operation_id": str(operation.id)})


@router.post("/follow-ups/{follow_up_id}/close", response=dict[str, Any], operation_id="close_follow_up")
def close(request: ApiRequest, follow_up_id: UUID, payload: FollowUpClose) -> Any:
    """Close it with its outcome. 409 when somebody did already."""
    operation = followups.close_follow_up(
        actor=request.actor, follow_up_id=follow_up_id, outcome=payload.outcome, note=payload.note
    )
    return {"operation_id": str(operation.id)}


def _about(actor: Actor, payload: FollowUpIn) -> tuple[str, UUID] | None:
    """The record it is about, which the reader must see. Errors: NotFound."""
    if payload.about_id is None:
        return None
    declared = paged_type(payload.about_type)
    return declared.name, get_record(actor, declared.name, payload.about_id).pk


def _follow_up(line: FollowUpLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "customer_id": str(line.customer_id),
        "title": line.title,
        "why": line.why,
        "rule": line.rule,
        "owner_id": str(line.owner_id) if line.owner_id else None,
        "due_on": line.due_on,
        "opened_at": line.opened_at,
        "opened_by": line.opened_by,
        "closed_at": line.closed_at,
        "closed_by": line.closed_by,
        "outcome": line.outcome,
        "note": line.note,
        "about": {"type": line.about_type, "id": str(line.about_id)} if line.about_id else None,
    }
