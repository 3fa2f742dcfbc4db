"""Every request begins in the public schema; only EnterWorkspace leads into a workspace."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from rapport.foundation.accounts.tenancy import enter_public

Next = Callable[[HttpRequest], HttpResponse]

SEEN_KEY = "seen"
SEEN_EVERY_SECONDS = 300


class PublicSchema:
    """Sets the public schema before a request and again after it, so that no connection keeps a workspace."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        enter_public()
        try:
            return self.get_response(request)
        finally:
            enter_public()


class Person:
    """Speaks the language and keeps the time of whoever is signed in, and notes every few minutes that they are here."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        self._note_activity(request)
        with ExitStack() as stack:
            if user.language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
                stack.enter_context(translation.override(user.language))
            if user.timezone:
                stack.enter_context(timezone.override(user.timezone))
            response = self.get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response.render()
            return response

    def _note_activity(self, request: HttpRequest) -> None:
        """allauth would write its row on every request; the page of sessions needs no such precision."""
        now = int(time.time())
        if request.session.session_key and now - request.session.get(SEEN_KEY, 0) >= SEEN_EVERY_SECONDS:
            UserSession.objects.create_from_request(request)
            request.session[SEEN_KEY] = now
