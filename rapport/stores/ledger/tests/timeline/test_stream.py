"""The page of all touch points."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.ledger.queries import stream as module
from rapport.stores.ledger.queries.stream import Asked, stream
from rapport.stores.ledger.rules.cursors import cursor_of
from rapport.stores.ledger.services import corrections
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.tests.factories import NOON, make_customer, touch
from rapport.stores.ledger.types import CustomerRef, Group, new_touchpoint


@pytest.fixture(autouse=True)
def noon() -> Any:
    with clock.frozen(NOON):
        yield


def test_the_newest_of_all_customers_page_by_page(actor: Actor) -> None:
    customers = [make_customer(str(n)) for n in range(3)]
    items = [
        new_touchpoint(
            customer_id=customers[n % 3].pk,
            channel="web",
            kind=f"kind_{n % 4}",
            subject=str(n),
            occurred_at=NOON - timedelta(days=n * n // 3),
        )
        for n in range(60)
    ]
    append(actor=SYSTEM, items=items, source="test")

    seen, before = [], None
    while True:
        page = stream(actor=actor, asked=Asked(), before=before, limit=11)
        seen += [(line.entry.occurred_at, line.entry.id) for line in page.lines]
        if page.earlier is None:
            break
        before = cursor_of(str(page.earlier))

    assert len(seen) == 60
    assert seen == sorted(seen, reverse=True)


def test_it_can_be_narrowed(actor: Actor) -> None:
    marta = make_customer("Marta")
    touch(marta.pk, channel="web", kind="page_viewed", source="shop", occurred_at=NOON)
    touch(marta.pk, channel="phone", kind="call_made", source="rapport", occurred_at=NOON - timedelta(days=3))
    touch(marta.pk, channel="pos", kind="order_placed", source="till", occurred_at=NOON - timedelta(days=900))
    visitor = append(
        actor=SYSTEM,
        items=[
            new_touchpoint(
                customer=CustomerRef(cookie="cookie-123"), channel="web", kind="page_viewed", occurred_at=NOON
            )
        ],
        source="site",
    )
    taken_back = touch(marta.pk, kind="mistake")
    assert taken_back.id
    corrections.retract_touchpoint(actor=actor, customer_id=marta.pk, touchpoint_id=taken_back.id)

    def found(**asked: Any) -> list[tuple[str, str]]:
        return [(line.entry.source, line.customer_name) for line in stream(actor=actor, asked=Asked(**asked)).lines]

    assert found(kind="order_placed") == [("till", "Marta")]
    assert found(channel="web", source="site") == [("site", "")]
    assert found(group=Group.CONTACT) == [("rapport", "Marta")]
    assert found(source="till") == [("till", "Marta")]
    assert found(since=NOON - timedelta(days=4), until=NOON) == [("rapport", "Marta")]
    assert found(kind="mistake") == []
    assert found(kind="never_seen") == []
    assert visitor[0].customer_id


def test_a_search_without_an_index_says_how_far_it_looked(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = make_customer()
    touch(customer.pk, source="old", occurred_at=NOON - timedelta(days=300))
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1)

    page = stream(actor=actor, asked=Asked(source="old"))

    assert page.lines == ()
    assert page.earlier is not None
    assert page.looked_back_to is not None
    assert page.earlier.occurred_at == page.looked_back_to
    found = page
    while not found.lines and found.earlier:
        found = stream(actor=actor, asked=Asked(source="old"), before=found.earlier)
    assert [line.entry.source for line in found.lines] == ["old"]


def test_the_page(client_for: Callable[..., Client], ada: User, django_assert_max_num_queries: Any) -> None:
    customer = make_customer("Marta <b>Oliveira</b>")
    for n in range(60):
        touch(
            customer.pk,
            subject=f"Visit {n:02}",
            occurred_at=NOON - timedelta(hours=n),
            amount=Decimal(n),
            currency="EUR",
        )
    client = client_for(ada)
    client.get("/w/kestrel/touchpoints/")  # the first request of a session writes it down

    with django_assert_max_num_queries(15):
        response = client.get("/w/kestrel/touchpoints/", {"channel": "web", "since": "2026-01-01", "until": "nonsense"})

    page = response.content.decode()
    assert response.status_code == 200
    assert page.count("<tr>") == 51
    assert "Marta &lt;b&gt;" in page
    assert "€49" in page
    (earlier,) = re.findall(r'rel="next" href="([^"]+)"', page)
    rest = client.get(
        "/w/kestrel/touchpoints/" + earlier.replace("&amp;", "&"), headers={"HX-Request": "true"}
    ).content.decode()
    assert rest.count("<tr>") == 11
    assert rest.lstrip().startswith('<div id="touchpoints">')


def test_nothing_and_nothing_of_this_kind(client_for: Callable[..., Client], ada: User) -> None:
    client = client_for(ada)

    assert "Nothing has come in yet" in client.get("/w/kestrel/touchpoints/").content.decode()
    touch(make_customer().pk)
    assert "Nothing of this kind" in client.get("/w/kestrel/touchpoints/", {"since": "2030-01-01"}).content.decode()
