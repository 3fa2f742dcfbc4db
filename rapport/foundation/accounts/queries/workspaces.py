"""Which workspaces a person may enter."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from rapport.foundation.accounts.models import Workspace


def workspaces_of(user: Any) -> list[Workspace]:
    """The person's workspaces, the one last entered first."""
    return list(
        Workspace.objects.filter(memberships__user_id=user.pk).order_by(
            F("memberships__last_entered_at").desc(nulls_last=True), "name"
        )
    )
