from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import SavedView
from rapport.foundation.workspace.models import Role
from rapport.insight.value.models import EquityReport, EquityView
from rapport.insight.value.services.equity import keep_view
from rapport.insight.value.tests.equity.factories import NOW, make_customer, run, score
from rapport.stores.customers.models import Customer, Lifecycle

PAGE = "/w/kestrel/insight/equity"
YEAR_AGO = NOW - timedelta(days=365)


@pytest.fixture
def ada_at(client_for: Callable[[User], Client], ada: User) -> Client:
    return client_for(ada)


@pytest.fixture
def two_runs(workspace: object) -> dict[str, Customer]:
    """A year apart: one customer is worth more, one was lost, nine stay as they were."""
    people = {name: make_customer(name, source="Referral") for name in ("Anna", "Bela", *(f"C{n}" for n in range(9)))}
    run([score(each, "100") for each in people.values()], at=YEAR_AGO)
    Lifecycle.objects.filter(customer_id=people["Bela"].pk).update(phase="lapsed")
    values = {"Anna": ("180", 3), "Bela": ("20", 2)}
    run(
        [
            score(each, values.get(name, ("100", 2))[0], frequency=values.get(name, ("", 2))[1])
            for name, each in people.items()
        ],
        totals=["1000", "1100", "1200"],
    )
    return people


def links(page: str) -> dict[str, str]:
    """Addresses of lists by the words of their links."""
    found = re.findall(r'<a href="(/w/kestrel/customers/\?[^"]+)">(.*?)</a>', page, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", words).strip(): unescape(url) for url, words in found}


def test_without_scores_the_page_says_what_is_missing(ada_at: Client) -> None:
    assert "Not enough data for customer equity yet" in ada_at.get(PAGE).content.decode()


def test_gates_that_are_shut_give_the_reason(ada_at: Client) -> None:
    run([score(make_customer("Anna"), None)])

    assert "Too few customers have bought so far." in ada_at.get(PAGE).content.decode()


def test_the_page_shows_equity_its_change_and_where_that_came_from(ada_at: Client, two_runs: object) -> None:
    page = ada_at.get(PAGE).content.decode()

    assert "€1,100" in page
    assert "8 in 10 chance" in page
    assert "Kept longer +€80, Won back €0, Lost -€80" in page


def test_every_figure_leads_to_the_customers_it_counts(ada_at: Client, two_runs: dict[str, Customer]) -> None:
    found = links(ada_at.get(PAGE).content.decode())

    lost = ada_at.get(found["Lost"]).content.decode()
    kept = ada_at.get(found["Kept longer"]).content.decode()
    best = ada_at.get(found["1."]).content.decode()

    assert "Bela" in lost
    assert "Anna" not in lost
    assert "Anna" in kept
    assert "Anna" in best
    assert "Lost, Year" in lost
    for url in found.values():
        assert ada_at.get(url).status_code == 200, unquote(url)


def test_a_period_without_an_opening_says_when_there_will_be_one(ada_at: Client, two_runs: object) -> None:
    page = ada_at.get(PAGE, {"period": "three_years"}).content.decode()

    assert "There is no earlier figure to compare a 3 years with yet" in page


def test_the_page_asks_the_database_little_and_no_more_with_more_customers(
    ada_at: Client, two_runs: object, django_assert_max_num_queries: Any
) -> None:
    ada_at.get(PAGE)

    with django_assert_max_num_queries(15):
        ada_at.get(PAGE)


def test_a_view_is_worked_out_when_somebody_asks(ada_at: Client, actor: Any, two_runs: object) -> None:
    view = make_view(actor, condition={"field": "name", "op": "is", "value": "Anna"})
    asked = f"{PAGE}?view={view.pk}"
    assert "Not worked out for “Anna’s” yet" in ada_at.get(asked).content.decode()

    ada_at.post(f"{PAGE}/views/{view.pk}")
    assert EquityView.objects.filter(view_id=view.pk).exists()
    keep_view(view.pk)

    page = ada_at.get(asked).content.decode()
    assert "Kept longer +€80" in page
    assert "Lost -€80" not in page
    kept = ada_at.get(links(page)["Kept longer"]).content.decode()
    assert "Anna" in kept
    assert EquityReport.objects.get(view_id=view.pk).customers == 1


def test_a_view_that_depends_on_who_looks_is_no_segment(ada_at: Client, actor: Any, two_runs: object) -> None:
    view = make_view(actor, condition={"field": "owner", "op": "is", "value": "me"})

    assert ada_at.post(f"{PAGE}/views/{view.pk}").status_code == 404
    assert str(view.pk) not in ada_at.get(PAGE).content.decode()


def test_those_who_see_some_customers_see_no_sum_over_all(
    client_for: Callable[[User], Client],
    ben: User,
    set_role: Callable[[User, str], None],
    two_runs: object,
    ada_at: Client,
) -> None:
    policy = {"records": {"customer": {"actions": {"read": {"rows": "own"}}}}}
    Role.objects.create(key="own", name="Own", policy=policy)
    set_role(ben, "own")
    lost = links(ada_at.get(PAGE).content.decode())["Lost"]

    assert client_for(ben).get(PAGE).status_code == 403
    assert "Bela" not in client_for(ben).get(lost).content.decode()


def make_view(actor: Any, **more: Any) -> SavedView:
    return SavedView.objects.create(
        page="customers", record_type="customer", name="Anna’s", member_id=actor.member_id, is_shared=True, **more
    )
