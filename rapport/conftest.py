"""The cast of every test: Ada owns a workspace, Ben is her teammate, Cleo belongs to another workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import set_script_prefix

from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.foundation.workspace.types import Actor


@pytest.fixture
def workspace(db: None) -> Iterator[Workspace]:
    """Ada's workspace; the test runs inside its schema."""
    connection.set_schema_to_public()
    home = Workspace.objects.get(slug="kestrel")
    connection.set_tenant(home)
    yield home
    connection.set_schema_to_public()
    set_script_prefix("/")


@pytest.fixture
def other_workspace(workspace: Workspace) -> Workspace:
    """Cleo's workspace. Enter it with `schema_context(other_workspace.schema_name)`."""
    return Workspace.objects.get(slug="harbour")


@pytest.fixture
def ada(workspace: Workspace) -> User:
    return _person("ada", workspace, "owner")


@pytest.fixture
def ben(workspace: Workspace) -> User:
    """A teammate; give him another role with `set_role`."""
    return _person("ben", workspace, "member")


@pytest.fixture
def cleo(other_workspace: Workspace) -> User:
    return _person("cleo", other_workspace, "owner")


@pytest.fixture
def actor(ada: User, workspace: Workspace) -> Actor:
    return actor_of(ada, workspace)


@pytest.fixture
def actor_for(workspace: Workspace) -> Callable[[User], Actor]:
    """The actor somebody is in Ada's workspace, with the role they have now."""
    return lambda user: actor_of(user, workspace)


@pytest.fixture
def set_role(workspace: Workspace) -> Callable[[User, str], None]:
    return lambda user, role_key: Member.objects.filter(user_id=user.pk).update(role_key=role_key) and None


@pytest.fixture
def client_for(workspace: Workspace) -> Callable[[User | None], Client]:
    """A browser of somebody, signed in; None: of nobody. Addresses of pages begin with /w/kestrel/."""

    def make(user: User | None) -> Client:
        settings.STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns when it is not there
        client = _Browser()
        if user is not None:
            client.force_login(user)
        return client

    return make


class _Browser(Client):
    """Comes back into the schema the test runs in, which every request leaves."""

    def request(self, **request: Any) -> Any:
        before = connection.tenant
        try:
            return super().request(**request)
        finally:
            connection.set_tenant(before)


def _person(name: str, workspace: Workspace, role_key: str) -> User:
    user = User.objects.create_user(f"{name}@example.com", "correct horse battery", name=name.capitalize())
    membership = Membership.objects.create(user=user, workspace=workspace)
    before = connection.tenant
    connection.set_tenant(workspace)
    Member.objects.create(id=membership.id, user_id=user.pk, name=user.name, email=user.email, role_key=role_key)
    connection.set_tenant(before)
    return user


def actor_of(user: User, workspace: Workspace) -> Actor:
    made = actor_of_member(Membership.objects.get(user=user, workspace=workspace).id, workspace)
    assert made is not None
    return made
