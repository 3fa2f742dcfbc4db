from dataclasses import replace

import pytest
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.records.queries.search import find_records
from rapport.foundation.records.services import records
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, RecordRules, RolePolicy, RowRule, Rows
from rapport.stores.customers.models import Customer
from rapport.stores.customers.queries.search import customer_hits, find_customers
from rapport.stores.customers.services import contact_points
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation


def names(actor: Actor, words: str, limit: int = 8) -> list[str]:
    return [each.label for each in find_customers(actor, words, limit)]


@pytest.fixture
def people(actor: Actor) -> None:
    make_customer("Marta Oliveira", email="marta@pedal.example", phone="+31105550142", city="Rotterdam")
    make_customer("Omar Haddad", city="Łódź")
    make_customer("Rui Costa", email="rui@pedal.example")
    make_organisation("Grünwerk Logistik", city="München")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("marta", "Marta Oliveira"),
        ("MARTA", "Marta Oliveira"),
        ("oliv", "Marta Oliveira"),
        ("oliveira marta", "Marta Oliveira"),
        ("olivera", "Marta Oliveira"),
        ("oliveria", "Marta Oliveira"),
        ("mrata", "Marta Oliveira"),
        ("martha oliveira", "Marta Oliveira"),
        ("marta roterdam", "Marta Oliveira"),
        ("marta@pedal.example", "Marta Oliveira"),
        ("010 555 0142", "Marta Oliveira"),
        ("+31 10 555 0142", "Marta Oliveira"),
        ("0031105550142", "Marta Oliveira"),
        ("grunwerk", "Grünwerk Logistik"),
        ("Grünwrek", "Grünwerk Logistik"),
        ("munchen", "Grünwerk Logistik"),
        ("lodz", "Omar Haddad"),
        ("om", "Omar Haddad"),
        ("ru", "Rui Costa"),
    ],
)
def test_what_people_type_finds_whom_they_mean(actor: Actor, words: str, first: str) -> None:
    assert names(actor, words)[:1] == [first]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "words",
    ["", " ", "x", "zzzzzz", "'; drop table", "%", "_____", "\\", "a" * 5000, "\x00", "<script>", "marta hamburg"],
)
def test_what_fits_nobody_finds_nobody(actor: Actor, words: str) -> None:
    assert names(actor, words) == []


def test_beginning_of_the_name_comes_first_then_the_latest(actor: Actor) -> None:
    make_customer("Omar Haddad")
    make_customer("Rui Costa", email="mar@firm.example")
    make_customer("Marta One")
    make_customer("Marta Two")

    assert names(actor, "mar") == ["Marta Two", "Marta One", "Rui Costa", "Omar Haddad"]


def test_second_address_and_external_id_lead_to_the_customer(actor: Actor) -> None:
    marta, twin = make_customer("Marta"), make_customer("Twin")
    contact_points.add_identity(actor=actor, customer_id=twin.pk, kind="email", value="first@home.example")
    contact_points.add_identity(actor=actor, customer_id=twin.pk, kind="email", value="second@home.example")
    contact_points.add_identity(actor=actor, customer_id=twin.pk, kind="external", value="K-77", namespace="shopify")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    assert names(actor, "second@home.example") == names(actor, "SECOND@home.example") == ["Marta"]
    assert names(actor, "K-77") == ["Marta"]


def test_binned_and_merged_customers_are_not_found(actor: Actor) -> None:
    binned, survivor, absorbed = make_customer("Joost Prins"), make_customer("Joost Blom"), make_customer("Joost Smit")
    records.bin_records(actor=actor, record_type="customer", ids=[binned.pk])
    merge_customers(actor=actor, surviving_id=survivor.pk, absorbed_id=absorbed.pk)

    assert names(actor, "joost") == ["Joost Blom"]


def test_row_rule_holds(actor: Actor) -> None:
    own = RolePolicy("own", "Own", default=RecordRules({Action.READ: RowRule(Rows.OWN)}))
    colleague = replace(actor, role=own)
    make_customer("Joost Prins", email="joost@home.example")
    make_customer("Joost Blom", owner=str(actor.member_id))

    assert names(colleague, "joost") == names(colleague, "jost") == ["Joost Blom"]
    assert names(colleague, "joost@home.example") == []


def test_hidden_field_neither_shows_nor_betrays_itself(actor: Actor) -> None:
    make_customer(
        "Marta Oliveira",
        email="secret@pedal.example",
        phone="+31105550142",
        city="Rotterdam",
        organisation_name="Pedal",
    )
    hidden = dict.fromkeys(("email", "phone", "city", "organisation_name"), FieldAccess.HIDDEN)
    blind = replace(
        actor,
        role=RolePolicy("blind", "Blind", records={"customer": RecordRules({Action.READ: RowRule(Rows.ALL)}, hidden)}),
    )

    assert [(each.label, each.hint) for each in find_customers(blind, "marta", 5)] == [("Marta Oliveira", "")]
    assert names(blind, "olivera") == ["Marta Oliveira"]
    for words in ("secret", "secret@pedal.example", "+31105550142", "rotterdam", "roterdam", "pedal"):
        assert names(blind, words) == []
        assert names(actor, words) == ["Marta Oliveira"]


@pytest.mark.urls("rapport.config.workspace_urls")
def test_hits_lead_to_the_page_and_tell_people_apart(actor: Actor) -> None:
    firm = make_organisation("Pedal & Post", city="Rotterdam")
    make_customer("Marta", organisation_name="Pedal & Post")

    hits = {hit.label: hit for hit in customer_hits(actor, "pedal", 5)}

    assert (hits["Pedal & Post"].icon, hits["Pedal & Post"].hint) == ("building", "Rotterdam")
    assert str(firm.pk) in hits["Pedal & Post"].url
    assert (hits["Marta"].icon, hits["Marta"].hint) == ("user", "Pedal & Post")


def test_chooser_finds_records_of_its_type(actor: Actor) -> None:
    make_customer("Marta")

    assert [each.label for each in find_records(actor=actor, record_type="customer", words="mart")] == ["Marta"]
    assert find_records(actor=actor, record_type="nothing", words="mart") == []


def test_number_of_queries_is_bounded(actor: Actor, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    Customer.objects.bulk_create([Customer(name=f"Marta {number}", search=f"marta {number}") for number in range(400)])

    with django_assert_max_num_queries(8):
        assert len(names(actor, "marta", 20)) == 20
    with django_assert_max_num_queries(10):
        assert len(names(actor, "mratu", 20)) == 0
