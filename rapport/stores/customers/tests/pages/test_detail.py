"""The page of a customer: what it shows and what is changed on it."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.records.services import records
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.services import addresses
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation, make_relation
from rapport.stores.customers.tests.pages.factories import HOME, HOSTILE, HTMX, furnished, page


def test_page_shows_what_is_known(browser: Client, actor: Actor) -> None:
    marta = furnished(actor)

    text = browser.get(page(marta)).content.decode()

    for said in (
        "Marta Oliveira",
        "marta@pedal.example",
        "+31 10 555 0142",
        "works at",
        "Rui Marta",
        "Twin Marta",
        "Shoe Marta",
        "Looked after by Ada",
    ):
        assert said in text


def test_merged_id_leads_to_the_survivor(browser: Client, actor: Actor) -> None:
    marta, twin = make_customer(), make_customer("Twin")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    response = browser.get(page(twin))

    assert (response.status_code, response["Location"]) == (303, page(marta))


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "edit",
        "history",
        "merge",
        "export",
        "addresses/new",
        "identities/new",
        "relationships/new",
        "files/new",
        "facts/city",
    ],
)
def test_nobody_is_not_found(browser: Client, rest: str) -> None:
    assert browser.get(f"{HOME}/customers/00000000-0000-7000-8000-000000000000/{rest}").status_code == 404


def test_page_asks_at_most_fifteen_queries_whatever_there_is(
    browser: Client, actor: Actor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    marta = furnished(actor)
    for number in range(12):
        make_relation(marta, "knows", make_customer(f"Friend {number}"))
        addresses.add_address(actor=actor, customer_id=marta.pk, values={"street": f"Kade {number}"})
    browser.get(page(marta))

    for rest in ("", "edit", "history", "merge", "relationships/new"):
        with django_assert_max_num_queries(15):
            assert browser.get(page(marta, rest)).status_code == 200
    for url in (
        "/customers/new",
        "/customers/duplicates/",
        "/customers/relationship-types/",
        "/records/changes",
        "/records/bin",
        "/records/fields/",
    ):
        with django_assert_max_num_queries(15):
            assert browser.get(HOME + url).status_code == 200


@pytest.mark.parametrize("url", ["", "edit", "history", "merge", "addresses/new", "relationships/new"])
def test_hostile_text_is_shown_as_text(browser: Client, actor: Actor, url: str) -> None:
    marta = furnished(actor, HOSTILE)

    text = browser.get(page(marta, url)).content.decode()

    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "alert(1)" in text


@pytest.mark.parametrize(
    "url",
    ["/records/changes", "/records/fields/", "/customers/duplicates/", "/find?q=alert", "/customers/", "/records/bin"],
)
def test_hostile_text_is_shown_as_text_on_pages_of_many(browser: Client, actor: Actor, url: str) -> None:
    marta = furnished(actor, HOSTILE)
    make_customer(HOSTILE, city=marta.city, organisation_name=marta.organisation_name)
    browser.post(f"{HOME}/customers/duplicates/look")
    records.bin_records(actor=actor, record_type="customer", ids=[make_customer(HOSTILE).pk])

    text = browser.get(HOME + url).content.decode()

    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_address_of_another_script_never_becomes_a_link(browser: Client, actor: Actor) -> None:
    marta = make_customer()
    Customer.objects.filter(pk=marta.pk).update(website="javascript:alert(1)")

    text = browser.get(page(marta)).content.decode()

    assert 'href="javascript:' not in text


def test_fact_is_changed_in_place(browser: Client) -> None:
    marta = make_customer("Marta", city="Delft")

    form = browser.get(page(marta, "facts/city"), headers=HTMX).content.decode()
    seen = json.dumps({"version": 1, "values": {"city": "Delft"}})
    saved = browser.post(page(marta, "facts/city"), {"city": "Gouda", "seen": seen}, headers=HTMX)

    assert 'name="city"' in form
    assert "Gouda" in saved.content.decode()
    assert json.loads(saved["HX-Trigger"])["toast"]["undo_url"]
    marta.refresh_from_db()
    assert marta.city == "Gouda"


def test_fact_that_is_refused_stays_open_with_the_reason(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta", email="marta@pedal.example", city="Delft")
    seen = json.dumps({"version": 1, "values": {"city": "Delft"}})
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})

    refused = browser.post(page(marta, "facts/email"), {"email": "nobody"}, headers=HTMX)
    met = browser.post(page(marta, "facts/city"), {"city": "Gouda", "seen": seen}, headers=HTMX)

    assert (refused.status_code, met.status_code) == (422, 409)
    assert "is not an e-mail address" in refused.content.decode()
    assert "Theirs: Utrecht" in met.content.decode()
    assert browser.get(page(marta, "facts/city")).status_code == 303  # without htmx: the form of all fields
    assert browser.get(page(marta, "facts/nothing"), headers=HTMX).status_code == 404


@pytest.mark.parametrize("seen", ["", "{", "[]", '{"values": 3}', '{"version": "x"}', "null"])
def test_nonsense_in_what_was_seen_is_no_error(browser: Client, seen: str) -> None:
    marta = make_customer("Marta", city="Delft")

    assert browser.post(page(marta, "facts/city"), {"city": "Gouda", "seen": seen}, headers=HTMX).status_code == 200


def test_touch_points_of_people_come_along_when_asked_for(
    browser: Client, actor: Actor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    firm, marta, twin = make_organisation(), make_customer(), make_customer("Twin")
    make_relation(marta, "works_at", firm)
    for who, words in ((firm, "of the firm"), (marta, "of Marta"), (twin, "of her twin")):
        browser.post(page(who, "touchpoints/"), {"kind": "note", "body": words})
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    alone = browser.get(page(firm)).content.decode()
    with django_assert_max_num_queries(15):
        together = browser.get(page(firm, "?people=1")).content.decode()
    filtered = browser.get(page(firm, "timeline/?people=1&q=twin"), headers=HTMX).content.decode()

    assert "of the firm" in alone
    assert "of Marta" not in alone
    for words in ("of the firm", "of Marta", "of her twin"):
        assert words in together
    assert together.count(">Marta Oliveira</a>: ") == 2
    assert "of her twin" in filtered
    assert "of the firm" not in filtered
