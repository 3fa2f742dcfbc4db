"""Errors as problem details (RFC 9457): one shape for everything that goes wrong, naming the field and the mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from rapport.foundation.records.errors import Unreadable
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound, RapportError

_TITLES = {
    400: "The request cannot be read",
    401: "Sign in with a token",
    403: "Not allowed",
    404: "Not found",
    405: "This method does not exist here",
    409: "Changed meanwhile",
    413: "Too large",
    415: "This media type is not understood",
    422: "Some values cannot be accepted",
    429: "Too many requests",
    503: "Not ready",
}


def problem(
    status: int,
    detail: str = "",
    *,
    errors: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """A problem+json answer. `errors` maps fields to what to mend."""
    body: dict[str, Any] = {"type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [{"field": field, "message": message} for field, message in errors.items()]
    response = HttpResponse(
        msgspec.json.encode({**body, **more}), status=status, content_type="application/problem+json"
    )
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def answer_rapport_error(request: HttpRequest, error: RapportError) -> HttpResponse:
    if isinstance(error, Invalid):
        return problem(422, "Mend the fields named in errors and send it again.", errors=error.problems)
    if isinstance(error, Unreadable):
        return problem(422, str(error), errors={"file": str(error)})
    if isinstance(error, NotFound):
        return problem(404, str(error))
    if isinstance(error, NotAllowed):
        return problem(403, str(error))
    if isinstance(error, Conflict):
        return problem(409, str(error), current=error.current)
    return problem(400, str(error))


def answer_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What ninja's schemas refuse: the place is the path inside the body, query or path."""
    errors = {}
    for each in error.errors:
        place = ".".join(str(part) for part in each["loc"] if part not in ("body", "query", "path", "payload"))
        errors[place or "body"] = each["msg"]
    return problem(422, "Mend the fields named in errors and send it again.", errors=errors)


def answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error))


def answer_authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        401,
        "Send the header Authorization: Bearer <token>. Tokens are made under Settings, API tokens.",
        headers={"WWW-Authenticate": "Bearer"},
    )
