"""Permission on the customer page and in lists: shown, written down, taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.queries.customers import all_ids
from rapport.touchpoints.permission.models import Evidence
from rapport.touchpoints.permission.queries.consents import everything, reaches_of
from rapport.touchpoints.permission.queries.gate import may_contact
from rapport.touchpoints.permission.rules.overview import Reach
from rapport.touchpoints.permission.tests.factories import granted, marta, said
from rapport.touchpoints.permission.types import Basis, Reason, Status

pytestmark = pytest.mark.usefixtures("workspace")
Browser = Callable[[User | None], Client]


def test_customer_page_shows_how_somebody_may_be_reached(ada: User, client_for: Browser) -> None:
    customer = marta()
    granted(customer)
    granted(customer, channel="sms", purpose="service", basis=Basis.CONTRACT)
    said(customer, Status.REFUSED, channel="phone")

    page = client_for(ada).get(f"/w/kestrel/customers/{customer.pk}/").content.decode()

    for words in ("E-mail: allowed", "SMS: service messages only", "Phone: refused", "Letter: not asked"):
        assert words in page, words
    assert "E-mail, Offers and news" in page
    assert "Nothing was ever said" in page


def test_panel_asks_as_much_whatever_was_said(
    ada: User, client_for: Browser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    customer = marta()
    for status in [Status.GRANTED, Status.WITHDRAWN] * 10:
        said(customer, status)
    browser = client_for(ada)
    browser.get("/w/kestrel/")

    with django_assert_max_num_queries(15):
        browser.get(f"/w/kestrel/customers/{customer.pk}/")
    with django_assert_max_num_queries(15):
        browser.get(f"/w/kestrel/customers/{customer.pk}/consent/")


def test_refusal_is_written_down_and_taken_back(ada: User, actor: Actor, client_for: Browser) -> None:
    customer = marta()
    granted(customer)
    browser = client_for(ada)

    page = f"/w/kestrel/customers/{customer.pk}/consent/record/"
    assert browser.get(page).status_code == 200
    answer = browser.post(
        page,
        {
            "status": "refused",
            "purpose": "offers",
            "channel": "email",
            "source": "call",
            "note": "Told Noor on the phone",
        },
    )

    assert answer.status_code == 303
    asked = {"actor": SYSTEM, "customer_id": customer.pk, "purpose": "offers", "channel": "email"}
    assert may_contact(**asked).reason is Reason.REFUSED
    history = browser.get(f"/w/kestrel/customers/{customer.pk}/consent/").content.decode()
    assert "Told Noor on the phone" in history

    undo(actor=actor, operation_id=Operation.objects.get(kind="consent").pk)

    assert may_contact(**asked).allowed
    assert Evidence.objects.filter(status=Status.RETRACTED).count() == 1
    assert "Taken back by Ada" in browser.get(f"/w/kestrel/customers/{customer.pk}/consent/").content.decode()
    assert "Permission" in browser.get(f"/w/kestrel/customers/{customer.pk}/history").content.decode()


def test_grant_without_a_basis_comes_back_with_the_reason(ada: User, client_for: Browser) -> None:
    customer = marta()

    answer = client_for(ada).post(
        f"/w/kestrel/customers/{customer.pk}/consent/record/",
        {"status": "granted", "purpose": "offers", "channel": "email", "source": "call", "basis": ""},
    )

    assert answer.status_code == 422
    assert "On which lawful basis?" in answer.content.decode()
    assert not Evidence.objects.exists()


def test_reader_sees_it_and_writes_nothing(
    ben: User, set_role: Callable[[User, str], None], client_for: Browser
) -> None:
    customer = marta()
    set_role(ben, "read_only")
    browser = client_for(ben)

    assert "E-mail: not asked" in browser.get(f"/w/kestrel/customers/{customer.pk}/").content.decode()
    assert browser.get(f"/w/kestrel/customers/{customer.pk}/consent/record/").status_code == 403
    assert browser.post(f"/w/kestrel/customers/{customer.pk}/consent/record/", {"status": "refused"}).status_code == 403


def test_list_shows_consent_and_finds_by_it(ada: User, client_for: Browser) -> None:
    granted(marta())
    said(marta(email="b@example.org", phone="", given_name="Jonas", family_name="Weber"), Status.REFUSED)
    where = {
        "relation": "consent__customer", "quantifier": "any",
        "where": {"all": [{"field": "channel", "op": "is", "value": "email"}, {"field": "status", "op": "is", "value": "granted"}]},
    }  # fmt: skip
    browser = client_for(ada)

    everybody = browser.get("/w/kestrel/customers/").content.decode()
    found = browser.get(f"/w/kestrel/customers/?{urlencode({'where': json.dumps(where)})}").content.decode()

    assert "E-mail: allowed" in everybody
    assert "E-mail: refused" in everybody
    assert "E-mail: allowed" in found
    assert "E-mail: refused" not in found


def test_permissions_have_a_list_of_their_own(ada: User, client_for: Browser) -> None:
    granted(marta())

    page = client_for(ada).get("/w/kestrel/records/consent/")

    assert page.status_code == 200
    assert "Marta Oliveira" in page.content.decode()


def test_reach_of_a_page_of_customers() -> None:
    customer, other = marta(), marta(email="b@example.org", phone="")
    granted(customer)
    granted(customer, channel="", purpose="service", basis=Basis.CONTRACT)
    said(customer, Status.REFUSED, channel="letter")

    found = reaches_of(actor=SYSTEM, customer_ids=[customer.pk, other.pk])

    assert found[customer.pk] == {
        "email": Reach.YES,
        "sms": Reach.SERVICE,
        "phone": Reach.SERVICE,
        "letter": Reach.SERVICE,
    }
    assert set(found[other.pk].values()) == {Reach.ASK}


def test_export_of_one_customer_holds_what_they_allowed(actor: Actor) -> None:
    customer = marta()
    granted(customer, proof="Form 118")

    rows = list(everything(actor, all_ids(customer.pk)))

    assert [(row["status"], row["proof"], row["contact_point"]) for row in rows] == [
        ("granted", "Form 118", "marta@example.org")
    ]
