"""A site without a database for browser tests: the style guide and what its components talk to."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponseServerError
from django.middleware.locale import LocaleMiddleware
from django.test import RequestFactory
from django.urls import set_script_prefix, set_urlconf
from django_htmx.middleware import HtmxDetails

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.ui.middleware import SecurityHeaders
from rapport.foundation.ui.render import render, saved, toast
from rapport.foundation.ui.tests.actors import make_actor
from rapport.foundation.ui.views import components, find, preferences

SAVED_CELL = (
    '<td class="r-cell r-saved d-none d-md-table-cell" id="cell-1"><button type="button" class="r-cell-b" data-edit'
    ' hx-get="?part=cell&amp;row=1" hx-target="closest td" aria-label="Owner {0}, change">{0}</button></td>'
)


def style_guide(request: Any) -> HttpResponse:
    if request.method == "GET":
        return components.components(request)
    if request.GET.get("part") == "cell":
        owner = request.POST["owner"]
        return toast(HttpResponse(SAVED_CELL.format(owner)), f"Owner changed to {owner}.", "/w/kestrel/undo")
    form = components.Sample(request.POST, auto_id="sheet_%s")
    if form.is_valid():
        return saved(request, "/w/kestrel/components", toast="Customer added.")
    return render(request, "ui/components.html", {"sheet_form": form, "rows": []}, partial="sheet", status=422)


def feed(request: HttpRequest) -> HttpResponse:
    after = int(request.GET.get("after", "0"))
    return HttpResponse(f'<li data-id="{after + 1}">Touch point {after + 1}</li>')


ROUTES: dict[str, Callable[[Any], HttpResponse]] = {
    "/w/kestrel/components": style_guide,
    "/w/kestrel/find": find.find,
    "/w/kestrel/undo": lambda request: toast(HttpResponse(status=204), "Undone."),
    "/w/kestrel/broken": lambda request: HttpResponseServerError("<h1>Traceback</h1>"),
    "/w/kestrel/feed": feed,
    "/appearance": preferences.appearance,
    "/language": preferences.language,
}


def answer(request: Any) -> HttpResponse:
    path = request.path
    if path.startswith(settings.STATIC_URL):
        found = finders.find(path.removeprefix(settings.STATIC_URL))
        if not isinstance(found, str):
            return HttpResponseNotFound()
        kind = mimetypes.guess_type(found)[0]
        return HttpResponse(Path(found).read_bytes(), content_type=kind)
    if path not in ROUTES:
        return HttpResponseNotFound()
    request.htmx = HtmxDetails(request)
    request._messages = CookieStorage(request)
    request.workspace = Workspace(name="Kestrel Outdoor", slug="kestrel")
    request.actor = make_actor()
    set_script_prefix("/w/kestrel/")
    set_urlconf(settings.WORKSPACE_URLCONF)
    return LocaleMiddleware(lambda asked: ROUTES[path](asked))(request)  # type: ignore[return-value]  # nothing here is awaited


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        request = RequestFactory().generic(
            self.command,
            self.path,
            self.rfile.read(length),
            content_type=self.headers.get("Content-Type", ""),
            headers=dict(self.headers),
        )
        response = SecurityHeaders(answer)(request)
        self.send_response(response.status_code)
        for name, value in response.items():
            self.send_header(name, value)
        for morsel in response.cookies.values():
            self.send_header("Set-Cookie", morsel.OutputString())
        self.send_header("Content-Length", str(len(response.content)))
        self.end_headers()
        self.wfile.write(response.content)

    do_POST = do_GET  # noqa: N815  # the name is the standard library's

    def log_message(self, *_: Any) -> None:
        """Tests say enough."""


@contextmanager
def served() -> Iterator[str]:
    """The address of the site, for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
