"""Merging and duplicates over HTTP."""

from __future__ import annotations

from django.test import Client

from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.pages.factories import HOME, page


def test_merge_is_chosen_field_by_field_and_taken_back(browser: Client) -> None:
    marta, twin = (
        make_customer("Marta", city="Delft"),
        make_customer("M. Oliveira", city="Utrecht", phone="+31105550142"),
    )

    asked = browser.get(page(marta, "merge")).content.decode()
    compared = browser.get(page(marta, f"merge?other={twin.pk}")).content.decode()
    done = browser.post(
        page(marta, "merge"),
        {"other": str(twin.pk), "merge": "1", "choose_city": "absorbed", "choose_name": "surviving"},
    )

    assert "Who else is Marta?" in asked
    assert 'name="choose_city"' in compared
    assert (done.status_code, done["Location"]) == (303, page(marta))
    marta.refresh_from_db()
    assert (marta.name, marta.city, marta.phone) == ("Marta", "Utrecht", "+31105550142")
    shown = browser.get(page(marta)).content.decode()
    assert "M. Oliveira was merged into this customer by Ada" in shown

    merge_id = shown.partition("/merges/")[2].partition("/")[0]
    assert browser.post(page(marta, f"merges/{merge_id}/undo")).status_code == 303
    marta.refresh_from_db()
    assert (marta.city, marta.phone, browser.get(page(twin)).status_code) == ("Delft", "", 200)


def test_customer_cannot_be_merged_with_itself(browser: Client, actor: Actor) -> None:
    marta, twin = make_customer(), make_customer("Twin")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    for other in (marta.pk, twin.pk):
        response = browser.get(page(marta, f"merge?other={other}"))
        assert response.status_code == 422
        assert "This is the same customer." in response.content.decode()
    assert browser.get(page(marta, "merge?other=nonsense")).status_code == 200


def test_duplicates_are_looked_for_reviewed_and_dismissed(browser: Client) -> None:
    one, other = make_customer("Marta", email="m@pedal.example"), make_customer("M. Oliveira", email="m@pedal.example")

    assert "No pair waits for you" in browser.get(f"{HOME}/customers/duplicates/").content.decode()
    browser.post(f"{HOME}/customers/duplicates/look")
    text = browser.get(f"{HOME}/customers/duplicates/").content.decode()

    assert f"{one.pk}/merge?other={other.pk}" in text or f"{other.pk}/merge?other={one.pk}" in text
    assert "both: m@pedal.example" in text
    proposal = text.partition("/duplicates/")[2].partition("/dismiss")[0].rpartition("/")[2]
    browser.post(f"{HOME}/customers/duplicates/{proposal}/dismiss")
    assert "M. Oliveira" not in browser.get(f"{HOME}/customers/duplicates/").content.decode()
