"""Liveness and readiness, answered before sessions and workspaces, so that they work when the database is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from rapport.launch.snapshot import recorded_fingerprint

LEAST_FREE_BYTES = 200 * 1024 * 1024


class HealthMiddleware:
    """`/healthz`: this process answers. `/readyz`: it can do its work; else 503 with the reason in plain words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "alive"})
        if request.path == "/readyz":
            problems = readiness_problems()
            return JsonResponse(
                {"status": "not ready" if problems else "ready", "problems": problems}, status=503 if problems else 200
            )
        return self.get_response(request)


def readiness_problems() -> list[str]:
    """What keeps this process from serving, in sentences; empty when it is ready."""
    problems = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        if recorded_fingerprint(connection) is None:
            problems.append("The database is not set up: run `rapport db migrate`.")
    except DatabaseError:
        problems.append("The database does not answer.")
    try:
        if shutil.disk_usage(settings.HOME).free < LEAST_FREE_BYTES:
            problems.append("Less than 200 MB of disk space are left.")
    except OSError:
        problems.append("The data folder cannot be read.")
    return problems
