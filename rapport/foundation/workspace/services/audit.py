"""The audit log: who did what, apart from changes to records, which have a history of their own."""

from __future__ import annotations

from typing import Any

from rapport.foundation.lib import clock
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor


def record(
    action: str, *, actor: Actor, subject: object = "", subject_type: str = "", subject_id: object = "", **detail: Any
) -> None:
    """Write an entry. `subject` is the name of what was acted on, as people know it; details must fit into JSON."""
    if subject:
        detail["subject"] = str(subject)
    AuditEntry.objects.create(
        at=clock.now(),
        member_id=actor.member_id,
        actor_name=actor.name[:150],
        action=action,
        subject_type=subject_type,
        subject_id=str(subject_id),
        detail=detail,
    )
