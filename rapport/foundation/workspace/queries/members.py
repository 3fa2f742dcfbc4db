"""Members and their roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Exists, Max, OuterRef
from django.db.models.expressions import RawSQL

from rapport.foundation.accounts.models import Invitation, User, Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock
from rapport.foundation.workspace import policies, rules
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.extension_points import brought_along
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.types import Actor, Label, Power, RolePolicy


@dataclass(frozen=True)
class MemberLine:
    """A colleague, as shown beside a record."""

    id: UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """A colleague, as shown on the page of members."""

    id: UUID
    name: str
    email: str
    title: str
    role_key: str
    role: Label
    is_active: bool
    signs_in: bool  # false for colleagues of the demo
    has_second_step: bool
    last_seen_at: datetime | None
    is_me: bool
    may_change: bool


def role_policy(key: str) -> RolePolicy | None:
    """The policy of a built-in or custom role."""
    if key in rules.BUILT_IN:
        return rules.BUILT_IN[key]
    role = Role.objects.filter(key=key).first()
    return rules.policy_from_json(role.key, role.name, role.policy) if role else None


def role_policies() -> list[RolePolicy]:
    custom = [rules.policy_from_json(role.key, role.name, role.policy) for role in Role.objects.order_by("name")]
    return [*rules.BUILT_IN.values(), *custom]


def actor_of_member(
    member_id: UUID, workspace: Workspace, *, scopes: frozenset[str] | None = None, person: User | None = None
) -> Actor | None:
    """The actor a member is in the current workspace; None when they are no longer active. `person` saves a query."""
    more = {f"with_{name}": RawSQL(each.sql, ()) for name, each in brought_along.items()}  # noqa: S611 (texts of ours)
    member = Member.objects.filter(id=member_id, is_active=True).annotate(**more).first()
    if member is None:
        return None
    for name, each in brought_along.items():
        each.take(getattr(member, f"with_{name}"))
    if person is None and member.user_id:
        person = User.objects.filter(id=member.user_id).only("language", "timezone").first()
    return actor_of(member, workspace, scopes=scopes, person=person)


def actor_of(
    member: Member, workspace: Workspace, *, scopes: frozenset[str] | None = None, person: User | None = None
) -> Actor:
    return Actor(
        member_id=member.id,
        name=member.name,
        # A role that was removed under somebody's feet leaves them the narrowest there is.
        role=role_policy(member.role_key) or rules.BUILT_IN["read_only"],
        scopes=scopes,
        timezone=member.timezone or (person.timezone if person else "") or workspace.timezone,
        language=(person.language if person else "") or workspace.language,
    )


def active_members() -> list[MemberLine]:
    """Every colleague, by name: a workspace has tens or hundreds of them, never millions."""
    return [
        MemberLine(*row) for row in Member.objects.filter(is_active=True).order_by("name").values_list("id", "name")
    ]


def first_owner() -> UUID | None:
    """The owner who has been here longest: whose it is when it is nobody else's."""
    return Member.objects.filter(is_active=True, role_key="owner").order_by("id").values_list("id", flat=True).first()


def everyone() -> list[MemberLine]:
    """Also those who left: they appear in histories."""
    return [MemberLine(*row) for row in Member.objects.order_by("name").values_list("id", "name")]


def member_rows(*, actor: Actor) -> list[MemberRow]:
    """Everybody with a seat here, those who left last. Four queries, however many there are."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    members = list(Member.objects.order_by("-is_active", "name"))
    roles = {policy.key: policy for policy in role_policies()}
    people = [member.user_id for member in members if member.user_id]
    seen = dict(
        UserSession.objects.filter(user_id__in=people).values_list("user_id").annotate(Max("last_seen_at")).order_by()
    )
    secured = set(Authenticator.objects.filter(user_id__in=people).values_list("user_id", flat=True))
    return [_row(member, roles, actor, seen.get(member.user_id), member.user_id in secured) for member in members]


def member_row(member_id: UUID, *, actor: Actor) -> MemberRow:
    """Errors: NotFound."""
    for row in member_rows(actor=actor):
        if row.id == member_id:
            return row
    raise NotFound


def _row(
    member: Member, roles: dict[str, RolePolicy], actor: Actor, last_seen_at: datetime | None, has_second_step: bool
) -> MemberRow:
    role = roles.get(member.role_key) or rules.BUILT_IN["read_only"]
    return MemberRow(
        id=member.id,
        name=member.name,
        email=member.email,
        title=member.title,
        role_key=role.key,
        role=role.name,
        is_active=member.is_active,
        signs_in=member.user_id is not None,
        has_second_step=has_second_step,
        last_seen_at=last_seen_at,
        is_me=member.id == actor.member_id,
        may_change=policies.may_hand_on(actor, role),
    )


def roles_to_hand_on(*, actor: Actor) -> list[RolePolicy]:
    """The roles that this actor may give to others."""
    return [policy for policy in role_policies() if policies.may_hand_on(actor, policy)]


def names_of(member_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Member.objects.filter(id__in=list(member_ids)).values_list("id", "name"))


def has_colleagues(actor: Actor) -> bool:
    """Whether anybody else can sign in here, or has been asked to. One query."""
    others = Member.objects.filter(user_id__isnull=False).exclude(pk=OuterRef("pk"))
    invited = Invitation.objects.open(clock.now()).filter(workspace__schema_name=current_schema())
    me = Member.objects.filter(pk=actor.member_id or UUID(int=0))
    return me.filter(Exists(others) | Exists(invited)).exists()
