"""Pages of sales, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rapport.applications.sales.models import Deal
from rapport.applications.sales.tests.factories import make_deal, make_pipeline
from rapport.foundation.accounts.models import User
from rapport.stores.customers.tests.factories import make_organisation

pytestmark = pytest.mark.django_db
BASE = "/w/kestrel"
HX = {"HX-Request": "true"}


@pytest.fixture
def browser(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    found = client_for(ada)
    found.get(f"{BASE}/settings/")
    return found


def text(response: Any) -> str:
    return str(response.content.decode())


def deal_url(deal: Deal) -> str:
    return f"{BASE}/records/deal/{deal.pk}/"


def test_the_list_shows_open_deals_with_their_stage(
    browser: Client, workspace: Any, django_assert_max_num_queries: Any
) -> None:
    customer = make_organisation("Grünwerk Logistik")
    for n in range(30):
        make_deal(f"Fleet {n}", customer, amount="1000", stage="propose")
    make_deal("Done", customer, amount="5", stage="won")

    with django_assert_max_num_queries(15):
        page = text(browser.get(f"{BASE}/sales/deals/"))
    won = text(browser.get(f"{BASE}/sales/deals/?view=won"))

    assert "Grünwerk Logistik" in page
    assert "Propose" in page
    assert "Done" in won
    assert "Fleet 1" not in won


def test_a_stage_is_changed_in_its_cell_and_the_rules_say_why_not(browser: Client, workspace: Any) -> None:
    deal = make_deal()
    cell = f"{BASE}/records/lists/deals/rows/{deal.pk}/stage"

    form = text(browser.get(cell, headers=HX))
    moved = browser.post(cell, {"value": "propose", "version": str(deal.version)}, headers=HX)
    refused = browser.post(cell, {"value": "won", "version": "2"}, headers=HX)

    deal.refresh_from_db()
    assert "Understand" in form
    assert (moved.status_code, refused.status_code) == (200, 422)
    assert "A won deal has an amount" in text(refused)
    assert deal.stage == "propose"


def test_the_customer_page_shows_its_deals(browser: Client, workspace: Any, django_assert_max_num_queries: Any) -> None:
    customer = make_organisation()
    make_deal("20 Box 3", customer, amount="142000")
    make_deal("Dollars", customer, amount="5", currency="USD")

    page = text(browser.get(f"{BASE}/customers/{customer.pk}/"))
    with django_assert_max_num_queries(15):
        panel = text(browser.get(f"{BASE}/sales/customers/{customer.pk}/deals", headers=HX))

    assert f"/sales/customers/{customer.pk}/deals" in page
    for said in ("20 Box 3", "€142", "2 open", "Without 1 deal in a currency that has no rate"):
        assert said in panel, said


def test_a_deal_is_added_through_the_form_of_its_customer(browser: Client, workspace: Any) -> None:
    customer = make_organisation()
    make_pipeline("fleet")
    url = f"{BASE}/records/deal/new?customer={customer.pk}"

    form = text(browser.get(url))
    made = browser.post(
        url, {"name": "Third fleet", "customer": str(customer.pk), "stage": "fleet-offer", "amount": "54000"}
    )

    deal = Deal.objects.get()
    assert "Look" in form
    assert made.status_code == 303
    assert (deal.stage, deal.pipeline, deal.customer_id) == ("fleet-offer", "fleet", customer.pk)
