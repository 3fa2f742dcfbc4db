"""JSON answers of the ingestion paths, errors as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from rapport.stores.ledger.errors import BadBody
from rapport.stores.ledger.rules import bodies

TITLES = {
    400: "The request cannot be read",
    401: "Sign in with a token",
    403: "Not allowed",
    405: "This method does not exist here",
    411: "How long it is must be said",
    413: "Too large",
    415: "This media type is not understood",
    422: "Nothing of this can be accepted",
    429: "Too many requests",
    503: "Not ready",
}


def problem(
    status: int, detail: str, *, errors: Sequence[Any] = (), headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return HttpResponse(
        msgspec.json.encode({**body, **more}),
        status=status,
        content_type="application/problem+json",
        headers=dict(headers or {}),
    )


def answer(status: int, body: Any) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json")


def body_of(request: HttpRequest, *, largest: int = bodies.LARGEST_BODY) -> bytes:
    """The bytes of the request, unpacked. Errors: BadBody (400, 413, 415), before more than that was read."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BadBody("The length of the body is no number.") from None
    if length > largest:
        raise bodies.too_large()
    if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise BadBody("Send the length of the body (Content-Length).", 411)
    try:
        data = request.read(largest + 1)
    except OSError:
        raise BadBody("The body could not be read to its end.") from None
    if len(data) > largest:
        raise bodies.too_large()
    if len(data) < length:
        raise BadBody("The body ends too early.")
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        return bodies.gunzipped(data)
    if encoding not in ("", "identity"):
        raise BadBody("Send the body plain or packed with gzip.", 415)
    return data
