"""Tokens, and what a person may allow theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.extension_points import token_scopes
from rapport.foundation.workspace.models import ApiToken
from rapport.foundation.workspace.queries.roles import guarded_types
from rapport.foundation.workspace.types import Action, Actor, Label, Power

# Powers that a program may be given. The others change who may do what, which is for people.
POWERS = {
    Power.MANAGE_FIELDS: _("Add and change custom fields"),
    Power.MANAGE_SOURCES: _("Manage sources"),
    Power.SHARE_VIEWS: _("Share views with everyone"),
    Power.SEE_AUDIT: _("Read the audit log"),
}
CHANGING = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.IMPORT, Action.MERGE)


@dataclass(frozen=True)
class Scope:
    name: str
    label: Label


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    id: UUID
    name: str
    member: str
    is_mine: bool
    scopes: tuple[str, ...]
    rate_per_minute: int
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    has_expired: bool


def scopes_open_to(actor: Actor) -> list[Scope]:
    """What the actor may allow a token: never more than they may themselves."""
    scopes = [
        Scope("*:read", gettext("Read everything you may read")),
        Scope("*:write", gettext("Change everything you may change")),
    ]
    for each in guarded_types(actor=actor):
        if actor.may(Action.READ, each.name):
            scopes.append(Scope(f"{each.name}:read", gettext("Read %(what)s") % {"what": each.plural}))
        if any(actor.may(action, each.name) for action in CHANGING):
            scopes.append(Scope(f"{each.name}:write", gettext("Change %(what)s") % {"what": each.plural}))
    for name, scope in sorted(token_scopes.items(), key=lambda each: each[1].order):
        if policies.meets(actor, scope.needs):
            scopes.append(Scope(name, scope.label))
    scopes += [Scope(f"workspace:{power}", label) for power, label in POWERS.items() if actor.has(power)]
    return scopes


def scope_labels(*, actor: Actor) -> dict[str, Label]:
    return {scope.name: scope.label for scope in scopes_open_to(actor)}


def token_rows(*, actor: Actor) -> list[TokenRow]:
    """One's own tokens, and everybody's for those who manage members or sources. One query."""
    rows = ApiToken.objects.select_related("member").filter(revoked_at=None).order_by("-created_at")
    if not (actor.has(Power.MANAGE_MEMBERS) or actor.has(Power.MANAGE_SOURCES)):
        rows = rows.filter(member_id=actor.member_id or UUID(int=0))
    now = clock.now()
    return [
        TokenRow(
            id=row.pk,
            name=row.name,
            member=row.member.name,
            is_mine=row.member_id == actor.member_id,
            scopes=tuple(row.scopes),
            rate_per_minute=row.rate_per_minute,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            has_expired=row.expires_at is not None and row.expires_at <= now,
        )
        for row in rows[:500]
    ]
