"""Reading, correcting and taking back touch points. Sending them is a view of its own: stores.ledger.views.ingestion."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Query, Router, Schema, Status

from rapport.foundation.records.rules import codec
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.integrations.api.auth import ApiRequest
from rapport.stores.customers.queries.customers import surviving_id
from rapport.stores.ledger.queries.stream import Asked, stream
from rapport.stores.ledger.queries.timeline import entry_of, timeline
from rapport.stores.ledger.rules.cursors import Cursor, cursor_of
from rapport.stores.ledger.services import corrections
from rapport.stores.ledger.types import Entry

router = Router(tags=["Touch points"])


class Correction(Schema):
    """What is left out stays. A correction is a new row that replaces the old one."""

    content: str | None = None
    subject: str | None = None
    occurred_at: datetime | None = None
    properties: dict[str, Any] | None = None


@router.get("/touchpoints", response=dict[str, Any], operation_id="list_touchpoints")
def listed(
    request: ApiRequest,
    kind: str = "",
    channel: str = "",
    source: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str = "",
    limit: int = Query(50, ge=1, le=500),
) -> Any:
    """Touch points of every customer you may see, newest first."""
    asked = Asked(kind=kind, channel=channel, source=source, since=_aware("since", since), until=_aware("until", until))
    page = stream(actor=request.actor, asked=asked, before=_cursor(cursor), limit=limit)
    return {
        "items": [_shown(line.entry) for line in page.lines],
        "next_cursor": str(page.earlier) if page.earlier else None,
    }


@router.get("/customers/{customer_id}/touchpoints", response=dict[str, Any], operation_id="customer_touchpoints")
def of_customer(
    request: ApiRequest,
    customer_id: UUID,
    kind: list[str] = Query([]),  # noqa: B008 (ninja's way of declaring)
    channel: list[str] = Query([]),  # noqa: B008 (ninja's way of declaring)
    q: str = "",
    cursor: str = "",
    limit: int = Query(50, ge=1, le=500),
) -> Any:
    """The customer's timeline, newest first, merged records and earlier anonymous visits included."""
    page = timeline(
        actor=request.actor,
        customer_id=surviving_id(customer_id),
        before=_cursor(cursor),
        kinds=kind,
        channels=channel,
        search=q,
        limit=limit,
    )
    return {
        "items": [_shown(entry) for entry in page.entries],
        "next_cursor": str(page.earlier) if page.earlier else None,
    }


@router.get(
    "/customers/{customer_id}/touchpoints/{touchpoint_id}", response=dict[str, Any], operation_id="get_touchpoint"
)
def read(request: ApiRequest, customer_id: UUID, touchpoint_id: UUID) -> Any:
    """One touch point that stands."""
    entry = entry_of(actor=request.actor, customer_id=surviving_id(customer_id), touchpoint_id=touchpoint_id)
    if entry is None:
        raise NotFound("There is no such touch point, or it was taken back.")
    return _shown(entry)


@router.patch(
    "/customers/{customer_id}/touchpoints/{touchpoint_id}",
    response={201: dict[str, Any]},
    operation_id="correct_touchpoint",
)
def correct(request: ApiRequest, customer_id: UUID, touchpoint_id: UUID, payload: Correction) -> Any:
    """Correct what was logged by hand: the ledger gets a new row that names the old one."""
    outcome = corrections.correct_touchpoint(
        actor=request.actor,
        customer_id=surviving_id(customer_id),
        touchpoint_id=touchpoint_id,
        **payload.model_dump(exclude_none=True),
    )
    if outcome.problems:
        raise Invalid({problem.pointer: problem.reason for problem in outcome.problems})
    return Status(201, {"id": str(outcome.id), "corrects_id": str(touchpoint_id)})


@router.delete(
    "/customers/{customer_id}/touchpoints/{touchpoint_id}", response=dict[str, Any], operation_id="retract_touchpoint"
)
def retract(request: ApiRequest, customer_id: UUID, touchpoint_id: UUID) -> Any:
    """Take a touch point back. The ledger keeps the row and notes that it no longer stands."""
    corrections.retract_touchpoint(
        actor=request.actor, customer_id=surviving_id(customer_id), touchpoint_id=touchpoint_id
    )
    return {"id": str(touchpoint_id), "retracted": True}


def _aware(name: str, at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise Invalid({name: "Give the time zone too, such as 2026-11-30T14:05:00Z."})
    return at


def _cursor(text: str) -> Cursor | None:
    found = cursor_of(text) if text else None
    if text and found is None:
        raise Invalid({"cursor": "This is not a cursor of this list."})
    return found


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "customer_id": str(entry.customer_id),
        "occurred_at": codec.encode(entry.occurred_at),
        "recorded_at": codec.encode(entry.recorded_at),
        "channel": entry.channel,
        "kind": entry.kind,
        "direction": entry.direction,
        "source": entry.source,
        "subject": entry.subject,
        "amount": codec.encode(entry.amount),
        "currency": entry.currency,
        "properties": dict(entry.properties),
        "content": entry.content,
        "corrects_id": codec.encode(entry.corrects_id),
        "member_id": codec.encode(entry.member_id),
    }
