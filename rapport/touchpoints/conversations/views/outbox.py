"""The outbox: what became of every message, and what can be done with those that have not left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from rapport.foundation.ui.render import redirect, render, toast, wants_fragment
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.touchpoints.conversations.errors import TooLate
from rapport.touchpoints.conversations.queries import outbox as queries
from rapport.touchpoints.conversations.services import outbox
from rapport.touchpoints.conversations.types import State

LIST, DETAIL = "conversations/outbox/list.html", "conversations/outbox/detail.html"


@require_safe
def messages(request: WorkspaceRequest) -> HttpResponse:
    return render(request, LIST, _context(request), partial="outbox")


@require_safe
def message(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    found = queries.get_written(actor=request.actor, message_id=message_id)
    return render(request, DETAIL, {"written": found, "line": found.line})


@require_POST
def cancel(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    return _act(
        request,
        lambda: outbox.cancel(actor=request.actor, message_id=message_id),
        gettext("Taken back. It was not sent."),
    )


@require_POST
def pause(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    return _act(
        request, lambda: outbox.pause(actor=request.actor, message_id=message_id, paused=True), gettext("It waits.")
    )


@require_POST
def resume(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    return _act(
        request,
        lambda: outbox.pause(actor=request.actor, message_id=message_id, paused=False),
        gettext("It leaves when its turn comes."),
    )


@require_POST
def arrived(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    return _act(
        request,
        lambda: outbox.settle(actor=request.actor, message_id=message_id, arrived=True),
        gettext("Settled: it arrived."),
    )


@require_POST
def not_sent(request: WorkspaceRequest, message_id: UUID) -> HttpResponse:
    return _act(
        request,
        lambda: outbox.settle(actor=request.actor, message_id=message_id, arrived=False),
        gettext("Settled: it did not leave. Write it again if it should."),
    )


def _act(request: WorkspaceRequest, act: Callable[[], object], said: str) -> HttpResponse:
    """Do it, and answer with the list. Too late is no error of the person's: the list says how things stand."""
    try:
        act()
    except TooLate as error:
        said = str(error)
    if wants_fragment(request):
        return toast(render(request, LIST, _context(request), partial="outbox"), said)
    return redirect(request, reverse("conversations:outbox"), toast=said)


def _context(request: WorkspaceRequest) -> dict[str, Any]:
    asked = {name: request.GET.get(name, "") for name in ("state", "mine")}
    mine = asked["mine"] == "1"
    page = queries.outbox_page(actor=request.actor, state=asked["state"], mine=mine, after=request.GET.get("after", ""))
    here = reverse("conversations:outbox")
    kept = {name: value for name, value in asked.items() if value}
    return {
        "page": page,
        "state": asked["state"],
        "mine": mine,
        "states": [(state, page.counts.get(state, 0)) for state in State],
        "following": f"{here}?{urlencode({**kept, 'after': page.following})}" if page.following else "",
        "with_mine": "&mine=1" if mine else "",
        "is_first": not request.GET.get("after"),
    }
