from dataclasses import replace
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.workspace.types import Actor, FieldAccess, RecordRules, RolePolicy
from rapport.stores.customers.queries.customers import possible_twins
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer


def twins(actor: Actor, **values: Any) -> list[tuple[str, str]]:
    return [(twin.name, twin.reason) for twin in possible_twins(actor=actor, values=values, region="NL")]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"email": " MARTA@pedal.example "}, "email"),
        ({"phone": "010 555 0142"}, "phone"),
        ({"phone": "+31 10 555 0142"}, "phone"),
        ({"name": "marta  OLIVEIRA"}, "name"),
        ({"given_name": "Márta", "family_name": "Oliveira"}, "name"),
        ({"name": "Somebody else", "email": "marta@pedal.example"}, "email"),
    ],
)
def test_customer_who_is_there_already_is_pointed_out(actor: Actor, typed: dict[str, str], reason: str) -> None:
    make_customer("Marta Oliveira", email="marta@pedal.example", phone="+31105550142")

    assert twins(actor, **typed) == [("Marta Oliveira", reason)]


@pytest.mark.parametrize(
    "typed", [{}, {"name": "Ma"}, {"name": "Marta"}, {"email": "marta@"}, {"phone": "12"}, {"name": "\x00%"}]
)
def test_half_of_it_is_no_hint(actor: Actor, typed: dict[str, str]) -> None:
    make_customer("Marta Oliveira", email="marta@pedal.example", phone="+31105550142")

    assert twins(actor, **typed) == []


def test_merged_customer_is_pointed_out_as_the_one_it_is_now(actor: Actor) -> None:
    marta, twin = make_customer("Marta"), make_customer("Twin", email="twin@pedal.example")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    assert twins(actor, email="twin@pedal.example") == [("Marta", "email")]


def test_hidden_address_is_not_confirmed(actor: Actor) -> None:
    make_customer("Marta", email="marta@pedal.example")
    rules = RecordRules(actor.role.rules("customer").actions, {"email": FieldAccess.HIDDEN})
    blind = replace(actor, role=RolePolicy("blind", "Blind", records={"customer": rules}))

    assert twins(blind, email="marta@pedal.example") == []


def test_three_queries_at_most(actor: Actor, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(20):
        make_customer("Marta", email=f"m{number}@pedal.example")

    with django_assert_max_num_queries(3):
        assert len(twins(actor, name="Marta", email="m3@pedal.example", phone="+31105550142")) == 5
