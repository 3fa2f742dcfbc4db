"""Which workspaces a person may enter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F

from rapport.foundation.accounts.models import Membership, Workspace


def workspaces_of(user: Any) -> list[Workspace]:
    """The person's workspaces, the one last entered first."""
    return list(
        Workspace.objects.filter(memberships__user_id=user.pk).order_by(
            F("memberships__last_entered_at").desc(nulls_last=True), "name"
        )
    )


def membership_in(user: Any, slug: str) -> Membership | None:
    """The person's way into the workspace with this address; None for strangers and for addresses nobody has."""
    return Membership.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()


def seats_of(user_id: UUID) -> list[tuple[str, UUID]]:
    """The schema of each of the person's workspaces, with the id of their seat there."""
    return list(Membership.objects.filter(user_id=user_id).values_list("workspace__schema_name", "id"))
