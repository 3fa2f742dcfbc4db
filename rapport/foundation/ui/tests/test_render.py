from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse

from rapport.foundation.ui.render import redirect, render, saved, toast, trigger

TEMPLATE = "ui/find.html"
CONTEXT = {"words": "marta", "groups": []}


@pytest.fixture
def asked(page: Callable[..., Any]) -> Callable[..., Any]:
    def make(**headers: str) -> Any:
        request = page(**headers)
        request._messages = CookieStorage(request)
        request.user = None
        return request

    return make


@pytest.mark.parametrize(
    ("headers", "is_fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Request-Type": "partial"}, True),
        ({"HX-Request": "true", "HX-Request-Type": "full"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_only_htmx_asking_for_a_part_gets_a_part(
    asked: Callable[..., Any], headers: dict[str, str], is_fragment: bool
) -> None:
    response = render(asked(**headers), TEMPLATE, CONTEXT, partial="palette-hits")

    assert (b"<html" not in response.content) is is_fragment
    assert "HX-Request" in response["Vary"]
    assert "HX-History-Restore-Request" in response["Vary"]


def test_a_refused_form_keeps_its_status(asked: Callable[..., Any]) -> None:
    assert render(asked(), TEMPLATE, CONTEXT, status=422).status_code == 422


def test_a_toast_joins_other_events() -> None:
    response = toast(trigger(HttpResponse(), "saved"), "Owner changed to “Noor”.", "/undo/7")

    assert json.loads(response["HX-Trigger"]) == {
        "saved": True,
        "toast": {"text": "Owner changed to “Noor”.", "undo_url": "/undo/7"},
    }
    assert response["HX-Trigger"].isascii()


def test_a_plain_form_is_led_on_with_303_and_a_note(asked: Callable[..., Any]) -> None:
    request = asked()

    response = redirect(request, "/w/kestrel/customers/", toast="Customer added.", undo_url="/undo/7")

    assert (response.status_code, response["Location"]) == (303, "/w/kestrel/customers/")
    assert [(str(note), note.extra_tags) for note in get_messages(request)] == [("Customer added.", "/undo/7")]


def test_htmx_is_told_to_go_there_itself(asked: Callable[..., Any]) -> None:
    response = redirect(asked(**{"HX-Request": "true"}), "/w/kestrel/customers/")

    assert (response.status_code, response["HX-Redirect"]) == (204, "/w/kestrel/customers/")


def test_the_side_dialog_closes_when_its_form_was_saved(asked: Callable[..., Any]) -> None:
    request = asked(**{"HX-Request": "true", "Rapport-Dialog": "true"})

    response = saved(request, "/w/kestrel/customers/7", toast="Saved.")

    assert response.status_code == 204
    assert json.loads(response["HX-Trigger"]) == {
        "saved": {"url": "/w/kestrel/customers/7"},
        "toast": {"text": "Saved.", "undo_url": ""},
    }
    assert not list(get_messages(request))
