"""Puts the floors together: each app's hooks fill the extension points of the floors below, then those are closed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

_composed: list[bool] = []


def compose() -> None:
    """Import every installed app's hooks module, in the order of the floors, once."""
    if _composed:
        return
    _composed.append(True)
    for app in settings.INSTALLED_APPS:
        name = f"{app}.hooks"
        if app.startswith("rapport.") and find_spec(name):
            import_module(name)
