"""Relationships over HTTP."""

from __future__ import annotations

from django.test import Client

from rapport.stores.customers.tests.factories import make_customer, make_organisation, make_relation
from rapport.stores.customers.tests.pages.factories import page


def test_relationship_is_chosen_without_a_script(browser: Client) -> None:
    marta, firm = make_customer(), make_organisation()

    searched = browser.post(page(marta, "relationships/new"), {"type": "works_at", "to__q": "pedal"})

    assert searched.status_code == 422
    assert f'value="{firm.pk}"' in searched.content.decode()


def test_people_of_an_organisation_are_listed(browser: Client) -> None:
    firm, marta = make_organisation(), make_customer(job_title="Fleet lead")
    make_relation(marta, "works_at", firm)

    text = browser.get(page(firm)).content.decode()

    assert "Show the touch points of these people too" in text
    assert "Fleet lead" in text
    assert "1 person" in text
    assert "Show only their own touch points" in browser.get(page(firm, "?people=1")).content.decode()
