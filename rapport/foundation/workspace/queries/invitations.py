"""Invitations that were not answered yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import Invitation, User, Workspace
from rapport.foundation.accounts.rules import hash_of
from rapport.foundation.lib import clock
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.queries.members import role_policies, role_policy
from rapport.foundation.workspace.types import Actor, Label, Power


@dataclass(frozen=True, kw_only=True)
class InvitationRow:
    id: UUID
    email: str
    role: Label
    invited_by: str
    created_at: datetime
    expires_at: datetime
    has_expired: bool


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the holder of an invitation is told."""

    workspace: str
    email: str
    role: Label
    invited_by: str
    expires_at: datetime
    has_account: bool


def open_invitations(*, actor: Actor, workspace: Workspace) -> list[InvitationRow]:
    """Those neither accepted nor taken back, expired ones included: they can be sent again."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    rows = (
        Invitation.objects.select_related("invited_by")
        .filter(workspace=workspace, accepted_at=None, revoked_at=None)
        .order_by("-created_at")[:200]
    )
    names = {policy.key: policy.name for policy in role_policies()}
    now = clock.now()
    return [
        InvitationRow(
            id=row.pk,
            email=row.email,
            role=names.get(row.role_key, row.role_key),
            invited_by=str(row.invited_by or ""),
            created_at=row.created_at,
            expires_at=row.expires_at,
            has_expired=row.expires_at <= now,
        )
        for row in rows
    ]


def offer(secret: str) -> Offer | None:
    """What the link with this secret offers; None when it does no longer."""
    invitation = (
        Invitation.objects.open(clock.now())
        .select_related("workspace", "invited_by")
        .filter(secret_hash=hash_of(secret))
        .first()
    )
    if invitation is None:
        return None
    with schema_context(invitation.workspace.schema_name):
        role = role_policy(invitation.role_key)
    if role is None:
        return None
    return Offer(
        workspace=invitation.workspace.name,
        email=invitation.email,
        role=role.name,
        invited_by=str(invitation.invited_by or ""),
        expires_at=invitation.expires_at,
        has_account=User.objects.filter(email=invitation.email).exists(),
    )


def addresses_of(user: Any) -> frozenset[str]:
    """The addresses by which a person may be invited: the one they sign in with, and others they proved to be theirs."""
    proved = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return frozenset({user.email.lower(), *(address.lower() for address in proved)})
