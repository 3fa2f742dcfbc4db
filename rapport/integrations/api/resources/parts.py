"""What hangs on a customer: identities, addresses, relationships; and the types of relationships."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from ninja import Body, Router, Schema, Status

from rapport.integrations.api.auth import ApiRequest
from rapport.stores.customers import policies
from rapport.stores.customers.queries import customers as queries
from rapport.stores.customers.queries.customers import get_customer
from rapport.stores.customers.queries.relationships import related_to
from rapport.stores.customers.services import addresses, contact_points, relationships

router = Router(tags=["Customers"])


class IdentityIn(Schema):
    """`kind` is email, phone, cookie, device or external; an external id has a `namespace`, such as the shop's name."""

    kind: str
    value: str
    namespace: str = ""


class RelationshipIn(Schema):
    """`type` as in /relationship-types; the customer in the address is its subject: it <type> `to_customer_id`."""

    type: str
    to_customer_id: UUID
    role: str = ""
    since: date | None = None
    until: date | None = None


class RelationshipPatch(Schema):
    role: str = ""
    since: date | None = None
    until: date | None = None


class TypeIn(Schema):
    label: str
    inverse_label: str = ""
    is_symmetric: bool = False


@router.get("/customers/{customer_id}/identities", response=dict[str, Any], operation_id="list_identities")
def identities(request: ApiRequest, customer_id: UUID) -> Any:
    """How the customer is recognised, merged records included."""
    customer = get_customer(actor=request.actor, customer_id=customer_id)
    rows = queries.identities_of(queries.all_ids(customer.pk))
    readable = [row for row in rows if policies.may_see_identity(request.actor, row.kind)]
    return {"items": [_identity(row) for row in readable]}


@router.post("/customers/{customer_id}/identities", response={201: dict[str, Any]}, operation_id="add_identity")
def add_identity(request: ApiRequest, customer_id: UUID, payload: IdentityIn) -> Any:
    """Add a way to recognise the customer. 409 when another customer is known by it: merge the two, if they are one."""
    operation = contact_points.add_identity(
        actor=request.actor,
        customer_id=queries.surviving_id(customer_id),
        kind=payload.kind,
        value=payload.value,
        namespace=payload.namespace,
    )
    return Status(201, {"operation_id": str(operation.id)})


@router.delete(
    "/customers/{customer_id}/identities/{identity_id}", response=dict[str, Any], operation_id="remove_identity"
)
def remove_identity(request: ApiRequest, customer_id: UUID, identity_id: UUID) -> Any:
    """The customer is no longer recognised by it."""
    operation = contact_points.remove_identity(
        actor=request.actor, customer_id=queries.surviving_id(customer_id), identity_id=identity_id
    )
    return {"operation_id": str(operation.id)}


@router.get("/customers/{customer_id}/addresses", response=dict[str, Any], operation_id="list_addresses")
def listed_addresses(request: ApiRequest, customer_id: UUID) -> Any:
    """Postal addresses of the customer."""
    customer = get_customer(actor=request.actor, customer_id=customer_id)
    shown = queries.addresses_of(queries.all_ids(customer.pk)) if policies.may_see_addresses(request.actor) else []
    return {"items": [_address(row) for row in shown]}


@router.post("/customers/{customer_id}/addresses", response={201: dict[str, Any]}, operation_id="add_address")
def add_address(request: ApiRequest, customer_id: UUID, payload: dict[str, Any] = Body(...)) -> Any:  # noqa: B008 (ninja's way of declaring)
    """Fields: purpose (main, billing, shipping, visit), street, postal_code, city, region, country (two letters)."""
    address, operation = addresses.add_address(
        actor=request.actor, customer_id=queries.surviving_id(customer_id), values=payload
    )
    return Status(201, {**_address(address), "operation_id": str(operation.id)})


@router.patch("/customers/{customer_id}/addresses/{address_id}", response=dict[str, Any], operation_id="update_address")
def update_address(
    request: ApiRequest,
    customer_id: UUID,
    address_id: UUID,
    payload: dict[str, Any] = Body(...),  # noqa: B008 (ninja's way of declaring)
) -> Any:
    """Change some fields of an address."""
    address, operation = addresses.update_address(
        actor=request.actor, customer_id=queries.surviving_id(customer_id), address_id=address_id, values=payload
    )
    return {**_address(address), "operation_id": str(operation.id) if operation else None}


@router.delete(
    "/customers/{customer_id}/addresses/{address_id}", response=dict[str, Any], operation_id="remove_address"
)
def remove_address(request: ApiRequest, customer_id: UUID, address_id: UUID) -> Any:
    """Take an address away. The operation can be undone."""
    operation = addresses.remove_address(
        actor=request.actor, customer_id=queries.surviving_id(customer_id), address_id=address_id
    )
    return {"operation_id": str(operation.id)}


@router.get("/customers/{customer_id}/relationships", response=dict[str, Any], operation_id="list_relationships")
def listed_relationships(request: ApiRequest, customer_id: UUID) -> Any:
    """Relationships read from this customer's end: `label` is what stands between the two names."""
    customer = get_customer(actor=request.actor, customer_id=customer_id)
    rows = related_to(actor=request.actor, ids=queries.all_ids(customer.pk))
    return {
        "items": [
            {
                "id": str(row.id),
                "type": row.type,
                "label": row.label,
                "inverse": row.inverse,
                "customer_id": str(row.other_id),
                "name": row.name,
                "role": row.role,
                "since": row.since,
                "until": row.until,
            }
            for row in rows
        ]
    }


@router.post("/customers/{customer_id}/relationships", response={201: dict[str, Any]}, operation_id="add_relationship")
def add_relationship(request: ApiRequest, customer_id: UUID, payload: RelationshipIn) -> Any:
    """Relate two customers."""
    row, operation = relationships.add_relationship(
        actor=request.actor,
        from_id=queries.surviving_id(customer_id),
        type_name=payload.type,
        to_id=queries.surviving_id(payload.to_customer_id),
        role=payload.role,
        since=payload.since,
        until=payload.until,
    )
    return Status(201, {"id": str(row.id), "operation_id": str(operation.id)})


@router.patch(
    "/customers/{customer_id}/relationships/{relationship_id}",
    response=dict[str, Any],
    operation_id="update_relationship",
)
def update_relationship(
    request: ApiRequest, customer_id: UUID, relationship_id: UUID, payload: RelationshipPatch
) -> Any:
    """Set role, since and until."""
    operation = relationships.update_relationship(
        actor=request.actor,
        customer_id=queries.surviving_id(customer_id),
        relationship_id=relationship_id,
        role=payload.role,
        since=payload.since,
        until=payload.until,
    )
    return {"operation_id": str(operation.id) if operation else None}


@router.delete(
    "/customers/{customer_id}/relationships/{relationship_id}",
    response=dict[str, Any],
    operation_id="remove_relationship",
)
def remove_relationship(request: ApiRequest, customer_id: UUID, relationship_id: UUID) -> Any:
    """Take a relationship away. The operation can be undone."""
    operation = relationships.remove_relationship(
        actor=request.actor, customer_id=queries.surviving_id(customer_id), relationship_id=relationship_id
    )
    return {"operation_id": str(operation.id)}


@router.get("/relationship-types", response=dict[str, Any], operation_id="list_relationship_types")
def types(request: ApiRequest) -> Any:
    """The ways in which customers can be related."""
    return {"items": [_type(row) for row in queries.relationship_types()]}


@router.post("/relationship-types", response={201: dict[str, Any]}, operation_id="create_relationship_type")
def create_type(request: ApiRequest, payload: TypeIn) -> Any:
    """Add a way of the workspace's own."""
    row = relationships.create_type(
        actor=request.actor,
        label=payload.label,
        inverse_label=payload.inverse_label,
        is_symmetric=payload.is_symmetric,
    )
    return Status(201, _type(row))


def _identity(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "namespace": row.namespace,
        "value": row.value,
        "is_primary": row.is_primary,
        "source": row.source,
        "created_at": row.created_at,
    }


def _address(row: Any) -> dict[str, Any]:
    names = ("purpose", "street", "postal_code", "city", "region", "country")
    return {"id": str(row.id), **{name: getattr(row, name) for name in names}}


def _type(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "label": row.label,
        "inverse_label": row.inverse_label,
        "is_symmetric": row.is_symmetric,
    }
