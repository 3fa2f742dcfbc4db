"""Messages to customers: written, looked up, taken back. What is sent stands in the customer's touch points as well."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Field, Query, Router, Schema, Status
from pydantic import AwareDatetime

from rapport.integrations.api.auth import ApiRequest
from rapport.stores.customers.queries.customers import surviving_id
from rapport.touchpoints.channels.email.queries.mailboxes import senders
from rapport.touchpoints.channels.email.types import CHANNEL
from rapport.touchpoints.conversations.queries import outbox as queries
from rapport.touchpoints.conversations.services import outbox
from rapport.touchpoints.conversations.services.writing import write
from rapport.touchpoints.conversations.types import NewMessage, OutboxLine

router = Router(tags=["Messages"])


class MessageIn(Schema):
    """`purpose` is what permission is asked for: service, offers, tips, research, or one of the workspace's own.

    `to` is the customer's first address when left out. Of `text` and `html` one is enough; the other is made of it.
    `send_at` is now when left out; nothing leaves before ten seconds have passed. `automatic`: no person wrote it.
    """

    sender_id: UUID
    purpose: str = Field(max_length=40)
    subject: str = Field(max_length=500)
    text: str = Field("", max_length=100_000)
    html: str = Field("", max_length=1_000_000)
    to: str | None = Field(None, max_length=254)
    send_at: AwareDatetime | None = None
    automatic: bool = True
    batch_id: UUID | None = None


@router.get("/senders", response=list[dict[str, Any]], operation_id="list_senders")
def listed_senders(request: ApiRequest) -> Any:
    """The mailboxes this token may send from: those of its member, and the shared ones."""
    return [
        {"id": str(one.id), "channel": CHANNEL, "name": one.name, "address": one.address, "shared": one.is_shared}
        for one in senders(actor=request.actor)
    ]


@router.post("/customers/{customer_id}/messages", response={202: dict[str, Any]}, operation_id="write_message")
def write_message(request: ApiRequest, customer_id: UUID, payload: MessageIn) -> Any:
    """Write an e-mail. 409 with the reason when the customer may not be contacted for this purpose."""
    message = NewMessage(
        sender_id=payload.sender_id,
        subject=payload.subject,
        text=payload.text,
        html=payload.html,
        is_automatic=payload.automatic,
        batch_id=payload.batch_id,
    )
    row = write(
        actor=request.actor,
        customer_id=surviving_id(customer_id),
        channel=CHANNEL,
        purpose=payload.purpose,
        message=message,
        to=payload.to,
        send_at=payload.send_at,
    )
    return Status(202, _message(queries.line_of(actor=request.actor, message_id=row.pk)))


@router.get("/messages", response=dict[str, Any], operation_id="list_messages")
def listed(request: ApiRequest, state: str = Query("", max_length=10), cursor: str = Query("", max_length=100)) -> Any:
    """The newest first. `state` is pending, claimed, uncertain, sent, failed, refused or cancelled."""
    page = queries.outbox_page(actor=request.actor, state=state, after=cursor)
    return {"items": [_message(line) for line in page.lines], "next_cursor": page.following or None}


@router.get("/messages/{message_id}", response=dict[str, Any], operation_id="get_message")
def one(request: ApiRequest, message_id: UUID) -> Any:
    """What became of a message. Its state is final when it is sent, failed, refused or cancelled."""
    return _message(queries.line_of(actor=request.actor, message_id=message_id))


@router.post("/messages/{message_id}/cancel", response=dict[str, Any], operation_id="cancel_message")
def cancel(request: ApiRequest, message_id: UUID) -> Any:
    """Take it back. 409 when it has left, or is about to."""
    outbox.cancel(actor=request.actor, message_id=message_id)
    return _message(queries.line_of(actor=request.actor, message_id=message_id))


def _message(line: OutboxLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "customer_id": str(line.customer_id),
        "to": line.contact_point,
        "subject": line.subject,
        "state": line.state.value,
        "why": str(line.words),
        "said": line.said,
        "attempts": line.attempts,
        "written_at": line.queued_at,
        "leaves_at": line.next_at,
        "finished_at": line.finished_at,
    }
