"""Two workspaces served at the same time by the same process, over connections that remember where they were."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.workspace.models import AuditEntry, Member
from rapport.foundation.workspace.services.preferences import set_preferences
from rapport.foundation.workspace.types import Actor


@pytest.mark.django_db(transaction=True)
def test_requests_side_by_side_never_meet_the_other_workspace(
    ada: User, cleo: User, workspace: Workspace, other_workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    places = ((ada, workspace, "Marigold", "Zanzibar"), (cleo, other_workspace, "Zanzibar", "Marigold"))
    for user, place, own, _other in places:
        with schema_context(place.schema_name):
            Member.objects.create(name=own)
            assert Member.objects.filter(user_id=user.pk).exists()
    browsers = [(client_for(user), place, own, other) for user, place, own, other in places for _ in range(2)]
    wrong: list[str] = []

    def browse(browser: Client, place: Workspace, own: str, other: str) -> None:
        try:
            for _ in range(8):
                page = browser.get(f"/w/{place.slug}/settings/members/").content.decode()
                if own not in page or other in page:
                    wrong.append(place.slug)
                if browser.get("/account/").status_code != 200:
                    wrong.append("account")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=browse, args=each) for each in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert wrong == []


def test_failed_request_leaves_no_workspace_behind(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(ada)
    browser.raise_request_exception = False

    for path in ("/w/kestrel/nowhere/", "/w/kestrel/settings/members/not-an-id/", "/w/nowhere/"):
        assert browser.get(path).status_code == 404

    assert browser.get("/account/").status_code == 200


def test_rows_written_in_one_workspace_are_not_in_the_other(
    actor: Actor, workspace: Workspace, other_workspace: Workspace
) -> None:
    set_preferences({"workspace.first_steps": False}, actor=actor)

    with schema_context(other_workspace.schema_name):
        assert not AuditEntry.objects.exists()
        assert not Member.objects.filter(pk=actor.member_id).exists()


def test_membership_without_a_member_row_opens_nothing(
    cleo: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    """The shared table alone is not enough: both must agree."""
    Membership.objects.create(user=cleo, workspace=workspace)

    assert client_for(cleo).get("/w/kestrel/").status_code == 404
