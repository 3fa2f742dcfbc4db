"""Roles as the pages about them show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from rapport.foundation.workspace import policies, rules
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.extension_points import guards
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.queries.members import role_policies, role_policy
from rapport.foundation.workspace.types import Actor, GuardedType, Label, Power, RolePolicy


@dataclass(frozen=True, kw_only=True)
class RoleRow:
    key: str
    name: Label
    members: int
    is_built_in: bool
    may_change: bool


def role_rows(*, actor: Actor) -> list[RoleRow]:
    """Two queries."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    counts = dict(Member.objects.filter(is_active=True).values_list("role_key").annotate(Count("pk")).order_by())
    return [
        RoleRow(
            key=policy.key,
            name=policy.name,
            members=counts.get(policy.key, 0),
            is_built_in=policy.key in rules.BUILT_IN,
            may_change=policy.key not in rules.BUILT_IN and policies.may_hand_on(actor, policy),
        )
        for policy in role_policies()
    ]


def role(key: str, *, actor: Actor) -> RolePolicy:
    """Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    found = role_policy(key)
    if found is None:
        raise NotFound
    return found


def may_change_role(policy: RolePolicy, *, actor: Actor) -> bool:
    return policy.key not in rules.BUILT_IN and policies.may_hand_on(actor, policy)


def guarded_types(*, actor: Actor) -> list[GuardedType]:
    """The record types that rules can be made for."""
    return [each for guard in guards.values() for each in guard.types(actor)]


def guarded_type(name: str, *, actor: Actor) -> GuardedType:
    """Errors: NotFound."""
    for each in guarded_types(actor=actor):
        if each.name == name:
            return each
    raise NotFound


def sentence_of(record_type: str, condition: object) -> str:
    """A condition as people say it."""
    if not isinstance(condition, dict) or not condition:
        return ""
    return " ".join(guard.sentence(record_type, condition) for guard in guards.values())
