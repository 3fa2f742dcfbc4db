"""`Idempotency-Key`: the same key with the same request gets the first answer again; with another request, a refusal.

The key is claimed in a transaction of its own before the work, and released when the work fails, so a crash in between
leaves a claim that says "still at work" for at most an hour.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from rapport.foundation.lib import clock
from rapport.integrations.api.models import KeptAnswer
from rapport.integrations.api.problems import problem

KEPT_FOR = timedelta(days=1)
STUCK_AFTER = timedelta(hours=1)
View = Callable[..., HttpResponse]


def idempotent(view: View) -> View:
    """For the API's entry: applies to every request that writes and carries the header."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "").strip()
        token = getattr(request, "token", None)
        if not key or token is None or request.method in ("GET", "HEAD", "OPTIONS"):
            return view(request, *args, **kwargs)
        if request.content_type == "multipart/form-data":
            return problem(400, "Uploads take no Idempotency-Key: an upload alone changes no record.")
        if len(key) > 200:
            return problem(400, "An Idempotency-Key has at most 200 characters.")
        asked = hashlib.sha256(
            b"\0".join([str(request.method).encode(), request.get_full_path().encode(), request.body])
        )
        kept = _claim(token.id, key, asked.hexdigest())
        if kept is not None:
            return _repeat(kept, asked.hexdigest())
        mine = KeptAnswer.objects.filter(token_id=token.id, key=key)
        try:
            response = view(request, *args, **kwargs)
        except BaseException:
            mine.delete()
            raise
        if response.status_code >= 500 or response.status_code == 429:
            mine.delete()
        else:
            mine.update(status=response.status_code, body=response.content)
        return response

    return wrapped


def _claim(token_id: Any, key: str, request_hash: str) -> KeptAnswer | None:
    """None when the key is ours now, else what was kept under it."""
    now = clock.now()
    KeptAnswer.objects.filter(token_id=token_id, key=key, created_at__lt=now - KEPT_FOR).delete()
    KeptAnswer.objects.filter(token_id=token_id, key=key, status=None, created_at__lt=now - STUCK_AFTER).delete()
    try:
        with transaction.atomic():
            KeptAnswer.objects.create(token_id=token_id, key=key, request_hash=request_hash, created_at=now)
    except IntegrityError:
        return KeptAnswer.objects.filter(token_id=token_id, key=key).first()
    return None


def _repeat(kept: KeptAnswer, request_hash: str) -> HttpResponse:
    if kept.request_hash != request_hash:
        return problem(422, "This Idempotency-Key was used for another request.")
    if kept.status is None:
        return problem(
            409, "The first request with this Idempotency-Key is still at work.", headers={"Retry-After": "2"}
        )
    response = HttpResponse(bytes(kept.body), status=kept.status, content_type="application/json")
    response["Idempotency-Replayed"] = "true"
    return response
