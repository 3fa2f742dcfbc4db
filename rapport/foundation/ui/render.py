"""Answers of views: a page or its fragment, a note that something was done, a way onward.

return render(request, "customers/customers/list.html", context, partial="list")
return redirect(request, reverse("customers:list"), toast=_("Customer added."), undo_url=undo)
return toast(render(request, …, partial="cell"), _("Owner changed to Noor."), undo_url=undo)
return saved(request, url, toast=_("Saved."))        # after a form that may sit in the side dialog
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render as _render
from django.utils.cache import patch_vary_headers

Response = TypeVar("Response", bound=HttpResponseBase)
DIALOG_HEADER = "Rapport-Dialog"
_VARY = ("HX-Request", "HX-Request-Type", "HX-History-Restore-Request", DIALOG_HEADER)


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a part of the page. Boosted and history-restoring requests want all of it."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request or htmx.request_type == "full")


def in_dialog(request: HttpRequest) -> bool:
    """Whether the answer goes into the side dialog."""
    return wants_fragment(request) and request.headers.get(DIALOG_HEADER) == "true"


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its named partial when htmx asks for a part."""
    name = f"{template}#{partial}" if partial and wants_fragment(request) else template
    response = _render(request, name, dict(context or {}), status=status)
    patch_vary_headers(response, _VARY)
    return response


def trigger(response: Response, event: str, detail: Any = True) -> Response:
    """Have the page fire an event once the answer has arrived."""
    events: dict[str, Any] = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**events, event: detail})
    return response


def toast(response: Response, text: str, undo_url: str = "") -> Response:
    """Tell what was done, with Undo where there is a way back. For answers to htmx."""
    return trigger(response, "toast", {"text": str(text), "undo_url": undo_url})


def note(request: HttpRequest, text: str, undo_url: str = "") -> None:
    """Tell it on the next full page instead."""
    messages.success(request, str(text), extra_tags=undo_url)


def redirect(request: HttpRequest, url: str, *, toast: str = "", undo_url: str = "") -> HttpResponse:
    """Lead to another page: 303, or HX-Redirect for htmx, which would otherwise swap that page into this one."""
    if toast:
        note(request, toast, undo_url)
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def saved(request: HttpRequest, url: str, *, toast: str = "", undo_url: str = "") -> HttpResponse:
    """A form was accepted. In the side dialog: close it and refresh the page behind; elsewhere: go on to `url`."""
    if not in_dialog(request):
        return redirect(request, url, toast=toast, undo_url=undo_url)
    response = trigger(HttpResponse(status=204), "saved", {"url": url})
    return _toast(response, toast, undo_url) if toast else response


_toast = toast  # `toast` is also the name of an argument above
