"""Customers, their history and merges."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Body, Query, Router, Schema, Status

from rapport.foundation.records import policies
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services import records, undo
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action
from rapport.integrations.api.auth import ApiRequest
from rapport.integrations.api.listing import list_page
from rapport.integrations.api.representation import as_json, chosen_fields
from rapport.stores.customers.queries import customers as queries
from rapport.stores.customers.services import merges
from rapport.stores.customers.services.customers import create_customer

router = Router(tags=["Customers"])
TYPE, PAGE = "customer", "customers"
MOST_AT_ONCE = 1000
Values = Body(..., description="Values by field name")


class Record(Schema):
    """A customer; see the fields in the description of the request."""

    model_config = {"extra": "allow"}
    id: UUID
    version: int


class MergeRequest(Schema):
    """`chosen` says by field whose value stays: "surviving" or "absorbed"."""

    surviving_id: UUID
    absorbed_id: UUID
    chosen: dict[str, str] = {}


class MergeAnswer(Schema):
    id: UUID
    surviving_id: UUID
    absorbed_id: UUID
    operation_id: UUID
    actor_name: str


@router.post("/customers", response={201: dict[str, Any]}, operation_id="create_customer")
def create(request: ApiRequest, payload: dict[str, Any] = Values) -> Any:
    """Create a customer. `possible_duplicates` in the answer warns of customers with the same e-mail, phone or name."""
    declared = record_type(TYPE)
    twins = queries.possible_twins(actor=request.actor, values=payload)
    customer = create_customer(actor=request.actor, values=payload)
    warning = [{"id": str(twin.id), "name": twin.name, "same": twin.reason} for twin in twins]
    return Status(201, {**as_json(request.actor, declared, customer), "possible_duplicates": warning})


@router.get("/customers", response=dict[str, Any], operation_id="list_customers")
def listed(
    request: ApiRequest,
    where: str = "",
    q: str = "",
    view: UUID | None = None,
    sort: str = "",
    cursor: str = "",
    limit: int = Query(50, ge=1, le=500),
    fields: str = "",
) -> Any:
    """Customers for which a condition (JSON in `where`, or a saved `view`) holds and whose search text has the words `q`.

    Page on with `next_cursor` as `cursor`, everything else unchanged. `sort` is a field name, with `-` for descending.
    """
    page = list_page(request.actor, PAGE, where=where, words=q, view=view, sort=sort, cursor=cursor, limit=limit)
    declared = record_type(TYPE)
    wanted = chosen_fields(declared, fields)
    return {
        "items": [as_json(request.actor, declared, record, wanted) for record in page.records],
        "next_cursor": page.next_cursor,
    }


class BulkEdit(Schema):
    """The customers named by `ids` get these values and tags, in one operation that can be undone."""

    ids: list[UUID]
    values: dict[str, Any] = {}
    add_tags: list[str] = []
    remove_tags: list[str] = []


@router.post("/customers/bulk-edit", response=dict[str, Any], operation_id="bulk_edit_customers")
def bulk_edit(request: ApiRequest, payload: BulkEdit) -> Any:
    """Change up to 1,000 customers at once. Those your role does not let you change are counted as refused."""
    if len(payload.ids) > MOST_AT_ONCE:
        raise Invalid({"ids": f"At most {MOST_AT_ONCE} at once; these are {len(payload.ids)}."})
    policies.require(request.actor, Action.UPDATE, TYPE)
    operation = records.update_records(
        actor=request.actor,
        record_type=TYPE,
        ids=payload.ids,
        values=payload.values,
        add_tags=payload.add_tags,
        remove_tags=payload.remove_tags,
    )
    return {"operation_id": str(operation.id) if operation else None, "counts": operation.counts if operation else {}}


@router.get("/customers/{customer_id}", response=dict[str, Any], operation_id="get_customer")
def read(request: ApiRequest, customer_id: UUID, fields: str = "") -> Any:
    """One customer; an id that was merged answers with the surviving customer."""
    declared = record_type(TYPE)
    customer = queries.get_customer(actor=request.actor, customer_id=customer_id)
    return as_json(request.actor, declared, customer, chosen_fields(declared, fields))


@router.patch("/customers/{customer_id}", response=dict[str, Any], operation_id="update_customer")
def update(request: ApiRequest, customer_id: UUID, payload: dict[str, Any] = Values) -> Any:
    """Change some fields. Send `version` as you read it to be told (409) when somebody changed the customer meanwhile."""
    values = dict(payload)
    version = values.pop("version", None)
    customer, operation = records.update_record(
        actor=request.actor,
        record_type=TYPE,
        record_id=queries.surviving_id(customer_id),
        values=values,
        expected_version=version if isinstance(version, int) else None,
    )
    shown = as_json(request.actor, record_type(TYPE), customer)
    return {**shown, "operation_id": str(operation.id) if operation else None}


@router.delete("/customers/{customer_id}", response={200: dict[str, Any]}, operation_id="bin_customer")
def delete(request: ApiRequest, customer_id: UUID) -> Any:
    """Put a customer into the bin. The operation in the answer can be undone."""
    queries.get_customer(actor=request.actor, customer_id=customer_id, action=Action.DELETE)
    operation = records.bin_records(actor=request.actor, record_type=TYPE, ids=[queries.surviving_id(customer_id)])
    return {"operation_id": str(operation.id) if operation else None}


@router.post("/customers/{customer_id}/restore", response=dict[str, Any], operation_id="restore_customer")
def restore(request: ApiRequest, customer_id: UUID) -> Any:
    """Take a customer out of the bin."""
    records.restore_records(actor=request.actor, record_type=TYPE, ids=[customer_id])
    customer = queries.get_customer(actor=request.actor, customer_id=customer_id)
    return as_json(request.actor, record_type(TYPE), customer)


@router.get("/customers/{customer_id}/history", response=dict[str, Any], operation_id="customer_history")
def read_history(request: ApiRequest, customer_id: UUID) -> Any:
    """Every change of the customer's fields, newest first, merged records included."""
    customer = queries.get_customer(actor=request.actor, customer_id=customer_id)
    lines = history(actor=request.actor, record_type=TYPE, ids=queries.all_ids(customer.pk))
    return {
        "items": [
            {
                "at": line.at,
                "by": line.actor_name,
                "action": line.action,
                "operation_id": str(line.operation_id),
                "kind": line.kind,
                "fields": [{"name": f.name, "before": f.before, "after": f.after} for f in line.fields],
            }
            for line in lines
        ]
    }


@router.get("/customers/{customer_id}/duplicates", response=dict[str, Any], operation_id="possible_duplicates")
def duplicates(request: ApiRequest, customer_id: UUID) -> Any:
    """Customers with the same e-mail address, phone number or name."""
    customer = queries.get_customer(actor=request.actor, customer_id=customer_id)
    values = {"email": customer.email, "phone": customer.phone, "name": customer.name}
    twins = queries.possible_twins(actor=request.actor, values=values, but_not=customer.pk)
    return {"items": [{"id": str(twin.id), "name": twin.name, "same": twin.reason} for twin in twins]}


@router.post("/merges", response={201: MergeAnswer}, operation_id="merge_customers")
def merge(request: ApiRequest, payload: MergeRequest) -> Any:
    """Make one customer of two. Nothing is rewritten, so the cost does not grow with their touch points."""
    done = merges.merge_customers(
        actor=request.actor,
        surviving_id=payload.surviving_id,
        absorbed_id=payload.absorbed_id,
        chosen=payload.chosen,
    )
    return Status(201, done)


@router.delete("/merges/{merge_id}", response=MergeAnswer, operation_id="unmerge_customers")
def unmerge(request: ApiRequest, merge_id: UUID) -> Any:
    """Take a merge back exactly, also after new touch points arrived."""
    return merges.unmerge_customers(actor=request.actor, merge_id=merge_id)


@router.post(
    "/operations/{operation_id}/undo", response=dict[str, Any], tags=["Operations"], operation_id="undo_operation"
)
def undo_operation(request: ApiRequest, operation_id: UUID) -> Any:
    """Take back an edit, bulk edit, deletion, merge or import. What somebody changed since is kept and counted."""
    done = undo.undo(actor=request.actor, operation_id=operation_id)
    return {
        "operation_id": str(done.operation_id),
        "restored": done.restored,
        "removed": done.removed,
        "kept": done.kept,
    }
