"""Completes the OpenAPI document: 3.1, problem answers, the ingestion endpoint, the fields of customers."""

from __future__ import annotations

from typing import Any

from rapport.foundation.records.extension_points import record_types
from rapport.integrations.api.representation import json_schema

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
    return schema


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
