from dataclasses import replace
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor, FieldAccess, RecordRules, RolePolicy
from rapport.stores.customers.queries.detail import Moved, dossier
from rapport.stores.customers.services import addresses, contact_points
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation, make_relation


def test_dossier_gathers_what_hangs_on_all_ids(actor: Actor) -> None:
    marta, twin, firm = (
        make_customer(email="m@pedal.example"),
        make_customer("M. Oliveira", email="m@home.example"),
        make_organisation(),
    )
    addresses.add_address(actor=actor, customer_id=twin.pk, values={"city": "Delft", "purpose": "billing"})
    make_relation(twin, "works_at", firm)
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    found = dossier(actor=actor, customer_id=marta.pk)

    assert found.ids == [marta.pk, twin.pk]
    assert {(each.value, each.is_first) for each in found.identities} == {
        ("m@pedal.example", True),
        ("m@home.example", False),
    }
    assert [(each.purpose.value, each.town) for each in found.addresses] == [("billing", "Delft")]
    assert [(each.label, each.name, each.other_id) for each in found.relationships] == [
        ("works at", "Pedal & Post", firm.pk)
    ]
    assert [(each.name, each.actor_name) for each in found.merges] == [("M. Oliveira", "Ada")]
    assert found.changed_by == "Ada"
    assert found.values["email"] == "m@pedal.example"


def test_merged_id_says_where_the_customer_is_now(actor: Actor) -> None:
    marta, twin = make_customer(), make_customer("M. Oliveira")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    with pytest.raises(Moved) as moved:
        dossier(actor=actor, customer_id=twin.pk)

    assert moved.value.surviving_id == marta.pk


def test_hidden_fields_take_what_they_name_along(actor: Actor) -> None:
    marta = make_customer(email="m@pedal.example", phone="+31205550100", city="Delft")
    addresses.add_address(actor=actor, customer_id=marta.pk, values={"city": "Delft"})
    rules = RecordRules(
        actor.role.rules("customer").actions,
        {"email": FieldAccess.HIDDEN, "city": FieldAccess.HIDDEN, "job_title": FieldAccess.HIDDEN},
    )
    blind = replace(actor, role=RolePolicy("blind", "Blind", records={"customer": rules}))

    found = dossier(actor=blind, customer_id=marta.pk)

    assert [each.value for each in found.identities] == ["+31205550100"]
    assert found.addresses == ()
    assert not {"email", "city", "job_title"} & set(found.values)


def test_one_query_whatever_hangs_on_the_customer(
    actor: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    marta = make_customer(email="m@pedal.example")
    for number in range(6):
        contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value=f"m{number}@home.example")
        addresses.add_address(actor=actor, customer_id=marta.pk, values={"street": f"Kade {number}"})
        make_relation(marta, "knows", make_customer(f"Friend {number}"))

    with django_assert_num_queries(1):
        found = dossier(actor=actor, customer_id=marta.pk)

    assert (len(found.identities), len(found.addresses), len(found.relationships)) == (7, 6, 6)


def test_nobody_is_not_found(actor: Actor) -> None:

    with pytest.raises(NotFound):
        dossier(actor=actor, customer_id=uuid4())
