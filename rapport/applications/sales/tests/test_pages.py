"""Pages of sales, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rapport.applications.sales.models import Deal
from rapport.applications.sales.services.parts import approve_deal
from rapport.applications.sales.tests.factories import change, make_deal, make_pipeline
from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.tests.factories import make_customer, make_organisation

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


def test_the_page_of_a_deal_shows_its_way_its_next_step_and_who_takes_part(
    browser: Client, workspace: Any, django_assert_max_num_queries: Any
) -> None:
    deal, marta = make_deal(amount="142000"), make_customer()
    change(deal, stage="propose")
    for n in range(6):
        browser.post(f"{BASE}/sales/deals/{deal.pk}/step", step(f"Step {n}"))
    added = browser.post(
        f"{BASE}/sales/deals/{deal.pk}/people", {"customer_id": str(marta.pk), "role": "decides", "note": "Fleet lead"}
    )

    with django_assert_max_num_queries(15):
        page = text(browser.get(deal_url(deal)))

    assert added.status_code == 303
    for said in ("Where it stands", "Step 0", "Marta Oliveira", "Decides", "Time in each stage", "Qualify"):
        assert said in page, said


def test_naming_somebody_twice_in_one_role_is_refused_and_can_be_taken_back(
    browser: Client, actor: Actor, workspace: Any
) -> None:
    deal, marta = make_deal(), make_customer()
    url = f"{BASE}/sales/deals/{deal.pk}/people"
    who = {"customer_id": str(marta.pk), "role": "decides"}

    first, again = browser.post(url, who), browser.post(url, who)
    operation = Operation.objects.get(kind="deal_people")
    undo(actor=actor, operation_id=operation.id)

    assert (first.status_code, again.status_code) == (303, 422)
    assert not deal.people.exists()


def test_a_large_deal_goes_on_once_a_manager_has_approved_it(
    ben: User, actor_for: Callable[..., Actor], browser: Client, workspace: Any
) -> None:
    make_pipeline("fleet", {"name": "sign", "needs_approval": True}, approval_above=1000)
    deal = make_deal(amount="5000")
    with pytest.raises(Invalid, match="approval"):
        change(deal, stage="fleet-sign")
    with pytest.raises(NotAllowed):
        approve_deal(actor=actor_for(ben), deal_id=deal.pk)

    page = text(browser.get(deal_url(deal)))
    approved = browser.post(f"{BASE}/sales/deals/{deal.pk}/approve")
    change(deal, stage="fleet-sign")
    with pytest.raises(Invalid, match="approval"):
        change(deal, amount="5001")

    assert "need approval" in page
    assert approved.status_code == 303
    assert (deal.stage, deal.approved_by) == ("fleet-sign", "Ada")


def step(title: str) -> dict[str, str]:
    return {"title": title, "due_on": "2027-01-05"}
