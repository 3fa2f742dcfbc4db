"""Seats in a workspace: taking one, changing its role, giving it up and taking it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.accounts.queries.workspaces import seats_of
from rapport.foundation.workspace import policies, rules
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.queries.members import actor_of, role_policy
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Actor, Power, RolePolicy

OWNER = "owner"


def seat_owner(workspace: Workspace, membership: Membership) -> None:
    """The first seat of a new workspace. Called inside its schema."""
    user = membership.user
    member = Member.objects.create(
        id=membership.id, user_id=user.pk, name=str(user), email=user.email, role_key=OWNER, timezone=""
    )
    audit.record(
        "workspace.created",
        actor=actor_of(member, workspace, person=user),
        subject=workspace.name,
        subject_type="workspace",
        subject_id=workspace.pk,
    )


@transaction.atomic
def take_seat(workspace: Workspace, user: User, role_key: str) -> Member:
    """Give a person a seat, or the one they had before. The caller has checked that they may."""
    with schema_context(workspace.schema_name):
        member = Member.objects.select_for_update().filter(user_id=user.pk).first()
        if member is None:
            membership = Membership.objects.create(user=user, workspace=workspace)
            return Member.objects.create(
                id=membership.id, user_id=user.pk, name=str(user), email=user.email, role_key=role_key
            )
        if not member.is_active:
            member.is_active, member.role_key = True, role_key
            member.save(update_fields=["is_active", "role_key"])
            _restore_membership(member, workspace)
        return member


@transaction.atomic
def change_role(*, actor: Actor, member_id: UUID, role_key: str) -> None:
    """Errors: NotAllowed, NotFound, Invalid when no owner would be left."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    owners = _locked_owners()
    member = _locked(member_id)
    if member.role_key == role_key:
        return
    before, after = _role_of(member), role_policy(role_key)
    if after is None:
        raise Invalid({"role": gettext("There is no such role.")})
    policies.require_may_hand_on(actor, before)
    policies.require_may_hand_on(actor, after)
    _keep_an_owner(owners, member)
    member.role_key = role_key
    member.save(update_fields=["role_key"])
    _audit("member.role_changed", actor, member, before=str(before.name), after=str(after.name))


@transaction.atomic
def describe_member(*, actor: Actor, member_id: UUID, name: str, title: str) -> None:
    """Change how a colleague is called here. Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    member = _locked(member_id)
    policies.require_may_hand_on(actor, _role_of(member))
    before = {"name": member.name, "title": member.title}
    if before == {"name": name, "title": title}:
        return
    member.name, member.title = name, title
    member.save(update_fields=["name", "title"])
    _audit("member.described", actor, member, before=before, after={"name": name, "title": title})


@transaction.atomic
def deactivate_member(*, actor: Actor, member_id: UUID, workspace: Workspace) -> None:
    """Close the workspace to a member: their tokens stop, their records stay. Errors: NotAllowed, NotFound, Invalid."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    owners = _locked_owners()
    member = _locked(member_id)
    policies.require_may_hand_on(actor, _role_of(member))
    if not member.is_active:
        return
    _keep_an_owner(owners, member)
    member.is_active = False
    member.save(update_fields=["is_active"])
    Membership.objects.filter(pk=member.pk, workspace=workspace).delete()
    _audit("member.deactivated", actor, member)


@transaction.atomic
def reactivate_member(*, actor: Actor, member_id: UUID, workspace: Workspace) -> None:
    """Errors: NotAllowed, NotFound."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    member = _locked(member_id)
    policies.require_may_hand_on(actor, _role_of(member))
    if member.is_active:
        return
    member.is_active = True
    member.save(update_fields=["is_active"])
    _restore_membership(member, workspace)
    _audit("member.reactivated", actor, member)


@transaction.atomic
def leave(*, actor: Actor, workspace: Workspace) -> None:
    """Give one's own seat up. Errors: NotFound, Invalid for the last owner."""
    if actor.member_id is None:
        raise NotFound
    owners = _locked_owners()
    member = _locked(actor.member_id)
    _keep_an_owner(owners, member)
    member.is_active = False
    member.save(update_fields=["is_active"])
    Membership.objects.filter(pk=member.pk, workspace=workspace).delete()
    _audit("member.left", actor, member)


def follow_person(user: User) -> None:
    """Carry a person's new name and address into each of their workspaces. Called in the public schema."""
    for schema_name, membership_id in seats_of(user.pk):
        with schema_context(schema_name):
            Member.objects.filter(pk=membership_id).update(name=str(user), email=user.email)


def _locked(member_id: UUID) -> Member:
    member = Member.objects.select_for_update().filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _role_of(member: Member) -> RolePolicy:
    return role_policy(member.role_key) or rules.BUILT_IN["read_only"]


def _locked_owners() -> list[UUID]:
    """Locks the rows of all owners, always in the same order: of two who leave at once the second finds out."""
    owners = Member.objects.filter(role_key=OWNER, is_active=True, user_id__isnull=False).order_by("pk")
    return list(owners.select_for_update().values_list("pk", flat=True))


def _keep_an_owner(owners: list[UUID], leaving: Member) -> None:
    if leaving.pk in owners and not rules.leaves_an_owner(owners, leaving.pk):
        raise Invalid({"role": gettext("This is the last owner. Make somebody else an owner first.")})


def _restore_membership(member: Member, workspace: Workspace) -> None:
    if member.user_id is None:
        return
    Membership.objects.get_or_create(pk=member.pk, defaults={"user_id": member.user_id, "workspace": workspace})


def _audit(action: str, actor: Actor, member: Member, **detail: Any) -> None:
    audit.record(action, actor=actor, subject=member.name, subject_type="member", subject_id=member.pk, **detail)
