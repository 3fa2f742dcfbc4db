from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client

from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.accounts.tenancy import enter
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import AuditEntry, Member
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.foundation.workspace.services import members
from rapport.foundation.workspace.types import SYSTEM, Actor


def seat_of(user: User) -> UUID:
    return Member.objects.get(user_id=user.pk).pk


def role_of(user: User) -> str:
    return Member.objects.get(user_id=user.pk).role_key


def test_owner_changes_a_role(actor: Actor, ben: User) -> None:
    members.change_role(actor=actor, member_id=seat_of(ben), role_key="manager")

    assert role_of(ben) == "manager"
    entry = AuditEntry.objects.get(action="member.role_changed")
    assert (entry.actor_name, entry.detail) == ("Ada", {"subject": "Ben", "before": "Member", "after": "Manager"})


def test_unknown_role_is_refused(actor: Actor, ben: User) -> None:
    with pytest.raises(Invalid):
        members.change_role(actor=actor, member_id=seat_of(ben), role_key="emperor")

    assert role_of(ben) == "member"


@pytest.mark.parametrize("role", ["member", "read_only"])
def test_members_do_not_change_roles(
    ben: User, ada: User, role: str, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    set_role(ben, role)

    with pytest.raises(NotAllowed):
        members.change_role(actor=actor_for(ben), member_id=seat_of(ben), role_key="owner")
    with pytest.raises(NotAllowed):
        members.deactivate_member(
            actor=actor_for(ben), member_id=seat_of(ada), workspace=Workspace.objects.get(slug="kestrel")
        )

    assert role_of(ben) == role
    assert not AuditEntry.objects.exists()


def test_manager_makes_nobody_an_owner_and_unmakes_none(
    ben: User,
    ada: User,
    workspace: Workspace,
    set_role: Callable[[User, str], None],
    actor_for: Callable[[User], Actor],
) -> None:
    set_role(ben, "manager")
    manager = actor_for(ben)

    for member_id, role in ((seat_of(ben), "owner"), (seat_of(ada), "member")):
        with pytest.raises(NotAllowed):
            members.change_role(actor=manager, member_id=member_id, role_key=role)
    with pytest.raises(NotAllowed):
        members.deactivate_member(actor=manager, member_id=seat_of(ada), workspace=workspace)

    assert (role_of(ben), role_of(ada)) == ("manager", "owner")


def test_last_owner_stays(actor: Actor, ada: User, workspace: Workspace) -> None:
    for act in (
        lambda: members.change_role(actor=actor, member_id=seat_of(ada), role_key="member"),
        lambda: members.deactivate_member(actor=actor, member_id=seat_of(ada), workspace=workspace),
        lambda: members.leave(actor=actor, workspace=workspace),
    ):
        with pytest.raises(Invalid):
            act()

    assert role_of(ada) == "owner"
    assert Membership.objects.filter(user=ada, workspace=workspace).exists()


def test_demo_colleague_does_not_count_as_an_owner(actor: Actor, ada: User, workspace: Workspace) -> None:
    Member.objects.create(name="Noor", role_key="owner")

    with pytest.raises(Invalid):
        members.leave(actor=actor, workspace=workspace)


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays(ada: User, ben: User, workspace: Workspace) -> None:
    Member.objects.filter(user_id=ben.pk).update(role_key="owner")
    seats = [seat_of(ada), seat_of(ben)]
    outcomes: list[str] = []
    together = threading.Barrier(2, timeout=30)

    def attempt(member_id: UUID) -> None:
        enter(workspace)
        try:
            actor = actor_of_member(member_id, workspace)
            assert actor
            together.wait()
            members.leave(actor=actor, workspace=workspace)
            outcomes.append("left")
        except Invalid:
            outcomes.append("stayed")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt, args=[seat]) for seat in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(outcomes) == ["left", "stayed"]
    assert Member.objects.filter(role_key="owner", is_active=True).count() == 1


def test_member_who_was_closed_out_can_not_enter_until_let_in(
    actor: Actor, ben: User, workspace: Workspace, client_for: Callable[[User], Client]
) -> None:
    browser = client_for(ben)
    assert browser.get("/w/kestrel/").status_code == 200

    members.deactivate_member(actor=actor, member_id=seat_of(ben), workspace=workspace)
    assert browser.get("/w/kestrel/").status_code == 404
    assert "/w/kestrel/" not in browser.get("/", follow=True).content.decode()

    members.reactivate_member(actor=actor, member_id=seat_of(ben), workspace=workspace)
    assert browser.get("/w/kestrel/").status_code == 200
    assert list(AuditEntry.objects.order_by("at").values_list("action", flat=True)) == [
        "member.deactivated",
        "member.reactivated",
    ]


def test_leaving_gives_the_seat_up(
    actor: Actor, ben: User, workspace: Workspace, actor_for: Callable[[User], Actor]
) -> None:
    members.leave(actor=actor_for(ben), workspace=workspace)

    assert not Member.objects.get(user_id=ben.pk).is_active
    assert not Membership.objects.filter(user=ben).exists()


def test_member_of_another_workspace_is_not_found(actor: Actor, cleo: User) -> None:
    seat = Membership.objects.get(user=cleo).pk

    with pytest.raises(NotFound):
        members.change_role(actor=actor, member_id=seat, role_key="member")


def test_system_may_do_anything_but_is_no_member(ben: User, workspace: Workspace) -> None:
    members.change_role(actor=SYSTEM, member_id=seat_of(ben), role_key="owner")

    assert role_of(ben) == "owner"
    with pytest.raises(NotFound):
        members.leave(actor=SYSTEM, workspace=workspace)
