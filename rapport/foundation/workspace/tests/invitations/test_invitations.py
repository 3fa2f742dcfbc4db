from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from rapport.foundation.accounts.models import Invitation, Membership, User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import AuditEntry, Member, Role
from rapport.foundation.workspace.services import invitations, roles
from rapport.foundation.workspace.services import members as member_services
from rapport.foundation.workspace.types import Actor
from rapport.testing import part_of

FORM = {"name": "Dora Diaz", "email": "dora@example.com", "password1": "violet summer rain"}


@pytest.fixture
def secret(actor: Actor, ada: User, workspace: Workspace) -> str:
    """Of an invitation for Dora, who has no account."""
    return invitations.invite(
        actor=actor, workspace=workspace, email="Dora@Example.com", role_key="member", invited_by=ada
    )[1]


def page_of(secret: str) -> str:
    return f"/account/invitations/{secret}/"


def test_only_the_hash_of_the_secret_is_kept(secret: str) -> None:
    invitation = Invitation.objects.get()

    assert invitation.email == "dora@example.com"
    assert secret not in str(vars(invitation))
    assert secret not in str(list(AuditEntry.objects.values()))


def test_new_person_signs_up_and_joins(secret: str, workspace: Workspace, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    offered = browser.get(page_of(secret)).content.decode()
    form = part_of(r'href="(/account/signup/[^"]+)"', offered).replace("&amp;", "&")
    assert "dora@example.com" in browser.get(form).content.decode()

    signed_up = browser.post(form, {**FORM, "next": page_of(secret)})
    assert signed_up.headers["Location"] == page_of(secret)
    joined = browser.post(page_of(secret))

    assert (joined.status_code, joined.headers["Location"]) == (303, "/w/kestrel/")
    assert browser.get("/w/kestrel/").status_code == 200
    dora = Member.objects.get(email="dora@example.com")
    assert (dora.name, dora.role_key, dora.user_id) == ("Dora Diaz", "member", User.objects.get(name="Dora Diaz").pk)
    assert dora.pk == Membership.objects.get(user_id=dora.user_id).pk
    assert AuditEntry.objects.filter(action="member.joined", actor_name="Dora Diaz").exists()


def test_invitation_opens_sign_up_only_while_it_holds(secret: str, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    browser.get(page_of(secret))
    Invitation.objects.update(revoked_at=clock.now())

    response = browser.post("/account/signup/", FORM)

    assert "Accounts are by invitation" in response.content.decode()
    assert not User.objects.filter(email="dora@example.com").exists()


def test_person_with_an_account_signs_in_and_joins(
    actor: Actor, ada: User, cleo: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    _, secret = invitations.invite(
        actor=actor, workspace=workspace, email=cleo.email, role_key="read_only", invited_by=ada
    )
    browser = client_for(None)
    assert "/account/login/?next=" in browser.get(page_of(secret)).content.decode()
    browser.post("/account/login/", {"login": cleo.email, "password": "correct horse battery"})

    browser.post(page_of(secret))

    assert browser.get("/w/kestrel/").status_code == 200
    assert browser.get("/w/harbour/").status_code == 200


def test_invitation_is_for_one_person_and_one_time(
    secret: str, ben: User, cleo: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    stranger = client_for(cleo)

    assert "This invitation is for dora@example.com" in stranger.post(page_of(secret)).content.decode()
    with pytest.raises(NotAllowed):
        invitations.accept(secret=secret, user=cleo, addresses=frozenset({cleo.email}))
    dora = User.objects.create_user("dora@example.com", name="Dora")
    invitations.accept(secret=secret, user=dora, addresses=frozenset({dora.email}))

    with pytest.raises(NotFound):
        invitations.accept(secret=secret, user=dora, addresses=frozenset({dora.email}))
    assert not Membership.objects.filter(user=cleo, workspace=workspace).exists()


@pytest.mark.parametrize("secret", ["", "wrong", "x" * 500, "../../etc/passwd", "%00"])
def test_wrong_secret_opens_nothing(workspace: Workspace, client_for: Callable[..., Client], secret: str) -> None:
    assert client_for(None).get(f"/account/invitations/{secret}/").status_code == 404


def test_old_invitation_no_longer_works(secret: str, client_for: Callable[..., Client]) -> None:
    with clock.frozen(clock.now() + timedelta(days=7, seconds=1)):
        response = client_for(None).get(page_of(secret))

    assert response.status_code == 404
    assert "This invitation no longer works" in response.content.decode()


def test_inviting_again_ends_the_link_before(
    secret: str, actor: Actor, ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    _, newer = invitations.invite(
        actor=actor, workspace=workspace, email="dora@example.com", role_key="member", invited_by=ada
    )

    assert client_for(None).get(page_of(secret)).status_code == 404
    assert client_for(None).get(page_of(newer)).status_code == 200


def test_renewing_gives_a_new_link_and_time(secret: str, actor: Actor, workspace: Workspace) -> None:
    with clock.frozen(clock.now() + timedelta(days=30)):
        invitation, newer = invitations.renew(
            actor=actor, workspace=workspace, invitation_id=Invitation.objects.get().pk
        )
        assert invitation.expires_at == clock.now() + invitations.VALID_FOR

    assert newer != secret
    with pytest.raises(NotFound):
        invitations.accept(secret=secret, user=User(), addresses=frozenset())


def test_taking_back_ends_the_link(secret: str, actor: Actor, workspace: Workspace) -> None:
    invitations.revoke(actor=actor, workspace=workspace, invitation_id=Invitation.objects.get().pk)

    with pytest.raises(NotFound):
        invitations.accept(secret=secret, user=User(), addresses=frozenset({"dora@example.com"}))
    with pytest.raises(NotFound):
        invitations.renew(actor=actor, workspace=workspace, invitation_id=Invitation.objects.get().pk)


def test_manager_can_not_invite_an_owner(
    ada: User,
    ben: User,
    workspace: Workspace,
    set_role: Callable[[User, str], None],
    actor_for: Callable[[User], Actor],
) -> None:
    set_role(ben, "manager")

    with pytest.raises(NotAllowed):
        invitations.invite(
            actor=actor_for(ben), workspace=workspace, email="x@example.com", role_key="owner", invited_by=ben
        )

    assert not Invitation.objects.exists()


def test_invitations_of_other_workspaces_are_out_of_reach(
    secret: str, actor: Actor, other_workspace: Workspace
) -> None:
    with pytest.raises(NotFound):
        invitations.revoke(actor=actor, workspace=other_workspace, invitation_id=Invitation.objects.get().pk)


def test_member_is_not_invited_twice(actor: Actor, ada: User, ben: User, workspace: Workspace) -> None:
    with pytest.raises(Invalid, match="is a member already"):
        invitations.invite(actor=actor, workspace=workspace, email=ben.email, role_key="member", invited_by=ada)


def test_former_member_gets_the_old_seat_with_the_new_role(
    actor: Actor, ada: User, ben: User, workspace: Workspace
) -> None:
    seat = Member.objects.get(user_id=ben.pk).pk
    member_services.deactivate_member(actor=actor, member_id=seat, workspace=workspace)
    _, secret = invitations.invite(
        actor=actor, workspace=workspace, email=ben.email, role_key="read_only", invited_by=ada
    )

    invitations.accept(secret=secret, user=ben, addresses=frozenset({ben.email}))

    assert list(Member.objects.filter(user_id=ben.pk).values_list("id", "role_key", "is_active")) == [
        (seat, "read_only", True)
    ]


def test_invitation_to_a_role_that_was_removed_does_not_work(actor: Actor, ada: User, workspace: Workspace) -> None:
    role = roles.create_role(actor=actor, name="Guests", like="member")
    _, secret = invitations.invite(
        actor=actor, workspace=workspace, email="x@example.com", role_key=role.key, invited_by=ada
    )
    with pytest.raises(Invalid):
        roles.delete_role(actor=actor, key=role.key, workspace=workspace)
    Role.objects.all().delete()

    with pytest.raises(NotFound):
        invitations.accept(secret=secret, user=ada, addresses=frozenset({"x@example.com"}))


def test_hundred_within_an_hour_are_enough(actor: Actor, ada: User, workspace: Workspace) -> None:
    now = clock.now()
    Invitation.objects.bulk_create(
        Invitation(workspace=workspace, email=f"{n}@example.com", role_key="member", secret_hash=str(n), expires_at=now)
        for n in range(100)
    )

    with pytest.raises(Invalid, match="within an hour"):
        invitations.invite(actor=actor, workspace=workspace, email="x@example.com", role_key="member", invited_by=ada)


def test_link_is_mailed_where_there_is_a_mail_server(
    ada: User, workspace: Workspace, client_for: Callable[..., Client], settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example.com"

    response = client_for(ada).post(
        "/w/kestrel/settings/members/invite/", {"email": "dora@example.com", "role": "member"}
    )

    assert response.status_code == 303
    message = mail.outbox[0]
    assert (message.to, message.subject) == (["dora@example.com"], "Ada invites you to Kestrel Outdoor")
    link = part_of(r"http://testserver(/account/invitations/\S+/)", str(message.body))
    assert client_for(None).get(link).status_code == 200


def test_link_is_shown_once_where_there_is_none(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(ada)

    response = browser.post("/w/kestrel/settings/members/invite/", {"email": "dora@example.com", "role": "member"})

    page = response.content.decode()
    assert re.search(r"http://testserver/account/invitations/\S+/", page)
    assert response.headers["Cache-Control"] == "no-store"
    assert "/account/invitations/" not in browser.get("/w/kestrel/settings/members/").content.decode()


def test_inviting_nobody_is_refused(ada: User, client_for: Callable[..., Client]) -> None:
    response = client_for(ada).post("/w/kestrel/settings/members/invite/", {"email": "no address", "role": "member"})

    assert response.status_code == 422
    assert not Invitation.objects.exists()
