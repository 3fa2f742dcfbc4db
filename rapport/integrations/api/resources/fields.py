"""Record types with their fields, and the workspace's own fields."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Router, Schema, Status

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.queries.definitions import definitions
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.services import fields as services
from rapport.foundation.records.types import Field
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action
from rapport.integrations.api.auth import ApiRequest

router = Router(tags=["Fields"])


class ChoiceIn(Schema):
    value: str = ""
    label: str
    tone: str = ""
    retired: bool = False


class FieldIn(Schema):
    """A field of the workspace's own. `name` is how the API and conditions call it; left out, it is made of the label."""

    record_type: str = "customer"
    label: str
    kind: str
    name: str = ""
    choices: list[ChoiceIn] = []
    target: str = ""
    group: str = ""
    help: str = ""
    is_required: bool = False
    in_list: bool = True


class FieldPatch(Schema):
    """What is left out stays."""

    label: str | None = None
    kind: str | None = None
    choices: list[ChoiceIn] | None = None
    group: str | None = None
    help: str | None = None
    is_required: bool | None = None
    in_list: bool | None = None
    position: int | None = None


@router.get("/fields", response=dict[str, Any], operation_id="list_fields")
def listed(request: ApiRequest, record_type: str = "customer") -> Any:
    """Every field of a record type that you may read, built-in and own, with its kind and choices."""
    declared = _declared(request, record_type)
    return {"items": [_shown(field) for field in policies.readable_fields(request.actor, declared)]}


@router.get("/custom-fields", response=dict[str, Any], operation_id="list_custom_fields")
def own(request: ApiRequest, record_type: str = "customer") -> Any:
    """The workspace's own fields as its settings show them, retired ones included."""
    _declared(request, record_type)
    rows = definitions(actor=request.actor, record_type=record_type)
    return {"items": [_definition(row) for row in rows]}


@router.post("/custom-fields", response={201: dict[str, Any]}, operation_id="create_custom_field")
def create(request: ApiRequest, payload: FieldIn) -> Any:
    """Add a field. It behaves like a built-in one from now on."""
    row = services.create_field(actor=request.actor, **payload.model_dump())
    return Status(201, _definition(row))


@router.patch("/custom-fields/{field_id}", response=dict[str, Any], operation_id="update_custom_field")
def update(request: ApiRequest, field_id: UUID, payload: FieldPatch) -> Any:
    """Change how a field is called, shown or checked."""
    return _definition(services.update_field(actor=request.actor, field_id=field_id, **_plain(payload)))


@router.delete("/custom-fields/{field_id}", response=dict[str, Any], operation_id="retire_custom_field")
def retire(request: ApiRequest, field_id: UUID) -> Any:
    """Retire a field. Records keep its values, and it can be reinstated."""
    return _definition(services.retire_field(actor=request.actor, field_id=field_id))


@router.post("/custom-fields/{field_id}/reinstate", response=dict[str, Any], operation_id="reinstate_custom_field")
def reinstate(request: ApiRequest, field_id: UUID) -> Any:
    """Bring a retired field back with the values it had."""
    return _definition(services.reinstate_field(actor=request.actor, field_id=field_id))


def _declared(request: ApiRequest, name: str) -> Any:
    if name not in record_types:
        raise Invalid({"record_type": f"There is no such record type. Known: {', '.join(record_types)}."})
    policies.require(request.actor, Action.READ, name)
    return record_type(name)


def _plain(payload: Schema) -> dict[str, Any]:
    return payload.model_dump(exclude_unset=True, exclude_none=True)


def _shown(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "kind": field.kind,
        "custom": field.custom,
        "required": field.required,
        "editable": field.editable,
        "sortable": field.sortable,
        "group": str(field.group),
        "choices": [{"value": c.value, "label": str(c.label), "retired": c.retired} for c in field.choices],
    }


def _definition(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "record_type": row.record_type,
        "name": row.name,
        "label": row.label,
        "kind": row.kind,
        "choices": row.choices,
        "target": row.target,
        "group": row.group,
        "help": row.help,
        "is_required": row.is_required,
        "in_list": row.in_list,
        "position": row.position,
        "retired_at": row.retired_at,
    }
