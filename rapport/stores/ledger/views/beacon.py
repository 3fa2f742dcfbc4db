"""The beacon: its script, and where it sends to. Open to everyone, so it answers nothing but whether it was heard."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from rapport.foundation.lib import clock
from rapport.stores.ledger.errors import BadBody
from rapport.stores.ledger.rules import beats, origins
from rapport.stores.ledger.services import limits, write_keys
from rapport.stores.ledger.views.answers import body_of, problem

SCRIPT = Path(__file__).resolve().parents[1] / "static" / "ledger" / "beacon.js"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INDENT = re.compile(r"\s*\n\s*")


@cache
def served_script() -> tuple[bytes, str]:
    """The script without comments and indentation, and its tag."""
    text = _INDENT.sub("\n", _COMMENT.sub("", SCRIPT.read_text())).strip() + "\n"
    return text.encode(), f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """One script for every website; an hour in caches, so that a mend reaches all of them soon."""
    body, tag = served_script()
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=3600",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body, content_type="text/javascript; charset=utf-8", headers=headers)


@csrf_exempt
def collect(request: HttpRequest, key: str) -> HttpResponse:
    """Append what the beacon sends: 204 once it is committed. Says nothing of anybody, whatever is sent."""
    origin = request.headers.get("Origin", "")
    if request.method not in ("POST", "OPTIONS"):
        return problem(405, "The beacon sends with POST.", headers={"Allow": "POST, OPTIONS"})
    try:
        website = write_keys.website_of(key)
        if website is None or not origins.is_allowed(origin, website.allowed_origins):
            return problem(403, "This key does not write from this website.")
        response = HttpResponse(status=204) if request.method == "OPTIONS" else _collect(request, website)
    except BadBody as error:
        response = problem(error.status, error.reason)
    except DatabaseError:
        response = problem(503, "Not now. Send it again.", headers={"Retry-After": "10"})
    return _let_read(response, origin)


def _collect(request: HttpRequest, website: write_keys.Website) -> HttpResponse:
    now = clock.now()
    wait_seconds = limits.of_address.spend(f"{website.id}/{_address(request)}", now) or limits.of_key.spend(
        str(website.id), now
    )
    if wait_seconds:
        return problem(429, "Too many at once.", headers={"Retry-After": str(wait_seconds)})
    beat = beats.read(body_of(request, largest=beats.LARGEST))
    if not beats.is_bot(request.headers.get("User-Agent", "")):
        write_keys.collect(website=website, beat=beat)
    return HttpResponse(status=204)


def _let_read(response: HttpResponse, origin: str) -> HttpResponse:
    """CORS for this one website. sendBeacon always sends in credentials mode, though no cookie of ours is ever read here."""
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Allow-Credentials"] = "true"
    response["Access-Control-Expose-Headers"] = "Retry-After"
    response["Vary"] = "Origin"
    response["Cache-Control"] = "no-store"
    if response.status_code == 204:
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = "Content-Type"
        response["Access-Control-Max-Age"] = "86400"
    return response


def _address(request: HttpRequest) -> str:
    """Whose allowance is used; never stored. Behind our own proxy the last entry is the one it wrote."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return str(request.headers.get("X-Forwarded-For", "")).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
