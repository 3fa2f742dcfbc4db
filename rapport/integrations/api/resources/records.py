"""Records of any type, and the types themselves: those that Rapport has and those the workspace defined."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Body, Query, Router, Schema, Status

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.fields import record_type as full_type
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.queries.imports import list_of
from rapport.foundation.records.queries.own_types import type_definition_named
from rapport.foundation.records.queries.record_pages import paged_type
from rapport.foundation.records.queries.relations import standing_id
from rapport.foundation.records.queries.vocabulary import readable_type
from rapport.foundation.records.services import own_types, records
from rapport.foundation.records.types import Field, RecordType
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.integrations.api.auth import ApiRequest
from rapport.integrations.api.listing import list_page
from rapport.integrations.api.representation import as_json, chosen_fields
from rapport.integrations.api.resources.fields import ChoiceIn

router = Router(tags=["Records"])
MOST_AT_ONCE = 1000
Values = Body(..., description="Values by field name")


class TypeFieldIn(Schema):
    """A field to begin with. `name` is made of the label when it is left out."""

    label: str
    kind: str
    name: str = ""
    choices: list[ChoiceIn] = []
    target: str = ""
    group: str = ""
    help: str = ""
    is_required: bool = False
    in_list: bool = True


class TypeIn(Schema):
    """A record type of the workspace's own. `link` says whether records belong to customers: may, must, none."""

    label: str
    plural: str
    icon: str = "package"
    title_label: str = ""
    link: str = "may"
    name: str = ""
    fields: list[TypeFieldIn] = []


class TypePatch(Schema):
    """What is left out stays."""

    label: str | None = None
    plural: str | None = None
    icon: str | None = None
    title_label: str | None = None
    link: str | None = None


class Removal(Schema):
    """`confirmation` is the plural of the type: there is no way back."""

    confirmation: str


class BulkRecords(Schema):
    """The records named by `ids` get these values and tags, in one operation that can be undone."""

    ids: list[UUID]
    values: dict[str, Any] = {}
    add_tags: list[str] = []
    remove_tags: list[str] = []


class BulkBin(Schema):
    """The records named by `ids` are put into the bin, in one operation that can be undone."""

    ids: list[UUID]


# Types


@router.get("/record-types", response=dict[str, Any], tags=["Record types"], operation_id="list_record_types")
def types(request: ApiRequest) -> Any:
    """Every record type you may read, with what you may do. Ask for one by its name for its fields and relations."""
    actor = request.actor
    found = [each for each in record_types.values() if each.stands_alone and actor.may(Action.READ, each.name)]
    return {"items": [_type(actor, each) for each in found]}


@router.post("/record-types", response={201: dict[str, Any]}, tags=["Record types"], operation_id="create_record_type")
def create_type(request: ApiRequest, payload: TypeIn) -> Any:
    """Define a record type with its first fields. Needs the scope workspace:manage_fields."""
    row = own_types.define_type(actor=request.actor, **payload.model_dump())
    return Status(201, _described(request.actor, row.name))


@router.get("/record-types/{name}", response=dict[str, Any], tags=["Record types"], operation_id="get_record_type")
def read_type(request: ApiRequest, name: str) -> Any:
    """One record type with the fields and relations you may read."""
    paged_type(name)
    policies.require(request.actor, Action.READ, name)
    return _described(request.actor, name)


@router.patch("/record-types/{name}", response=dict[str, Any], tags=["Record types"], operation_id="update_record_type")
def update_type(request: ApiRequest, name: str, payload: TypePatch) -> Any:
    """Change how a type of the workspace's own is called and shown."""
    row = type_definition_named(actor=request.actor, name=name)
    values = payload.model_dump(exclude_unset=True, exclude_none=True)
    own_types.update_type(actor=request.actor, type_id=row.pk, **values)
    return _definition(type_definition_named(actor=request.actor, name=name))


@router.delete(
    "/record-types/{name}", response=dict[str, Any], tags=["Record types"], operation_id="retire_record_type"
)
def retire_type(request: ApiRequest, name: str) -> Any:
    """Retire a type of the workspace's own. Its records stay, and it can be reinstated."""
    row = type_definition_named(actor=request.actor, name=name)
    return _definition(own_types.retire_type(actor=request.actor, type_id=row.pk))


@router.post(
    "/record-types/{name}/reinstate",
    response=dict[str, Any],
    tags=["Record types"],
    operation_id="reinstate_record_type",
)
def reinstate_type(request: ApiRequest, name: str) -> Any:
    """Bring a retired type back with its records and fields."""
    row = type_definition_named(actor=request.actor, name=name)
    return _definition(own_types.reinstate_type(actor=request.actor, type_id=row.pk))


@router.post(
    "/record-types/{name}/remove", response=dict[str, Any], tags=["Record types"], operation_id="remove_record_type"
)
def remove_type(request: ApiRequest, name: str, payload: Removal) -> Any:
    """Remove a type of the workspace's own for good, with all its records. `confirmation` is its plural."""
    row = type_definition_named(actor=request.actor, name=name)
    removed = own_types.remove_type(actor=request.actor, type_id=row.pk, confirmation=payload.confirmation)
    return {"removed": removed}


# Records


@router.get("/records/{record_type}", response=dict[str, Any], operation_id="list_records")
def listed(
    request: ApiRequest,
    record_type: str,
    where: str = "",
    q: str = "",
    view: UUID | None = None,
    sort: str = "",
    cursor: str = "",
    limit: int = Query(50, ge=1, le=500),
    fields: str = "",
) -> Any:
    """Records for which a condition (JSON in `where`, or a saved `view`) holds and whose search text has the words `q`.

    Page on with `next_cursor` as `cursor`, everything else unchanged. `sort` is a field name, with `-` for descending.
    """
    paged_type(record_type)
    page = list_of(record_type)
    if page is None:
        raise NotFound("These records have no list.")
    found = list_page(request.actor, page.name, where=where, words=q, view=view, sort=sort, cursor=cursor, limit=limit)
    declared = full_type(record_type)
    wanted = chosen_fields(declared, fields)
    return {
        "items": [as_json(request.actor, declared, record, wanted) for record in found.records],
        "next_cursor": found.next_cursor,
    }


@router.post("/records/{record_type}", response={201: dict[str, Any]}, operation_id="create_record")
def create(request: ApiRequest, record_type: str, payload: dict[str, Any] = Values) -> Any:
    """Create a record. The operation in the answer can be undone."""
    _written(record_type)
    record = records.create_record(actor=request.actor, record_type=record_type, values=payload)
    shown = as_json(request.actor, full_type(record_type), record)
    return Status(201, {**shown, "operation_id": str(record.operation_id)})


@router.post("/records/{record_type}/bulk-edit", response=dict[str, Any], operation_id="bulk_edit_records")
def bulk_edit(request: ApiRequest, record_type: str, payload: BulkRecords) -> Any:
    """Change up to 1,000 records at once. Those your role does not let you change are counted as refused."""
    _written(record_type)
    policies.require(request.actor, Action.UPDATE, record_type)
    operation = records.update_records(
        actor=request.actor,
        record_type=record_type,
        ids=_few(payload.ids),
        values=payload.values,
        add_tags=payload.add_tags,
        remove_tags=payload.remove_tags,
    )
    return _operation(operation)


@router.post("/records/{record_type}/bulk-bin", response=dict[str, Any], operation_id="bulk_bin_records")
def bulk_bin(request: ApiRequest, record_type: str, payload: BulkBin) -> Any:
    """Put up to 1,000 records into the bin at once. Those your role does not let you delete are left alone."""
    _deletable(record_type)
    operation = records.bin_records(actor=request.actor, record_type=record_type, ids=_few(payload.ids))
    return _operation(operation)


@router.get("/records/{record_type}/{record_id}", response=dict[str, Any], operation_id="get_record")
def read(request: ApiRequest, record_type: str, record_id: UUID, fields: str = "") -> Any:
    """One record; an id that was merged answers with the surviving record."""
    paged_type(record_type)
    record = policies.get_record(request.actor, record_type, standing_id(record_type, record_id))
    declared = full_type(record_type)
    return as_json(request.actor, declared, record, chosen_fields(declared, fields))


@router.patch("/records/{record_type}/{record_id}", response=dict[str, Any], operation_id="update_record")
def update(request: ApiRequest, record_type: str, record_id: UUID, payload: dict[str, Any] = Values) -> Any:
    """Change some fields. Send `version` as you read it to be told (409) when somebody changed the record meanwhile."""
    _written(record_type)
    values = dict(payload)
    version = values.pop("version", None)
    record, operation = records.update_record(
        actor=request.actor,
        record_type=record_type,
        record_id=standing_id(record_type, record_id),
        values=values,
        expected_version=version if isinstance(version, int) else None,
    )
    shown = as_json(request.actor, full_type(record_type), record)
    return {**shown, "operation_id": str(operation.id) if operation else None}


@router.delete("/records/{record_type}/{record_id}", response=dict[str, Any], operation_id="bin_record")
def delete(request: ApiRequest, record_type: str, record_id: UUID) -> Any:
    """Put a record into the bin. The operation in the answer can be undone."""
    _deletable(record_type)
    record = policies.get_record(request.actor, record_type, standing_id(record_type, record_id), Action.DELETE)
    return _operation(records.bin_records(actor=request.actor, record_type=record_type, ids=[record.pk]))


@router.post("/records/{record_type}/{record_id}/restore", response=dict[str, Any], operation_id="restore_record")
def restore(request: ApiRequest, record_type: str, record_id: UUID) -> Any:
    """Take a record out of the bin."""
    _deletable(record_type)
    records.restore_records(actor=request.actor, record_type=record_type, ids=[record_id])
    record = policies.get_record(request.actor, record_type, record_id)
    return as_json(request.actor, full_type(record_type), record)


@router.get("/records/{record_type}/{record_id}/history", response=dict[str, Any], operation_id="record_history")
def read_history(request: ApiRequest, record_type: str, record_id: UUID) -> Any:
    """Every change of the record's fields that you may read, newest first."""
    paged_type(record_type)
    record = policies.get_record(request.actor, record_type, standing_id(record_type, record_id))
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
            for line in history(actor=request.actor, record_type=record_type, ids=[record.pk])
        ]
    }


def _written(name: str) -> RecordType:
    """A type whose records can be written here. Errors: NotFound."""
    declared = paged_type(name)
    if not declared.is_written:
        raise NotFound("These records are not written through this address.")
    return declared


def _deletable(name: str) -> RecordType:
    declared = _written(name)
    if not declared.deletable:
        raise NotFound("These records can't be put into the bin.")
    return declared


def _few(ids: list[UUID]) -> list[UUID]:
    if len(ids) > MOST_AT_ONCE:
        raise Invalid({"ids": f"At most {MOST_AT_ONCE} at once; these are {len(ids)}."})
    return ids


def _operation(operation: Any) -> dict[str, Any]:
    return {"operation_id": str(operation.id) if operation else None, "counts": operation.counts if operation else {}}


def _type(actor: Actor, declared: RecordType) -> dict[str, Any]:
    return {
        "name": declared.name,
        "label": str(declared.label),
        "plural": str(declared.plural),
        "icon": declared.icon,
        "is_own": declared.is_own,
        "title_field": declared.title_field,
        "may": [action.value for action in Action if actor.may(action, declared.name)],
    }


def _described(actor: Actor, name: str) -> dict[str, Any]:
    declared = readable_type(name, actor=actor)
    return {
        **_type(actor, declared),
        "fields": [_field(each) for each in declared.fields],
        "relations": [{"name": r.name, "label": str(r.label), "target": r.target} for r in declared.relations],
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "kind": field.kind,
        "custom": field.custom,
        "required": field.required,
        "editable": field.editable,
        "sortable": field.sortable,
        "target": field.target,
        "group": str(field.group),
        "choices": [{"value": c.value, "label": str(c.label), "retired": c.retired} for c in field.choices],
    }


def _definition(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "label": row.label,
        "plural": row.plural,
        "icon": row.icon,
        "title_label": row.title_label,
        "link": row.link,
        "retired_at": row.retired_at,
    }
