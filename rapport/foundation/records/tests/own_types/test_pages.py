"""Pages of own types and their records, as people meet them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import OwnRecord, OwnType, SavedView
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.services import own_types, records
from rapport.foundation.records.tests.own_types.conftest import BOAT
from rapport.foundation.workspace.types import Actor

pytestmark = pytest.mark.django_db
HOME, HTMX = "/w/kestrel/records", {"HX-Request": "true"}
LIST = f"{HOME}/{BOAT}/"


@pytest.fixture
def browser(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    return client_for(ada)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_defining_a_type_leads_to_its_fields_and_into_the_menu(browser: Client, workspace: Any) -> None:
    assert browser.get(f"{HOME}/types/").status_code == 200
    sent = {"label": "Boat", "plural": "Boats", "title_label": "Name of the boat", "link": "may", "icon": "rocket"}

    response = browser.post(f"{HOME}/types/new", sent)

    assert (response.status_code, response["Location"]) == (303, f"{HOME}/fields/?type={BOAT}")
    page = text(browser.get(response["Location"]))
    assert "Add their fields" in page
    assert f'href="{LIST}"' in page
    listed = text(browser.get(LIST))
    assert "<h1>Boats</h1>" in listed
    assert f"{HOME}/{BOAT}/new" in listed
    assert BOAT in text(browser.get(f"{HOME}/types/"))


def test_a_form_with_mistakes_comes_back(browser: Client, boats: OwnType) -> None:
    response = browser.post(f"{HOME}/types/new", {"label": "Ship", "plural": "Boats", "link": "may", "icon": "tag"})

    assert response.status_code == 422
    assert "There is a record type of this name already." in text(response)


def test_types_are_renamed_retired_and_removed(browser: Client, boats: OwnType, boat: Callable[..., Any]) -> None:
    boat()
    sent = {"label": "Ship", "plural": "Ships", "title_label": "Name", "link": "may", "icon": "tag"}
    assert browser.post(f"{HOME}/types/{boats.pk}", sent).status_code == 303
    assert "<h1>Ships</h1>" in text(browser.get(LIST))

    browser.post(f"{HOME}/types/{boats.pk}/retire")
    assert browser.get(LIST).status_code == 404
    browser.post(f"{HOME}/types/{boats.pk}/reinstate")
    assert browser.get(LIST).status_code == 200

    assert "1 record goes for good" in text(browser.get(f"{HOME}/types/{boats.pk}/remove"))
    assert browser.post(f"{HOME}/types/{boats.pk}/remove", {"confirmation": "no"}).status_code == 422
    assert OwnRecord.objects.exists()
    assert browser.post(f"{HOME}/types/{boats.pk}/remove", {"confirmation": "Ships"}).status_code == 303
    assert not OwnRecord.objects.exists()
    assert browser.get(LIST).status_code == 404


def test_a_record_is_added_shown_changed_tagged_and_put_away(
    browser: Client, boats: OwnType, customer: Callable[..., Any]
) -> None:
    marta = customer()
    form = browser.get(f"{LIST}new", {"customer": str(marta.pk), "back": f"/w/kestrel/customers/{marta.pk}/"})
    assert "Marta Oliveira" in text(form)

    sent = {"name": "Seagull", "length": "9.5", "customer": str(marta.pk), "kind_of_hull": "steel"}
    added = browser.post(f"{LIST}new?customer={marta.pk}", sent)
    seagull = OwnRecord.objects.get()
    page = f"{LIST}{seagull.pk}/"
    assert (added.status_code, added["Location"]) == (303, page)
    shown = text(browser.get(page))
    assert "Marta Oliveira" in shown
    assert "Steel" in shown

    form = record_version(browser, f"{page}edit")
    assert browser.post(f"{page}edit", {**sent, "name": "Albatross", "seen": form}).status_code == 303
    assert OwnRecord.objects.get().title == "Albatross"

    fact = browser.get(f"{page}facts/length", headers=HTMX)
    assert 'name="length"' in text(fact)
    saved = browser.post(f"{page}facts/length", {"length": "12", "seen": seen(fact)}, headers=HTMX)
    assert saved.status_code == 200
    assert OwnRecord.objects.get().custom["length"] == "12"
    bad = browser.post(f"{page}facts/length", {"length": "long", "seen": seen(fact)}, headers=HTMX)
    assert bad.status_code == 422

    browser.post(f"{page}tags", {"add": "fast, red"})
    browser.post(f"{page}tags", {"remove": "red"})
    assert OwnRecord.objects.get().tags == ["fast"]
    assert "Albatross" in text(browser.get(f"{page}history"))
    assert browser.post(f"{page}bin")["Location"] == LIST
    assert browser.get(page).status_code == 404
    assert "Albatross" in text(browser.get(f"{HOME}/bin?type={BOAT}"))


def seen(response: Any) -> str:
    import html
    import re

    found = re.search(r'name="seen" value="([^"]*)"', text(response))
    assert found
    return html.unescape(found[1])


def record_version(browser: Client, path: str) -> str:
    return seen(browser.get(path))


def test_somebody_else_was_first(browser: Client, actor: Actor, boat: Callable[..., Any]) -> None:
    seagull = boat(length="9")
    page = f"{LIST}{seagull.pk}/edit"
    before = record_version(browser, page)
    records.update_record(actor=actor, record_type=BOAT, record_id=seagull.pk, values={"length": "10"})

    response = browser.post(page, {"name": "Seagull", "length": "11", "seen": before})

    assert response.status_code == 409
    assert "Theirs: 10" in text(response)


def test_pages_of_others_lead_where_they_are(browser: Client, customer: Callable[..., Any]) -> None:
    marta = customer()

    assert browser.get(f"{HOME}/customer/")["Location"] == "/w/kestrel/customers/"
    assert browser.get(f"{HOME}/customer/{marta.pk}/")["Location"] == f"/w/kestrel/customers/{marta.pk}/"
    assert browser.get(f"{HOME}/customer/new").status_code == 404
    assert browser.get(f"{HOME}/touchpoint/{uuid4()}/").status_code == 404
    assert browser.get(f"{HOME}/x_nothing/").status_code == 404


def test_filters_columns_bulk_edits_and_views_of_boats(
    browser: Client, actor: Actor, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    marta = customer()
    tern, seagull = boat("Tern", length="4"), boat("Seagull", length="12", customer=str(marta.pk))
    long = '{"all":[{"field":"length","op":"more_than","value":9}]}'

    listed = text(browser.get(LIST, {"where": long, "columns": "length,customer,kind_of_hull"}))
    assert "Seagull" in listed
    assert "Tern" not in listed
    assert "Marta Oliveira" in listed

    acts = f"{HOME}/lists/{BOAT}/bulk"
    browser.post(
        acts,
        {
            "act": "edit",
            "field": "kind_of_hull",
            "value": "wood",
            "confirmed": "1",
            "ids": [str(tern.pk), str(seagull.pk)],
        },
    )
    assert {row.custom.get("kind_of_hull") for row in OwnRecord.objects.all()} == {"wood"}
    cell = f"{HOME}/lists/{BOAT}/rows/{tern.pk}/length"
    assert browser.post(cell, {"value": "5", "version": "2"}, headers=HTMX).status_code == 200
    assert OwnRecord.objects.get(title="Tern").custom["length"] == "5"
    browser.post(f"{HOME}/lists/{BOAT}/views/new", {"name": "Long ones", "where": long})
    view = SavedView.objects.get()
    assert (view.page, view.record_type) == (BOAT, BOAT)
    assert "Long ones" in text(browser.get(LIST, {"view": str(view.pk)}))


def test_customers_are_filtered_by_boats_in_sentences(
    browser: Client, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    marta, _jonas = customer(), customer("Jonas Berg")
    boat("Seagull", length="12", customer=str(marta.pk))
    where = '{"all":[{"relation":"x_boat__customer","quantifier":"any","where":{"all":[{"field":"length","op":"more_than","value":9}]}}]}'

    listed = text(browser.get("/w/kestrel/customers/", {"where": where}))

    assert "Marta Oliveira" in listed
    assert "Jonas Berg" not in listed
    assert "any boat" in listed
    menu = text(browser.get(f"{HOME}/lists/customers/filter", headers=HTMX))
    assert "relation%3Ax_boat__customer" in menu
    of_boats = text(
        browser.get(f"{HOME}/lists/customers/filter", {"where": where, "into": "/all/0", "add": "menu"}, headers=HTMX)
    )
    assert "field%3Alength" in of_boats
    assert "field%3Acity" not in of_boats


def test_pages_ask_the_same_for_one_and_for_many(
    browser: Client, actor: Actor, boat: Callable[..., Any], customer: Callable[..., Any]
) -> None:
    marta = customer()
    seagull = boat("Seagull", customer=str(marta.pk), owner=str(actor.member_id))
    boat("Dinghy", tender_of=str(seagull.pk))
    pages = [LIST, f"{LIST}{seagull.pk}/", f"{LIST}new", f"{HOME}/types/", f"{HOME}/fields/?type={BOAT}", f"/w/kestrel/customers/{marta.pk}/"]  # fmt: skip

    def asked() -> list[int]:
        numbers = []
        for page in pages:
            browser.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(page).status_code == 200
            numbers.append(len([one for one in queries.captured_queries if not one["sql"].startswith("SET search")]))
        return numbers

    few = asked()
    for n in range(12):
        boat(f"Tender {n}", customer=str(marta.pk), tender_of=str(seagull.pk), owner=str(actor.member_id))
        own_types.create_type(actor=actor, label=f"Thing {n}", plural=f"Things {n}")
    many = asked()

    assert max(few) <= 15
    assert [more - less for more, less in zip(many, few, strict=True)] == [0] * len(pages)


def test_roles_and_tokens_know_the_type(browser: Client, boats: OwnType) -> None:
    assert "Boats" in text(browser.get("/w/kestrel/settings/roles/member/"))
    with CaptureQueriesContext(connection) as few:
        browser.get("/w/kestrel/settings/roles/member/")
    assert len(few) <= 15
    assert record_type(BOAT).is_own
