"""Every request begins in the public schema; only EnterWorkspace leads into a workspace."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from rapport.foundation.accounts import schemas


class PublicSchema:
    """Sets the public schema before a request and again after it, so that no connection keeps a workspace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        schemas.leave()
        try:
            return self.get_response(request)
        finally:
            schemas.leave()
