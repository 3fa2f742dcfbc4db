"""The audit log, newest first, in pages that cost the same however long it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from rapport.foundation.workspace import policies
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor, Power

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    id: UUID
    at: datetime
    actor_name: str
    member_id: UUID | None
    action: str
    sentence: str
    icon: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AuditPage:
    rows: list[AuditRow]
    next_cursor: str


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    member_id: UUID | None = None
    group: str = ""
    since: datetime | None = None
    until: datetime | None = None


def groups() -> list[tuple[str, str]]:
    """What entries are about: the first word of their actions, and its label."""
    return list({name.partition(".")[0]: str(action.group) for name, action in audit_actions.items()}.items())


def audit_page(wanted: AuditFilter, *, actor: Actor, cursor: str = "") -> AuditPage:
    """One page of the log; `cursor` is that of the page before. One query."""
    policies.require(actor, Power.SEE_AUDIT)
    rows = AuditEntry.objects.order_by("-at", "-id")
    if wanted.member_id:
        rows = rows.filter(member_id=wanted.member_id)
    if wanted.group:
        rows = rows.filter(action__startswith=f"{wanted.group}.")
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=wanted.until)
    if place := _place(cursor):
        at, last = place
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=last))
    found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    return AuditPage([_row(entry) for entry in found[:PAGE]], _cursor(found[PAGE - 1]) if more else "")


def _cursor(entry: AuditEntry) -> str:
    return f"{entry.at.isoformat()}_{entry.pk.hex}"


def _place(cursor: str) -> tuple[datetime, UUID] | None:
    """A cursor from an address is anybody's text: one that can't be read begins at the top."""
    at, _, last = cursor.partition("_")
    try:
        instant, row = datetime.fromisoformat(at), UUID(hex=last)
    except ValueError:
        return None
    return (instant, row) if instant.tzinfo else None


def _row(entry: AuditEntry) -> AuditRow:
    declared = audit_actions.get(entry.action)
    detail = {"subject": "", **entry.detail}
    return AuditRow(
        id=entry.pk,
        at=entry.at,
        actor_name=entry.actor_name,
        member_id=entry.member_id,
        action=entry.action,
        sentence=_sentence(str(declared.sentence) if declared else _plain(entry.action), detail),
        icon=declared.icon if declared else "history",
        facts=_facts(entry.detail),
    )


def _plain(action: str) -> str:
    """An action nobody declared words for, perhaps of an app that is gone: "website.connected" says enough."""
    return f"{action.replace('.', ' ').replace('_', ' ')} {{subject}}"


def _sentence(template: str, detail: Mapping[str, Any]) -> str:
    """Words in braces are replaced one by one: str.format would let a template reach into objects."""
    for name, value in detail.items():
        if isinstance(value, str | int | float):
            template = template.replace("{" + name + "}", str(value))
    return template


def _facts(detail: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What else is worth reading: values before and after, and where it came from."""
    facts: list[tuple[str, str]] = []
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        facts += [
            (name, f"{_short(before.get(name))} → {_short(after.get(name))}")
            for name in after
            if before.get(name) != after.get(name)
        ]
    elif before is not None or after is not None:
        facts.append(("", f"{_short(before)} → {_short(after)}"))
    if ip := detail.get("ip"):
        facts.append(("IP", str(ip)))
    return tuple(facts)


def _short(value: Any) -> str:
    text = "–" if value in (None, "") else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
