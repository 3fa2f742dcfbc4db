"""Members and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.workspace import rules
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.types import Actor, RolePolicy


@dataclass(frozen=True)
class MemberLine:
    """A colleague, as shown beside a record."""

    id: UUID
    name: str


def role_policy(key: str) -> RolePolicy | None:
    """The policy of a built-in or custom role."""
    if key in rules.BUILT_IN:
        return rules.BUILT_IN[key]
    role = Role.objects.filter(key=key).first()
    return rules.policy_from_json(role.key, role.name, role.policy) if role else None


def role_policies() -> list[RolePolicy]:
    custom = [rules.policy_from_json(role.key, role.name, role.policy) for role in Role.objects.order_by("name")]
    return [*rules.BUILT_IN.values(), *custom]


def actor_of_member(member_id: UUID, workspace: Workspace, *, scopes: frozenset[str] | None = None) -> Actor | None:
    """The actor a member is in the current workspace; None when they are no longer active."""
    member = Member.objects.filter(id=member_id, is_active=True).first()
    if member is None:
        return None
    policy = role_policy(member.role_key) or rules.BUILT_IN["read_only"]
    user = User.objects.filter(id=member.user_id).only("language", "timezone").first() if member.user_id else None
    return Actor(
        member_id=member.id,
        name=member.name,
        role=policy,
        scopes=scopes,
        timezone=member.timezone or (user.timezone if user else "") or workspace.timezone,
        language=(user.language if user else "") or workspace.language,
    )


def active_members() -> list[MemberLine]:
    """Every colleague, by name: a workspace has tens or hundreds of them, never millions."""
    return [MemberLine(*row) for row in Member.objects.filter(is_active=True).order_by("name").values_list("id", "name")]
