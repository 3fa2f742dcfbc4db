"""The life cycle on pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import PhaseByHand, SourceCost
from rapport.stores.customers.queries import phases as queries
from rapport.stores.customers.services import phases
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.phases.factories import NOW, ago, buy, phase_of

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def today(workspace: Workspace) -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def browser(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    return client_for(ada)


def page(response: Any) -> str:
    return str(response.content.decode())


def test_customer_page_tells_the_life(browser: Client) -> None:
    customer = make_customer(source="Trade fair")
    for days, category in ((1000, "Bikes"), (900, "Locks"), (100, "Bikes")):
        buy(customer.pk, days, category)
    phases.tell([customer.pk])

    shown = page(browser.get(f"/w/kestrel/customers/{customer.pk}/"))

    for words in (
        "Life cycle",
        "r-phase-wonback",
        "by Trade fair",
        "first bought through shop",
        "Locks",
        "Regained",
        "Lapsed",
    ):
        assert words in shown
    assert "At risk from" in shown


def test_life_costs_at_most_three_queries(actor: Actor, django_assert_max_num_queries: Callable[..., Any]) -> None:
    customer = make_customer(source="Trade fair")
    for n in range(40):
        buy(customer.pk, 1000 - 20 * n, f"Category {n}")
    phases.tell([customer.pk])
    phases.add_source_cost(actor=actor, source="Trade fair", basis="each", amount=Decimal(5), since=ago(2000).date())

    with django_assert_max_num_queries(3):
        life = queries.life_of(customer, actor=actor)

    assert len(life.extensions) == 39
    assert life.recruited
    assert life.recruited.cost == 5


def test_phase_is_set_on_a_page_of_its_own_and_beside_the_customer(browser: Client) -> None:
    customer = make_customer()
    url = f"/w/kestrel/customers/{customer.pk}/phase"

    assert browser.get(url).status_code == 200
    assert "<html" not in page(browser.get(url, headers=HTMX | {"HX-Request": "true"}))
    answer = browser.post(url, {"phase": "lapsed", "since": ago(10).date().isoformat(), "reason": "Closed the shop"})

    assert answer.status_code == 303
    assert phase_of(customer.pk) == "lapsed"
    shown = page(browser.get(f"/w/kestrel/customers/{customer.pk}/"))
    assert "Closed the shop" in shown
    assert "Set by hand: holds until something newer is known." in shown


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"phase": "x"}, {"since": "2027-01-01"}, {"since": "soon"}])
def test_phase_without_sense_comes_back(browser: Client, wrong: dict[str, str]) -> None:
    customer = make_customer()
    values = {"phase": "lapsed", "since": "", "reason": "Closed", **wrong}

    assert browser.post(f"/w/kestrel/customers/{customer.pk}/phase", values).status_code == 422
    assert not PhaseByHand.objects.exists()


def test_rules_are_saved_and_contradictions_come_back(browser: Client) -> None:
    url = "/w/kestrel/customers/life-cycle/"
    values = {
        "purchase_kinds": "order_placed, donation given", "ended_kinds": "", "least_gaps": 3, "risk_factor": 2,
        "lapse_factor": 4, "least_days": 30, "risk_days": 100, "lapse_days": 200, "growing_days": 90, "source_field": "source",
    }  # fmt: skip

    assert browser.get(url).status_code == 200
    assert browser.post(url, values).status_code == 303
    assert queries.settings().rules.purchase_kinds == ("order_placed", "donation_given")
    refused = browser.post(url, {**values, "lapse_days": 50})

    assert refused.status_code == 422
    assert "A lapse can’t come before" in page(refused) or "A lapse can&#x27;t come before" in page(refused)
    assert browser.post(url, {**values, "purchase_kinds": "<b>"}).status_code == 422


def test_sources_show_costs_and_lead_to_their_customers(browser: Client) -> None:
    for n in range(3):
        customer = make_customer(f"Customer {n}", source="Trade fair")
        buy(customer.pk, 30)
        phases.tell([customer.pk])
    url = "/w/kestrel/customers/sources/"

    answer = browser.post(
        url,
        {"source": "Trade fair", "amount": "90", "basis": "total", "since": ago(60).date(), "until": NOW.date()},
    )
    shown = page(browser.get(url))

    assert answer.status_code == 303
    assert "€30" in shown
    assert "recruited_on" in shown
    cost = SourceCost.objects.get()
    assert browser.post(f"{url}{cost.pk}/remove").status_code == 303
    assert not SourceCost.objects.exists()


def test_list_shows_and_filters_by_phase(browser: Client) -> None:
    buyer, other = make_customer("Buyer"), make_customer("Other")
    buy(buyer.pk, 30)
    phases.tell([buyer.pk, other.pk])

    where = '{"field":"phase","op":"is","value":"onboarding"}'
    shown = page(
        browser.get("/w/kestrel/customers/", {"where": where, "columns": "phase,phase_since", "sort": "-phase_since"})
    )

    assert "Buyer" in shown
    assert "Other" not in shown
    assert "Onboarding" in shown


def test_who_may_not_see_phases_sees_none(actor: Actor, browser: Client) -> None:
    from dataclasses import replace

    from rapport.foundation.workspace.types import FieldAccess, RecordRules, RolePolicy

    hidden = RecordRules(fields={"phase": FieldAccess.HIDDEN})
    blind = replace(actor, role=RolePolicy("blind", "Blind", records={"customer": hidden}))

    assert not queries.may_read(blind)
    assert not phases.may_set(blind)
