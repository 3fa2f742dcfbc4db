"""Which workspaces a person may enter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F

from rapport.foundation.accounts.models import Membership, Workspace


def workspaces_of(user: Any) -> list[Workspace]:
    """The person's workspaces, the one last entered first."""
    return [membership.workspace for membership in memberships_of(user)]


def memberships_of(user: Any) -> list[Membership]:
    """The person's ways into workspaces, the one last entered first. One query, workspaces included."""
    rows = Membership.objects.select_related("workspace").filter(user=user)
    return list(rows.order_by(F("last_entered_at").desc(nulls_last=True), "workspace__name"))


def seats_of(user_id: UUID) -> list[tuple[str, UUID]]:
    """The schema of each of the person's workspaces, with the id of their seat there."""
    return list(Membership.objects.filter(user_id=user_id).values_list("workspace__schema_name", "id"))
