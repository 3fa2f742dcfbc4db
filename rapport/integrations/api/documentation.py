"""Completes the OpenAPI document: 3.1, problem answers, the ingestion endpoint, the fields of customers."""

from __future__ import annotations

from typing import Any

import msgspec

from rapport.foundation.records.extension_points import record_types
from rapport.integrations.api.representation import json_schema
from rapport.stores.ledger.types import NewTouchpoint, Outcome

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
    "required": ["title", "status"],
}
_REASONS = {
    "400": "The request cannot be read",
    "401": "No token, or one that is not valid",
    "403": "The role or the token's scopes do not allow this",
    "404": "No such record, or not one you may see",
    "405": "This method does not exist here",
    "409": "Somebody else changed it meanwhile",
    "413": "The body is too large",
    "415": "This media type or encoding is not understood",
    "422": "Some values cannot be accepted; `errors` names them",
    "429": "Too many requests; Retry-After says when to go on",
}
_WRITES = ("post", "put", "patch", "delete")


def describe(schema: dict[str, Any]) -> dict[str, Any]:
    """The finished document."""
    schema["openapi"] = "3.1.0"
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = _PROBLEM
    for name, declared in record_types.items():
        components[f"{name.capitalize()}Values"] = json_schema(declared, writable=True)
        components[name.capitalize()] = json_schema(declared, writable=False)
    for path in schema["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    _use_customer_schemas(schema["paths"])
    schema["paths"].setdefault("/api/v1/touchpoints", {})["post"] = _sending_touchpoints(components)
    return schema


def _sending_touchpoints(components: dict[str, Any]) -> dict[str, Any]:
    """The ingestion endpoint, described from the very types that it reads and answers with."""
    (_, _), shapes = msgspec.json.schema_components(
        (_described(NewTouchpoint), Outcome), ref_template="#/components/schemas/{name}"
    )
    components.update(shapes)
    one = {"$ref": "#/components/schemas/NewTouchpoint"}
    many = {"type": "array", "items": one, "maxItems": 5000}
    answer = {
        "type": "object",
        "properties": {
            "created": {"type": "integer"},
            "duplicate": {"type": "integer"},
            "refused": {"type": "integer"},
            "results": {"type": "array", "items": {"$ref": "#/components/schemas/Outcome"}},
        },
    }
    operation: dict[str, Any] = {
        "operationId": "send_touchpoints",
        "tags": ["Touch points"],
        "summary": "Send Touchpoints",
        "description": (
            'One touch point, a list of at most 5,000, {"touchpoints": [...]}, or one object a line. Answered after '
            "the commit, item by item. Idempotent by source and source_id. gzip is understood."
        ),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [one, many]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": {"202": {"description": "Stored", "content": {"application/json": {"schema": answer}}}},
        "security": [{"TokenAuth": []}],
    }
    _complete("get", operation)  # it needs no Idempotency-Key: (source, source_id) is one
    operation["responses"]["503"] = {"description": "Nothing was stored; send it again after Retry-After"}
    return operation


def _described(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same struct for a schema: JSON that is stored as it came is an object to those who send it."""
    described: list[Any] = []
    for field in msgspec.structs.fields(struct):
        if field.type is msgspec.Raw:
            described.append((field.name, dict[str, Any], msgspec.field(default_factory=dict)))
        elif field.required:
            described.append((field.name, field.type))
        elif field.default is not msgspec.NODEFAULT:
            described.append((field.name, field.type, field.default))
        else:
            described.append((field.name, field.type, msgspec.field(default_factory=field.default_factory)))
    return msgspec.defstruct(struct.__name__, described, forbid_unknown_fields=True)


def _complete(method: str, operation: dict[str, Any]) -> None:
    for status, reason in _REASONS.items():
        operation["responses"].setdefault(
            status,
            {
                "description": reason,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
    if method in _WRITES:
        operation.setdefault("parameters", []).append(
            {
                "in": "header",
                "name": "Idempotency-Key",
                "schema": {"type": "string", "maxLength": 200},
                "required": False,
                "description": "Makes the request safe to repeat for a day.",
            }
        )


def _use_customer_schemas(paths: dict[str, Any]) -> None:
    values = {"$ref": "#/components/schemas/CustomerValues"}
    shown = {"$ref": "#/components/schemas/Customer"}
    for path, method, status in (
        ("/api/v1/customers", "post", "201"),
        ("/api/v1/customers/{customer_id}", "get", "200"),
        ("/api/v1/customers/{customer_id}", "patch", "200"),
        ("/api/v1/customers/{customer_id}/restore", "post", "200"),
    ):
        operation = paths.get(path, {}).get(method)
        if not operation:
            continue
        operation["responses"][status if status in operation["responses"] else int(status)]["content"] = {
            "application/json": {"schema": shown}
        }
        if "requestBody" in operation and method != "get":
            operation["requestBody"]["content"] = {"application/json": {"schema": values}}
