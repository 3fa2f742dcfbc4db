"""Who may have an account and open a workspace on this installation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from rapport.foundation.accounts.models import Invitation, User, Workspace
from rapport.foundation.lib import clock

INVITATION_KEY = "invitation"  # in the session: the hash of the invitation that the visitor came with


def nobody_yet() -> bool:
    """Whether this installation waits for its first person."""
    return not User.objects.exists()


def may_sign_up(request: HttpRequest) -> bool:
    """The first person, anyone when sign-up is open, otherwise those who hold an invitation."""
    if settings.OPEN_SIGNUP or nobody_yet():
        return True
    held = request.session.get(INVITATION_KEY, "")
    return bool(held) and Invitation.objects.open(clock.now()).filter(secret_hash=held).exists()


def is_invited(addresses: Iterable[str]) -> bool:
    """Whether an open invitation went to one of these addresses, which must be proven to be the visitor's."""
    asked = [address.lower() for address in addresses]
    return bool(asked) and Invitation.objects.open(clock.now()).filter(email__in=asked).exists()


def may_found_workspace(user: Any) -> bool:
    """Where sign-up is open, anyone; otherwise those who keep the installation, and whoever comes before any workspace."""
    return bool(settings.OPEN_SIGNUP or user.is_staff or not Workspace.objects.exists())
