"""Adding, changing and binning customers over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.records.models import Change
from rapport.foundation.records.services import fields, records
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.pages.factories import HOME, HTMX, page


def test_person_is_added_and_can_be_taken_back(browser: Client) -> None:
    response = browser.post(
        f"{HOME}/customers/new",
        {
            "kind": "person",
            "given_name": "Marta",
            "family_name": "Oliveira",
            "phone": "010 555 0142",
            "country": "NL",
            "tags": "vip, fleet",
        },
    )

    marta = Customer.objects.get()
    assert (response.status_code, response["Location"]) == (303, page(marta))
    assert (marta.name, marta.phone, marta.tags, marta.kind) == (
        "Marta Oliveira",
        "+31105550142",
        ["vip", "fleet"],
        "person",
    )
    shown = browser.get(page(marta)).content.decode()
    assert f"operations/{marta.operation_id}/undo" in shown


def test_each_kind_is_asked_for_what_it_has(browser: Client) -> None:
    person = browser.get(f"{HOME}/customers/new?kind=person").content.decode()
    organisation = browser.get(f"{HOME}/customers/new?kind=organisation").content.decode()
    household = browser.get(f"{HOME}/customers/new?kind=household").content.decode()

    assert 'name="given_name"' in person
    assert 'name="birth_date"' in person
    for text in (organisation, household):
        assert 'name="name"' in text
        assert 'name="given_name"' not in text
        assert 'name="birth_date"' not in text
    assert 'name="website"' not in household


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Give a name"),
        ({"given_name": "Marta", "email": "marta@"}, "is not an e-mail address"),
        ({"given_name": "Marta", "phone": "12"}, "is not a phone number"),
        ({"given_name": "x" * 600}, "At most 500 characters"),
        ({"given_name": "Marta", "birth_date": "31.2.2020"}, "is not a date"),
        ({"given_name": "Marta", "owner": "00000000-0000-7000-8000-000000000000"}, "no such colleague"),
        ({"given_name": "Marta", "fleet": "many"}, "is not a number"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(browser: Client, actor: Actor, sent: dict[str, str], said: str) -> None:
    fields.create_field(actor=actor, record_type="customer", label="Fleet", name="fleet", kind="number")

    response = browser.post(f"{HOME}/customers/new", {"kind": "person", **sent})

    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Customer.objects.exists()


def test_required_field_of_ones_own_must_be_filled_in(browser: Client, actor: Actor) -> None:
    fields.create_field(actor=actor, record_type="customer", label="Card", name="card", kind="text", is_required=True)

    refused = browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta"})
    accepted = browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta", "card": "7"})

    assert (refused.status_code, accepted.status_code) == (422, 303)
    assert "This is needed." in refused.content.decode()
    assert Customer.objects.get().custom == {"card": "7"}


def test_every_kind_of_field_goes_through_the_form_and_back(browser: Client, actor: Actor) -> None:
    friend = make_customer("Rui Costa")
    kinds: dict[str, tuple[dict[str, Any], Any]] = {
        "text": ({"f_text": " a  b "}, "a b"),
        "long_text": ({"f_long_text": "a\nb"}, "a\nb"),
        "number": ({"f_number": "12.50"}, "12.5"),
        "money": ({"f_money__amount": "3.5", "f_money__currency": "USD"}, {"amount": "3.5", "currency": "USD"}),
        "date": ({"f_date": "2026-11-30"}, "2026-11-30"),
        "instant": ({"f_instant": "2026-11-30T14:05"}, "2026-11-30T13:05:00Z"),
        "choice": ({"f_choice": "b"}, "b"),
        "multi_choice": ({"f_multi_choice": ["a", "b"]}, ["a", "b"]),
        "boolean": ({"f_boolean": "false"}, False),
        "url": ({"f_url": "pedal.example/x"}, "https://pedal.example/x"),
        "email": ({"f_email": "A@Pedal.example"}, "a@pedal.example"),
        "phone": ({"f_phone": "+31 10 555 0142"}, "+31105550142"),
        "relation": ({"f_relation": str(friend.pk)}, str(friend.pk)),
        "member": ({"f_member": str(actor.member_id)}, str(actor.member_id)),
    }
    for kind in kinds:
        choices = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}] if "choice" in kind else []
        fields.create_field(
            actor=actor, record_type="customer", label=kind, name=f"f_{kind}", kind=kind, choices=choices
        )
    sent = {name: value for values, _ in kinds.values() for name, value in values.items()}

    browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta", **sent})

    marta = Customer.objects.get(given_name="Marta")
    assert marta.custom == {f"f_{kind}": stored for kind, (_, stored) in kinds.items()}
    form = browser.get(page(marta, "edit"))
    unchanged = _sent_as_shown(form.content.decode())
    assert browser.post(page(marta, "edit"), unchanged).status_code == 303
    assert not Change.objects.filter(record_id=marta.pk).exists()
    assert "Rui Costa" in browser.get(page(marta)).content.decode()


def _sent_as_shown(html: str) -> dict[str, Any]:
    """What a browser would send if nobody touched the form."""
    from html.parser import HTMLParser

    sent: dict[str, Any] = {}

    class Reader(HTMLParser):
        inside, select, text = False, "", ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = {name: value or "" for name, value in attrs}
            self.inside = self.inside or given.get("id") == "customer-form"
            name = given.get("name", "")
            if not self.inside:
                return
            if tag == "input" and name:
                kind = given.get("type", "text")
                if kind in ("checkbox", "radio") and "checked" not in given:
                    return
                if kind == "checkbox":
                    sent.setdefault(name, []).append(given.get("value", "on"))
                else:
                    sent[name] = given.get("value", "")
            elif tag == "select":
                self.select = name
                sent[name] = None
            elif tag == "option" and self.select and (sent[self.select] is None or "selected" in given):
                sent[self.select] = given.get("value", "")
            elif tag == "textarea":
                self.text = name
                sent[name] = ""

        def handle_data(self, data: str) -> None:
            if self.text:
                sent[self.text] += data

        def handle_endtag(self, tag: str) -> None:
            if tag == "textarea":
                sent[self.text] = sent[self.text].removeprefix("\n")
            self.text = "" if tag == "textarea" else self.text
            self.select = "" if tag == "select" else self.select
            self.inside = self.inside and tag != "form"

    Reader().feed(html)
    return {name: value for name, value in sent.items() if value is not None}


def test_dialog_gets_the_form_alone_and_closes_when_it_is_saved(browser: Client) -> None:
    dialog = {**HTMX, "Rapport-Dialog": "true"}

    form = browser.get(f"{HOME}/customers/new", headers=dialog)
    refused = browser.post(f"{HOME}/customers/new", {"kind": "person"}, headers=dialog)
    saved = browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta"}, headers=dialog)
    another = browser.post(
        f"{HOME}/customers/new", {"kind": "person", "given_name": "Rui", "another": "1"}, headers=dialog
    )

    assert b"<html" not in form.content
    assert b"data-sheet-title" in form.content
    assert (refused.status_code, saved.status_code, another.status_code) == (422, 204, 200)
    assert set(json.loads(saved["HX-Trigger"])) == {"saved", "toast"}
    assert "Rui" in json.loads(another["HX-Trigger"])["toast"]["text"]
    assert b'value="Rui"' not in another.content
    assert Customer.objects.count() == 2


def test_twins_are_pointed_out_while_typing(browser: Client) -> None:
    make_customer("Marta Oliveira", email="marta@pedal.example")

    hint = browser.post(f"{HOME}/customers/twins", {"email": "marta@pedal.example"}, headers=HTMX).content.decode()
    nothing = browser.post(f"{HOME}/customers/twins", {"email": "new@pedal.example"}, headers=HTMX).content.decode()

    assert "Marta Oliveira" in hint
    assert "same e-mail address" in hint
    assert "Marta" not in nothing


def test_change_is_saved_with_what_differs_only(browser: Client) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())

    response = browser.post(page(marta, "edit"), {**sent, "city": "Gouda"})

    assert response.status_code == 303
    change = Change.objects.get(record_id=marta.pk)
    assert (change.before, change.after) == ({"city": "Delft"}, {"city": "Gouda"})


def test_who_writes_at_once_chooses_between_both(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())
    records.update_record(
        actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht", "source": "fair"}
    )

    met = browser.post(page(marta, "edit"), {**sent, "city": "Gouda", "job_title": "Lead"})
    again = _sent_as_shown(met.content.decode())

    text = met.content.decode()
    assert met.status_code == 409
    assert "Ada changed this while you were writing." in text
    assert "Theirs: Utrecht" in text
    assert "Yours: Gouda" in text
    marta.refresh_from_db()
    assert (marta.city, marta.job_title) == ("Utrecht", "")

    kept = browser.post(page(marta, "edit"), {**again, "keep_city": "theirs"})
    marta.refresh_from_db()
    assert (kept.status_code, marta.city, marta.job_title, marta.source) == (303, "Utrecht", "Lead", "fair")


def test_own_value_can_win_a_conflict(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})
    again = _sent_as_shown(browser.post(page(marta, "edit"), {**sent, "city": "Gouda"}).content.decode())

    assert browser.post(page(marta, "edit"), {**again, "keep_city": "mine"}).status_code == 303

    marta.refresh_from_db()
    assert marta.city == "Gouda"


def test_change_of_another_field_is_no_conflict(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"source": "fair"})

    assert browser.post(page(marta, "edit"), {**sent, "city": "Gouda"}).status_code == 303

    marta.refresh_from_db()
    assert (marta.city, marta.source) == ("Gouda", "fair")


def test_customer_is_put_in_the_bin_and_comes_back(browser: Client) -> None:
    marta = make_customer()

    response = browser.post(page(marta, "bin"))
    assert (response.status_code, browser.get(page(marta)).status_code) == (303, 404)
    text = browser.get(f"{HOME}/records/bin").content.decode()
    assert "Marta Oliveira" in text
    assert "Ada" in text
    assert "Marta" in browser.get(f"{HOME}/records/bin?q=olivei").content.decode()
    assert "Nothing in the bin matches" in browser.get(f"{HOME}/records/bin?q=rui").content.decode()

    browser.post(f"{HOME}/records/bin/customer/restore", {"ids": [str(marta.pk), "nonsense"]})

    assert browser.get(page(marta)).status_code == 200
