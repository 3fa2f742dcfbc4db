"""The small forms on a customer’s page."""

from __future__ import annotations

from django.test import Client

from rapport.stores.customers.models import Address, Relationship
from rapport.stores.customers.tests.factories import make_customer, make_organisation
from rapport.stores.customers.tests.pages.factories import page


def test_small_forms_add_change_and_remove(browser: Client) -> None:
    marta, firm = make_customer(), make_organisation()

    assert browser.post(page(marta, "addresses/new"), {"purpose": "main"}).status_code == 422
    assert (
        browser.post(page(marta, "addresses/new"), {"purpose": "main", "street": "Kade 1", "city": "Delft"}).status_code
        == 303
    )
    address = Address.objects.get()
    assert (
        browser.post(page(marta, f"addresses/{address.pk}"), {"purpose": "billing", "street": "Kade 2"}).status_code
        == 303
    )
    address.refresh_from_db()
    assert (address.street, address.city, address.purpose) == ("Kade 2", "", "billing")
    assert browser.post(page(marta, f"addresses/{address.pk}/remove")).status_code == 303

    assert browser.post(page(marta, "identities/new"), {"kind": "email", "value": "m@home.example"}).status_code == 303
    taken = browser.post(page(firm, "identities/new"), {"kind": "email", "value": "m@home.example"})
    assert taken.status_code == 422
    assert f"merge?other={marta.pk}" in taken.content.decode()

    assert (
        browser.post(
            page(firm, "relationships/new"), {"type": "works_at__inverse", "to": str(marta.pk), "role": "Lead"}
        ).status_code
        == 303
    )
    row = Relationship.objects.get()
    assert (row.from_customer_id, row.to_customer_id) == (marta.pk, firm.pk)
    assert (
        browser.post(page(firm, f"relationships/{row.pk}"), {"role": "CFO", "since": "2026-01-01"}).status_code == 303
    )
    assert browser.post(page(marta, f"relationships/{row.pk}/remove")).status_code == 303
    assert (Address.objects.count(), Relationship.objects.count()) == (0, 0)

    browser.post(page(marta, "tags"), {"add": "vip, fleet"})
    browser.post(page(marta, "tags"), {"remove": "vip"})
    marta.refresh_from_db()
    assert marta.tags == ["fleet"]
