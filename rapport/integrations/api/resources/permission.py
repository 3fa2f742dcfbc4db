"""Permissions: what customers allowed and forbade, and whether they may be contacted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from ninja import Router, Schema, Status
from pydantic import AwareDatetime

from rapport.foundation.workspace.types import Action
from rapport.integrations.api.auth import ApiRequest
from rapport.stores.customers.queries.customers import all_ids, get_customer
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.queries.consents import as_data, entries_of
from rapport.touchpoints.permission.queries.gate import may_contact
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.services import consents
from rapport.touchpoints.permission.types import Source

router = Router(tags=["Permissions"])


class Answer(Schema):
    """What a customer allowed or forbade.

    `status` is granted, refused, withdrawn, paused, resumed or limited (with `limit_days`: at most one message in so many
    days). A grant names a purpose, a channel and a lawful basis: consent, contract, legal_obligation, vital_interest,
    public_task or legitimate_interest. An empty purpose stands for every one but service, an empty channel for every channel.
    """

    status: str
    purpose: str = ""
    channel: str = ""
    contact_point: str | None = None
    basis: str = ""
    at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    wording_id: UUID | None = None
    touchpoint_id: UUID | None = None
    address: str = ""
    proof: str = ""
    note: str = ""
    limit_days: int | None = None


@router.get("/purposes", response=list[dict[str, Any]], operation_id="list_purposes")
def list_purposes(request: ApiRequest) -> Any:
    """What customers are asked permission for."""
    policies.require(request.actor, Action.READ)
    return [
        {"name": one.name, "label": str(one.label), "kind": one.kind.value, "help": str(one.help), "is_own": one.is_own}
        for one in all_purposes()
    ]


@router.get("/customers/{customer_id}/permissions", response=dict[str, Any], operation_id="list_permissions")
def list_permissions(request: ApiRequest, customer_id: UUID) -> Any:
    """Every entry of the permission ledger about this customer, newest first, with its proof."""
    policies.require(request.actor, Action.READ)
    customer = get_customer(actor=request.actor, customer_id=customer_id)
    return {"items": [as_data(entry) for entry in entries_of(actor=request.actor, ids=all_ids(customer.pk))]}


@router.post("/customers/{customer_id}/permissions", response={201: dict[str, Any]}, operation_id="record_permission")
def record_permission(request: ApiRequest, customer_id: UUID, body: Answer) -> Any:
    """Write down what the customer allowed or forbade."""
    given = body.model_dump(exclude={"wording_id"})
    row, operation = consents.answer(
        actor=request.actor, customer_id=customer_id, source=Source.API, wording=body.wording_id, **given
    )
    return Status(201, {"id": str(row.id), "at": row.at, "status": row.status, "operation_id": str(operation.id)})


@router.get("/customers/{customer_id}/may-contact", response=dict[str, Any], operation_id="may_contact")
def check(
    request: ApiRequest,
    customer_id: UUID,
    purpose: str,
    channel: str = "",
    contact_point: str | None = None,
    at: AwareDatetime | None = None,
) -> Any:
    """Whether the customer may be contacted, and why. `until`: when the answer may change by itself."""
    return asdict(
        may_contact(
            actor=request.actor,
            customer_id=customer_id,
            purpose=purpose,
            channel=channel,
            contact_point=contact_point,
            at=at,
        )
    )
