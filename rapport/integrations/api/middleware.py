"""The gate of the API: token, rate limit and Idempotency-Key for everything below /api/v1/, before any resource is asked.

POST /api/v1/touchpoints has a gate of its own, because it is built for speed; see stores.ledger.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from rapport.foundation.workspace.errors import RapportError
from rapport.foundation.workspace.services import tokens
from rapport.integrations.api.idempotency import idempotent
from rapport.integrations.api.problems import answer_rapport_error, problem

PREFIX = "/api/v1/"
OPEN = {"/api/v1/openapi.json"}
INGESTION = "/api/v1/touchpoints"
LARGEST_BODY = 16 * 1024 * 1024


class ApiGate:
    """Sets request.workspace, request.actor and request.token, or answers with a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.answer = idempotent(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.startswith(PREFIX) or path in OPEN or (path.rstrip("/") == INGESTION and request.method == "POST"):
            return self.get_response(request)
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        granted = tokens.authenticate(raw.strip()) if scheme.lower() == "bearer" else None
        if granted is None:
            return problem(
                401,
                "Send the header Authorization: Bearer <token>. Tokens are made under Settings, API tokens.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        wait_seconds = tokens.spend(granted.token)
        if wait_seconds:
            return problem(
                429, "This token has used up its requests for now.", headers={"Retry-After": str(wait_seconds)}
            )
        if granted.actor.only_reads and request.method not in ("GET", "HEAD", "OPTIONS"):
            return problem(403, "This token may only read.")
        vars(request).update(workspace=granted.workspace, actor=granted.actor, token=granted.token)
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # no cookie is read here
        try:
            response = self.answer(request)
        except RapportError as error:
            response = answer_rapport_error(request, error)
        return response
