"""The customer's side: their choices, one-click unsubscribing, confirming. Open to everyone who holds a signed link.

A page that is only looked at changes nothing, because mail programs open links by themselves. No answer tells a made-up
link from one that is over. Links are secrets: what is answered is never kept in a cache, and no error page is logged
with its path.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from rapport.foundation.lib import clock
from rapport.foundation.ui.render import redirect, render, toast, wants_fragment
from rapport.foundation.workspace.errors import NotFound
from rapport.stores.ledger.services.limits import Buckets
from rapport.touchpoints.permission.errors import BadLink
from rapport.touchpoints.permission.queries.preferences import PAUSE_DAYS, choices_of, language_of, languages
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.rules.links import LinkKind
from rapport.touchpoints.permission.services import links, opt_in, preferences
from rapport.touchpoints.permission.services.preferences import Wish
from rapport.touchpoints.permission.types import Source

PAGE, UNSUBSCRIBE, CONFIRM, GONE = (
    f"permission/preferences/{name}.html" for name in ("choices", "unsubscribe", "confirm", "gone")
)
of_address = Buckets(60)
of_link = Buckets(120)
MOST_SWITCHES = 500
View = Callable[..., HttpResponse]


def _public(kind: LinkKind) -> Callable[[View], View]:
    """Opens the link, counts, and answers alike whatever is wrong."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, token: str) -> HttpResponse:
            now = clock.now()
            # Mail programs unsubscribe from few addresses for all their people: there only the link counts.
            by_address = 0 if kind is LinkKind.UNSUBSCRIBE else of_address.spend(_address(request), now)
            wait_seconds = by_address or of_link.spend(token[:200], now)
            if wait_seconds:
                response = render(request, GONE, {"too_many": True}, status=429)
                response.headers["Retry-After"] = str(wait_seconds)
                return _quiet(response)
            try:
                link = links.open_link(token, kind)
                with translation.override(_language(request, link)):
                    return _quiet(view(request, link, token))
            except (BadLink, NotFound):
                return _quiet(render(request, GONE, {}, status=404))

        return answer

    return decorate


@require_http_methods(["GET", "HEAD", "POST"])
@_public(LinkKind.PREFERENCES)
def choices(request: HttpRequest, link: Any, token: str) -> HttpResponse:
    """All choices on one page; the form is sent whole whenever a switch is turned."""
    language = translation.get_language() or "en"
    if request.method == "POST":
        given = request.POST
        often = given.get("often", "")
        changed = preferences.decide(
            customer_id=link.customer_id,
            wish=Wish(
                on=frozenset(given.getlist("on")[:MOST_SWITCHES]),
                often=int(often) if often in ("0", "7", "30") else None,
                pause=given.get("pause") == "1",
                language=given.get("language") if given.get("language") in dict(settings.LANGUAGES) else None,
                wordings={
                    name.removeprefix("shown:"): str(value)
                    for name, value in given.items()
                    if name.startswith("shown:")
                },
            ),
            language=language,
            house=_house(),
            address=_address(request),
        )
        said = _("Saved. It counts from now on.") if changed else _("Nothing changed.")
        if not wants_fragment(request):
            return redirect(request, request.path, toast=said)
        with translation.override(_language(request, link)):
            return toast(_choices(request, link, translation.get_language() or language), said)
    return _choices(request, link, language)


@csrf_exempt  # mail programs send this by themselves (RFC 8058); the signed link is what proves the right to
@require_http_methods(["GET", "HEAD", "POST"])
@_public(LinkKind.UNSUBSCRIBE)
def unsubscribe(request: HttpRequest, link: Any, token: str) -> HttpResponse:
    """One click. Looking at the page changes nothing."""
    if request.method == "POST":
        by_program = request.POST.get("List-Unsubscribe", "") == "One-Click" and "page" not in request.POST
        preferences.unsubscribe(
            link=link, address=_address(request), source=Source.HEADER if by_program else Source.PREFERENCES
        )
        if by_program:
            return HttpResponse(status=200, content_type="text/plain")
    context = {"done": request.method == "POST", "purpose": _purpose(link.purpose), "house": _house()}
    if request.method == "POST":
        context["choices_url"] = links.preferences_url(customer_id=link.customer_id)
    return render(request, UNSUBSCRIBE, context)


@require_http_methods(["GET", "HEAD", "POST"])
@_public(LinkKind.CONFIRM)
def confirm(request: HttpRequest, link: Any, token: str) -> HttpResponse:
    """Say yes to what was asked by mail. Looking at the page changes nothing."""
    rows = opt_in.requested(link)
    if not rows:
        raise BadLink
    purposes = [label for row in rows if (label := _purpose(row.purpose))]
    context: dict[str, Any] = {"purposes": purposes, "house": _house(), "done": request.method == "POST"}
    if request.method == "POST":
        opt_in.confirm(link=link, address=_address(request))
        context["choices_url"] = links.preferences_url(customer_id=link.customer_id)
    return render(request, CONFIRM, context)


def _choices(request: HttpRequest, link: Any, language: str) -> HttpResponse:
    found = choices_of(link.customer_id, language=language, house=_house())
    context = {
        "choices": found,
        "languages": languages(),
        "language": found.customer.language or language,
        "house": _house(),
        "pause_days": PAUSE_DAYS,
    }
    return render(request, PAGE, context, partial="prefs")


def _purpose(name: str) -> Any:
    return next((one.label for one in all_purposes(retired=True) if one.name == name), "")


def _house() -> str:
    return str(getattr(getattr(connection, "tenant", None), "name", "")) or "Rapport"


def _language(request: HttpRequest, link: Any) -> str:
    """The customer's own, else what the browser asks for."""
    known = language_of(link.customer_id)
    return known if known in dict(settings.LANGUAGES) else translation.get_language_from_request(request)


def _address(request: HttpRequest) -> str:
    """Whose answer it is, kept as proof. Behind our own proxy the last entry is the one it wrote."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return str(request.headers.get("X-Forwarded-For", "")).rpartition(",")[2].strip()[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _quiet(response: HttpResponse) -> HttpResponse:
    """Kept by nobody, passed on to nobody, and not written into the log with its path."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    vars(response)["_has_been_logged"] = True
    return response
