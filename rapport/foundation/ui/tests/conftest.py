"""Requests as the shell sees them, without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.urls import set_script_prefix, set_urlconf
from django_htmx.middleware import HtmxDetails

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.lib.registry import Registry
from rapport.foundation.ui import extension_points
from rapport.foundation.ui.templatetags.ui import KeptNode
from rapport.foundation.ui.tests.actors import make_actor
from rapport.foundation.workspace.types import Actor


@pytest.fixture
def page(rf: RequestFactory, empty_registries: None) -> Iterator[Callable[..., Any]]:
    """A request inside the workspace Kestrel, by somebody who may do everything unless told otherwise."""

    def make(path: str = "/w/kestrel/find", *, actor: Actor | None = None, data: Any = None, **headers: str) -> Any:
        request: Any = rf.get(path, data, headers=headers)
        request.htmx = HtmxDetails(request)
        request.workspace = Workspace(name="Kestrel Cargo Bikes", slug="kestrel")
        request.actor = actor or make_actor()
        request.urlconf = "rapport.config.workspace_urls"
        return request

    set_script_prefix("/w/kestrel/")
    set_urlconf(settings.WORKSPACE_URLCONF)
    yield make
    set_script_prefix("/")
    set_urlconf(None)


@pytest.fixture
def empty_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extension points as they are before any app filled them, and nothing drawn of them."""
    monkeypatch.setattr(KeptNode, "drawn", {})
    for name in ("menu", "menu_sections", "quick_create", "commands", "settings_pages", "account_links", "pinned"):
        monkeypatch.setattr(extension_points, name, Registry(name))
