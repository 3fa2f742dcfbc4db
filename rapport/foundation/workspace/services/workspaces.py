"""Changing and erasing the workspace one is in."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.services import workspaces as shared
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.extension_points import before_erasing
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power


def update_workspace(workspace: Workspace, *, actor: Actor, **values: Any) -> None:
    """Errors: NotAllowed, AddressTaken."""
    policies.require(actor, Power.MANAGE_WORKSPACE)
    changed = shared.update_workspace(workspace, **values)
    if changed:
        before = {name: was for name, (was, _becomes) in changed.items()}
        after = {name: becomes for name, (_was, becomes) in changed.items()}
        audit.record(
            "workspace.changed",
            actor=actor,
            subject=workspace.name,
            subject_type="workspace",
            subject_id=workspace.pk,
            before=before,
            after=after,
        )


def erase_workspace(workspace: Workspace, *, actor: Actor, typed_name: str) -> None:
    """Erase everything in the workspace, for ever. Errors: NotAllowed, Invalid unless its name was typed."""
    policies.require(actor, Power.MANAGE_WORKSPACE)
    if actor.scopes is not None:
        raise NotAllowed(gettext("A workspace is erased by people, not by tokens."))
    if typed_name.strip() != workspace.name:
        raise Invalid({"typed_name": gettext("Type the name exactly as it is written above.")})
    for step in before_erasing.values():
        step(workspace)
    shared.erase_workspace(workspace)
