"""Defining record types at run time, and keeping workspaces apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.records.extension_points import importers, list_pages, record_types, write_hooks
from rapport.foundation.records.models import Change, CustomField, OwnRecord, OwnType
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.guard import RecordsGuard
from rapport.foundation.records.rules.own_types import ICONS, MOST_TYPES
from rapport.foundation.records.services import fields, own_types, records
from rapport.foundation.records.tests.own_types.conftest import BOAT
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.queries.members import actor_of_member
from rapport.foundation.workspace.types import Actor

pytestmark = pytest.mark.django_db


def test_a_type_is_there_at_once_with_all_that_belongs_to_it(actor: Actor, boats: OwnType) -> None:
    declared = record_type(BOAT)

    assert (declared.label, declared.plural, declared.is_own) == ("Boat", "Boats", True)
    assert [field.name for field in declared.fields] == [
        "name", "customer", "owner", "tags", "created_at", "updated_at",
        "length", "registration", "launched", "kind_of_hull", "tender_of",
    ]  # fmt: skip
    assert BOAT in record_types
    assert BOAT in list(importers)
    assert BOAT in write_hooks
    assert list_pages[BOAT].title == "Boats"
    assert BOAT in {each.name for each in RecordsGuard().types(actor)}
    assert AuditEntry.objects.filter(action="own_type_created").count() == 1


def test_another_workspace_knows_nothing_of_it(
    actor: Actor, cleo: User, other_workspace: Workspace, boat: Callable[..., Any]
) -> None:
    seagull = boat()

    with schema_context(other_workspace.schema_name):
        assert BOAT not in record_types
        assert BOAT not in list(record_types)
        assert BOAT not in list_pages
        assert BOAT not in importers
        assert not OwnRecord.objects.exists()

        cleos = actor_of_member(_seat(cleo), other_workspace)
        assert cleos
        own_types.create_type(actor=cleos, label="Boat", plural="Barges")
        assert str(record_types[BOAT].plural) == "Barges"
        assert record_type(BOAT).field("length") is None

    assert str(record_types[BOAT].plural) == "Boats"
    assert record_type(BOAT).field("length")
    assert OwnRecord.objects.get().pk == seagull.pk


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"label": ""}, "label"),
        ({"plural": ""}, "plural"),
        ({"label": "x" * 61}, "label"),
        ({"icon": "skull"}, "icon"),
        ({"link": "perhaps"}, "link"),
        ({"name": "boat"}, "name"),
        ({"name": "x_Boat"}, "name"),
        ({"name": "x_boat__customer"}, "name"),
        ({"name": "x_" + "b" * 40}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(actor: Actor, values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        own_types.create_type(actor=actor, **{"label": "Boat", "plural": "Boats", **values})

    assert field in refused.value.problems
    assert not OwnType.objects.exists()


def test_two_types_never_share_a_name(actor: Actor, boats: OwnType) -> None:
    second = own_types.create_type(actor=actor, label="Boat", plural="Lifeboats")

    assert second.name == "x_boat_2"
    with pytest.raises(Invalid):
        own_types.create_type(actor=actor, label="Ship", plural="boats")
    with pytest.raises(Invalid):
        own_types.create_type(actor=actor, label="Ship", plural="Ships", name=BOAT)


def test_there_is_a_limit(actor: Actor) -> None:
    OwnType.objects.bulk_create(
        OwnType(name=f"x_t{n}", label=f"T{n}", plural=f"Ts{n}", icon="tag", title_label="Name")
        for n in range(MOST_TYPES)
    )

    with pytest.raises(Invalid) as refused:
        own_types.create_type(actor=actor, label="Boat", plural="Boats")

    assert str(MOST_TYPES) in refused.value.problems["label"]


def test_only_who_manages_fields_may(
    actor: Actor, ben: User, boats: OwnType, actor_for: Callable[[User], Actor]
) -> None:
    bens = actor_for(ben)

    for act in (
        lambda: own_types.create_type(actor=bens, label="Car", plural="Cars"),
        lambda: own_types.update_type(actor=bens, type_id=boats.pk, label="Ship"),
        lambda: own_types.retire_type(actor=bens, type_id=boats.pk),
        lambda: own_types.remove_type(actor=bens, type_id=boats.pk, confirmation="Boats"),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert OwnType.objects.get().label == "Boat"


def test_renaming_keeps_the_name_of_programs(actor: Actor, boats: OwnType, boat: Callable[..., Any]) -> None:
    boat()

    own_types.update_type(actor=actor, type_id=boats.pk, label="Ship", plural="Ships", icon="rocket")

    assert str(record_types[BOAT].plural) == "Ships"
    assert OwnRecord.objects.get().type == BOAT


def test_a_type_in_use_keeps_its_customers(
    actor: Actor, boats: OwnType, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    boat(customer=str(customer().pk))

    with pytest.raises(Invalid) as refused:
        own_types.update_type(actor=actor, type_id=boats.pk, link="none")

    assert "link" in refused.value.problems


def test_a_retired_type_rests_and_comes_back_whole(actor: Actor, boats: OwnType, boat: Callable[..., Any]) -> None:
    boat(length="9.5")

    own_types.retire_type(actor=actor, type_id=boats.pk)

    assert BOAT not in record_types
    assert OwnRecord.objects.count() == 1
    own_types.reinstate_type(actor=actor, type_id=boats.pk)
    assert record_type(BOAT).field("length")


def test_fields_that_name_records_of_a_retired_type_harm_nothing(
    actor: Actor, boats: OwnType, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    fields.create_field(actor=actor, record_type="customer", label="Flagship", kind="relation", target=BOAT)
    marta = customer(flagship=str(boat().pk))

    own_types.retire_type(actor=actor, type_id=boats.pk)

    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Delft"})
    with pytest.raises(Invalid):
        records.update_record(
            actor=actor, record_type="customer", record_id=marta.pk, values={"flagship": str(marta.pk)}
        )
    assert list(record_type("customer").relations)


def test_removing_asks_for_the_name_and_takes_everything(
    actor: Actor, boats: OwnType, boat: Callable[..., Any]
) -> None:
    seagull = boat()
    records.update_record(actor=actor, record_type=BOAT, record_id=seagull.pk, values={"length": "9"})
    own_types.create_type(actor=actor, label="Car", plural="Cars")
    records.create_record(actor=actor, record_type="x_car", values={"name": "Duck"})

    with pytest.raises(Invalid):
        own_types.remove_type(actor=actor, type_id=boats.pk, confirmation="yes")
    assert OwnRecord.objects.filter(type=BOAT).count() == 1

    assert own_types.remove_type(actor=actor, type_id=boats.pk, confirmation="boats") == 1
    assert BOAT not in record_types
    assert [record.type for record in OwnRecord.objects.all()] == ["x_car"]
    assert not CustomField.objects.filter(record_type=BOAT).exists()
    assert not Change.objects.filter(record_type=BOAT).exists()
    entry = AuditEntry.objects.get(action="own_type_removed")
    assert "Boats" in str(entry.detail)


def test_every_icon_is_drawn() -> None:
    from django.contrib.staticfiles import finders

    sprite = finders.find("vendor/icons.svg")
    assert sprite, "`rapport assets` builds the sprite"
    drawn = Path(sprite).read_text()

    assert [icon for icon in ICONS if f'id="{icon}"' not in drawn] == []


def _seat(user: User) -> Any:
    from rapport.foundation.workspace.models import Member

    return Member.objects.get(user_id=user.pk).pk
