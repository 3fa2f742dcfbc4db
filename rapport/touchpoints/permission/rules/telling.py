"""Evidence in a line, for the history of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from rapport.touchpoints.permission.extension_points import channels, purposes
from rapport.touchpoints.permission.types import Status


def consent_line(held: Mapping[str, Any] | None) -> str:
    """ "Granted: offers and news, by e-mail"."""
    if not held:
        return ""
    purpose = purposes.get(held["purpose"])
    channel = channels.get(held["channel"])
    return _("%(status)s: %(purpose)s, %(channel)s") % {
        "status": Status(held["status"]).label,
        "purpose": purpose.label if purpose else held["purpose"] or _("everything but service"),
        "channel": channel.by if channel else _("by every channel"),
    }
