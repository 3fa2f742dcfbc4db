"""How long one statement of a page may take. Only requests come by here: the worker and commands take their time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

READING = frozenset({"GET", "HEAD"})
_REMEMBERED = "_rapport_statement_timeout"


class PageTimeout:
    """Has PostgreSQL give up on a statement of a request that only reads. What is being written is never cut short.

    A connection keeps what it was told last, so most requests tell it nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        seconds = settings.PAGE_TIMEOUT_SECONDS if request.method in READING else 0
        connection.close_if_health_check_failed()  # or it would be found dead, and replaced, only after this
        connection.ensure_connection()
        session: Any = connection.connection
        if getattr(session, _REMEMBERED, 0) != seconds:
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, false)", [f"{int(seconds * 1000)}ms"])
            setattr(session, _REMEMBERED, seconds)
        return self.get_response(request)
