from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django_tenants.utils import schema_context, schema_exists

from rapport.foundation.accounts.errors import AddressTaken
from rapport.foundation.accounts.extension_points import founders
from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.accounts.services.workspaces import (
    create_workspace,
    erase_workspace,
    free_address,
    update_workspace,
)
from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.workspace.models import AuditEntry, Member


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("dora@example.com", "correct horse battery", name="Dora")


def test_new_workspace_has_its_founder_as_owner(person: User) -> None:
    made = create_workspace(name="Dora's Bikes", slug="dora", user=person, currency="CHF", country="CH")

    assert schema_exists(made.schema_name)
    membership = Membership.objects.get(user=person, workspace=made)
    with schema_context(made.schema_name):
        owner = Member.objects.get()
        assert (owner.id, owner.user_id, owner.name, owner.role_key) == (membership.id, person.id, "Dora", "owner")
        assert list(AuditEntry.objects.values_list("action", "actor_name")) == [("workspace.created", "Dora")]


def test_new_workspace_leaves_the_connection_where_it_was(person: User, workspace: Workspace) -> None:
    create_workspace(name="Dora", slug="dora", user=person)

    assert current_schema() == workspace.schema_name


def test_address_in_use_is_refused_and_nothing_is_made(person: User) -> None:
    before = set(Workspace.objects.values_list("schema_name", flat=True))

    with pytest.raises(AddressTaken):
        create_workspace(name="Another Kestrel", slug="kestrel", user=person)

    assert set(Workspace.objects.values_list("schema_name", flat=True)) == before
    assert not Membership.objects.filter(user=person).exists()


@pytest.mark.parametrize("address", ["", "-kestrel", "Kestrel", "two words", "x" * 49, "w/x", "ä"])
def test_what_is_no_address_is_refused(person: User, address: str) -> None:
    with pytest.raises(ValidationError):
        create_workspace(name="Kestrel", slug=address, user=person)


def test_failing_founder_leaves_no_half_workspace(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def fail(workspace: Workspace, membership: Membership) -> None:
        seen.append(workspace.schema_name)
        raise RuntimeError("the disk is full")

    monkeypatch.setitem(founders._items, "test.fail", fail)

    with pytest.raises(RuntimeError):
        create_workspace(name="Dora", slug="dora", user=person)

    assert not Workspace.objects.filter(slug="dora").exists()
    assert not Membership.objects.filter(user=person).exists()
    assert seen
    assert not schema_exists(seen[0])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_an_address_at_once_one_gets_it() -> None:
    person = User.objects.create_user("dora@example.com", name="Dora")
    outcomes: list[str] = []
    together = threading.Barrier(2, timeout=30)

    def attempt() -> None:
        try:
            together.wait()
            create_workspace(name="Dora", slug="dora", user=person)
            outcomes.append("made")
        except AddressTaken:
            outcomes.append("taken")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(outcomes) == ["made", "taken"]
    assert Workspace.objects.filter(slug="dora").count() == 1
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from information_schema.schemata where schema_name like 'w\\_%'")
        assert cursor.fetchone() == (Workspace.objects.count(),)


def test_free_address_comes_from_the_name(db: None) -> None:
    assert free_address("Müller & Söhne GmbH") == "muller-sohne-gmbh"
    assert free_address("Kestrel") == "kestrel-2"
    assert free_address("!!!") == "workspace"


def test_settings_change_and_say_what_changed(workspace: Workspace) -> None:
    changed = update_workspace(workspace, name="Kestrel Cargo", currency="EUR", country="NL")

    assert changed == {"name": ("Kestrel Outdoor", "Kestrel Cargo"), "country": ("", "NL")}
    assert Workspace.objects.get(pk=workspace.pk).name == "Kestrel Cargo"


def test_address_of_another_workspace_is_refused(workspace: Workspace, other_workspace: Workspace) -> None:
    with pytest.raises(AddressTaken):
        update_workspace(workspace, slug=other_workspace.slug)

    assert Workspace.objects.get(pk=workspace.pk).slug == "kestrel"


def test_erased_workspace_is_gone_with_everything_in_it(person: User, settings: object) -> None:
    made = create_workspace(name="Dora", slug="dora", user=person)

    erase_workspace(made)

    assert not schema_exists(made.schema_name)
    assert not Workspace.objects.filter(slug="dora").exists()
    assert not Membership.objects.filter(user=person).exists()
    assert User.objects.filter(pk=person.pk).exists()
