"""POST /api/v1/touchpoints: one touch point or thousands. A plain view: what a framework adds costs more than the work.

`202` is answered after the commit and never before; whatever was not answered can be sent again.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence

import msgspec
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from rapport.foundation.accounts.tenancy import enter
from rapport.foundation.workspace.errors import Conflict, NotAllowed
from rapport.foundation.workspace.services import tokens
from rapport.stores.ledger.errors import BadBody
from rapport.stores.ledger.rules import bodies
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import Outcome, Status
from rapport.stores.ledger.views.answers import answer, body_of, problem

SOURCE = "api"  # of items that name none
JSON_TYPES = frozenset({"", "application/json"})
LINES_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
REMEMBERED_SECONDS = 1.0  # a revoked token is turned away at the latest after this
MOST_REMEMBERED = 1_000
_remembered: dict[str, tuple[tokens.Bearer, float]] = {}
_log = logging.getLogger(__name__)


class Answer(msgspec.Struct):
    created: int
    duplicate: int
    refused: int
    results: Sequence[Outcome]


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    """Append what was sent, and answer item by item."""
    if request.method != "POST":
        return problem(405, "Send touch points with POST.", headers={"Allow": "POST"})
    try:
        return _receive(request)
    except BadBody as error:
        return problem(error.status, error.reason)
    except NotAllowed as error:
        return problem(403, str(error))
    except Conflict as error:
        return problem(503, str(error), headers={"Retry-After": "1"})
    except DatabaseError:
        _log.exception("Touch points could not be stored.")
        return problem(
            503,
            "The database cannot take this now. Nothing of it was stored; send it again.",
            headers={"Retry-After": "5"},
        )


def _receive(request: HttpRequest) -> HttpResponse:
    scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    bearer = _bearer(raw.strip()) if scheme.lower() == "bearer" else None
    if bearer is None:
        return problem(
            401,
            "Send the header Authorization: Bearer <token>. Tokens are made under Settings, API tokens.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    wait_seconds = tokens.spend(bearer.token)
    if wait_seconds:
        return problem(429, "This token has used up its requests for now.", headers={"Retry-After": str(wait_seconds)})
    media_type = (request.META.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES and media_type not in LINES_TYPES:
        return problem(415, "Send application/json, or application/x-ndjson with one object a line.")
    read = bodies.read(body_of(request), lines=media_type in LINES_TYPES)
    outcomes = append(actor=bearer.actor, items=read.items, source=SOURCE, own_sources=False)
    counts = Counter(outcome.status for outcome in outcomes)
    if outcomes and counts[Status.REFUSED] == len(outcomes):
        return problem(
            422,
            "Mend what errors names and send it again.",
            errors=_errors(read, outcomes),
            results=[] if read.single else outcomes,
        )
    found = Answer(counts[Status.CREATED], counts[Status.DUPLICATE], counts[Status.REFUSED], outcomes)
    return answer(202, found)


def _bearer(raw: str) -> tokens.Bearer | None:
    """Whose token it is. Remembered for a second, because reading it costs as much as storing a touch point does."""
    now = time.monotonic()
    remembered = _remembered.get(raw)
    if remembered and now - remembered[1] < REMEMBERED_SECONDS:
        enter(remembered[0].workspace)
        return remembered[0]
    bearer = tokens.authenticate(raw)
    if bearer is not None:
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[raw] = (bearer, now)
    return bearer


def forget_bearers() -> None:
    """Ask for every token anew (tests)."""
    _remembered.clear()


def _errors(read: bodies.Read, outcomes: Sequence[Outcome]) -> list[dict[str, str]]:
    """All problems with pointers into what was sent."""
    return [
        {
            "pointer": problem.pointer if read.single else f"{read.pointer}/{index}{problem.pointer}",
            "message": problem.reason,
        }
        for index, outcome in enumerate(outcomes)
        for problem in outcome.problems
    ]
