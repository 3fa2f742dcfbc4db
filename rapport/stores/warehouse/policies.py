"""Who may look after the warehouse: those who look after where touch points come from."""

from __future__ import annotations

from django.utils.translation import gettext

from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Actor, Power


def require_keeper(actor: Actor) -> None:
    if not actor.has(Power.MANAGE_SOURCES):
        raise NotAllowed(gettext("Your role does not let you look after the warehouse."))
