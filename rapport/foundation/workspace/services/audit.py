"""The audit log: who did what, apart from changes to records, which have a history of their own."""

from __future__ import annotations

from collections.abc import Iterable
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
    _entry(action, actor, detail, subject_type, str(subject_id)).save(force_insert=True)


def record_all(action: str, *, actor: Actor, details: Iterable[dict[str, Any]]) -> None:
    """One entry for each, written at once. A detail names what was acted on as its `subject`."""
    AuditEntry.objects.bulk_create(_entry(action, actor, detail) for detail in details)


def _entry(
    action: str, actor: Actor, detail: dict[str, Any], subject_type: str = "", subject_id: str = ""
) -> AuditEntry:
    return AuditEntry(
        at=clock.now(),
        member_id=actor.member_id,
        actor_name=actor.name[:150],
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        detail=detail,
    )
