"""Headers that keep pages safe, and answers to errors of our own that need no view."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url

from rapport.foundation.ui.views import errors
from rapport.foundation.workspace.errors import Conflict, NotAllowed, NotFound

logger = logging.getLogger(__name__)
Next = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # widths of meters and the like; an attribute can't run anything
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
}


class SecurityHeaders:
    """Sets the headers unless the view has set its own."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class Compress(GZipMiddleware):
    """Compresses pages and our own style sheets and scripts on their way out.

    The ETag stays as it is: WhiteNoise compares it letter by letter, so a weakened one would never answer 304.
    """

    KINDS = ("text/html", "text/css", "text/plain", "text/csv", "text/javascript", "application/json", "image/svg+xml")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith(self.KINDS):
            return response
        etag = response.headers.get("ETag")
        compressed = super().process_response(request, response)
        if etag:
            compressed.headers["ETag"] = etag
        return compressed


class PlainErrors:
    """Turns the errors that services and queries raise into pages. Place it innermost, after EnterWorkspace."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotFound):
            return errors.not_found(request, exception)
        if isinstance(exception, NotAllowed):
            return errors.not_allowed(request, exception)
        if isinstance(exception, Conflict):
            return errors.conflict(request, exception)
        if errors.is_too_slow(exception):
            logger.warning("A statement took too long: %s", request.get_full_path())
            return errors.too_slow(request)
        return None


class SignInAgain:
    """Leads the whole page to the sign-in page when a session ended; htmx would swap that page into a list."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in (301, 302, 303) and request.headers.get("HX-Request") == "true":
            sign_in = resolve_url(settings.LOGIN_URL)
            if response.headers.get("Location", "").partition("?")[0] == sign_in:
                back = request.htmx.current_url_abs_path or "/" if hasattr(request, "htmx") else "/"
                return HttpResponse(status=204, headers={"HX-Redirect": f"{sign_in}?{urlencode({'next': back})}"})
        return response
