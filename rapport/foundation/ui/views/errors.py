"""Pages for when something went wrong: what happened, what is safe, what to do. Never a traceback."""

from __future__ import annotations

import sys
from functools import cache

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language, gettext, override
from psycopg.errors import QueryCanceled

from rapport.foundation.workspace.errors import Conflict


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, gettext("This request can't be read"))


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, gettext("Your role does not include this"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403, gettext("The form is no longer valid"), template="403_csrf.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, gettext("There is nothing here"))


def conflict(request: HttpRequest, exception: Conflict) -> HttpResponse:
    return _page(request, 409, gettext("Somebody changed this meanwhile"), template="ui/errors/409.html")


def is_too_slow(error: BaseException | None) -> bool:
    """Whether the database gave up on a statement because it took too long."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled)


def too_slow(request: HttpRequest) -> HttpResponse:
    """Drawn without a query: those of the shell would come on top."""
    if _wants_json(request):
        return _problem(503, gettext("This takes too long"))
    return HttpResponse(_standalone("503_slow.html", get_language() or "en"), status=503)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when the database is what is missing. Drawn without a query and without the shell."""
    error = sys.exc_info()[1]
    if is_too_slow(error):
        return too_slow(request)
    gone = isinstance(error, OperationalError | InterfaceError)
    status = 503 if gone else 500
    title = gettext("Rapport can't reach its database") if gone else gettext("Something went wrong on our side")
    if _wants_json(request):
        return _problem(status, title)
    language = get_language() or "en"
    return HttpResponse(
        _standalone(f"{status}.html", language), status=status, headers={"Retry-After": "10"} if gone else {}
    )


def _page(request: HttpRequest, status: int, title: str, *, template: str = "") -> HttpResponse:
    if _wants_json(request):
        return _problem(status, title)
    html = render_to_string(template or f"{status}.html", {"title": title}, request=request)
    return HttpResponse(html, status=status)


@cache
def _standalone(template: str, language: str) -> str:
    with override(language):
        return render_to_string(template)


def _wants_json(request: HttpRequest) -> bool:
    """Programs get the same news as JSON."""
    preferred = request.get_preferred_type(["text/html", "application/json", "application/problem+json"])
    return request.path_info.startswith("/api/") or preferred not in ("text/html", None)


def _problem(status: int, title: str) -> JsonResponse:
    problem = {"type": "about:blank", "title": title, "status": status}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
