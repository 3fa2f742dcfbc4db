from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, CustomerAlias, Identity
from rapport.stores.customers.queries.identities import anonymous_ids
from rapport.stores.ledger.models import Touchpoint, WriteKey
from rapport.stores.ledger.rules import beats, origins
from rapport.stores.ledger.services import limits, write_keys
from rapport.stores.ledger.tests.factories import NOON, make_customer
from rapport.stores.ledger.views.beacon import served_script

SHOP = "https://shop.example"
COOKIE = "0123456789abcdef0123456789abcdef"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
Send = Callable[..., Any]


@pytest.fixture(autouse=True)
def unspent() -> None:
    limits.of_key.forget()
    limits.of_address.forget()


@pytest.fixture
def key(actor: Actor) -> WriteKey:
    return write_keys.create_write_key(actor=actor, name="Shop", allowed_origins=[SHOP])


@pytest.fixture
def send(client_for: Callable[..., Client], key: WriteKey) -> Send:
    client = client_for(None)

    def post(*events: dict[str, Any], origin: str = SHOP, agent: str = BROWSER, to: str = "", **more: Any) -> Any:
        numbered = [{"id": f"event-{n:04}", "kind": "page_viewed", **event} for n, event in enumerate(events)]
        body = more.pop("body", None) or json.dumps({"events": numbered, **more}).encode()
        return client.post(
            f"/b/{to or key.key}",
            body,
            content_type="text/plain;charset=UTF-8",
            headers={"Origin": origin, "User-Agent": agent},
        )

    return post


def test_what_a_visitor_does_is_appended_and_nothing_is_told(send: Send, key: WriteKey) -> None:
    with clock.frozen(NOON):
        response = send({"age": 1500, "properties": {"url": SHOP, "utm_source": "mail"}}, cookie=COOKIE)

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == SHOP
    row = Touchpoint.objects.get()
    assert (row.channel, row.direction, row.source, row.source_id) == (
        "web",
        "in",
        f"web:{key.id.hex[-12:]}",
        "event-0000",
    )
    assert row.occurred_at == NOON - timedelta(seconds=1.5)
    assert row.properties == {"url": SHOP, "utm_source": "mail"}
    assert anonymous_ids([row.customer_id]) == {row.customer_id}


def test_identifying_joins_earlier_visits_and_fills_only_what_is_empty(send: Send, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", email="marta@pedal.example")
    Identity.objects.create(kind="email", value="marta@pedal.example", customer_id=marta.pk)
    send({}, cookie=COOKIE)
    visit = Touchpoint.objects.get()

    who = {"email": "Marta@pedal.example", "fields": {"name": "Mallory", "city": "Rotterdam", "vip": True}, "id": "x"}
    response = send({"id": "event-known", "kind": "identified", "customer": who}, cookie=COOKIE)

    assert response.status_code == 204
    assert CustomerAlias.objects.get(absorbed_id=visit.customer_id).surviving_id == marta.pk
    marta.refresh_from_db()
    assert (marta.name, marta.city) == ("Marta Oliveira", "Rotterdam")


def test_someone_new_who_makes_themselves_known_becomes_a_customer_if_the_website_may(
    send: Send, key: WriteKey, actor: Actor
) -> None:
    send({"kind": "identified", "customer": {"email": "new@x.example", "fields": {"name": "Nia"}}}, cookie=COOKIE)
    assert Customer.objects.get().name == "Nia"
    assert Customer.objects.get().source == f"web:{key.id.hex[-12:]}"

    write_keys.change_write_key(actor=actor, key_id=key.pk, name="Shop", allowed_origins=[SHOP], create_customers=False)
    send({"id": "event-0002", "kind": "identified", "customer": {"email": "other@x.example"}}, cookie=COOKIE)
    assert Customer.objects.count() == 1


def test_a_browser_cannot_name_a_customer_by_id_nor_attach_addresses_nor_tell_amounts(send: Send) -> None:
    marta = make_customer("Marta")
    Identity.objects.create(kind="external", namespace="shop", value="7", customer_id=marta.pk)

    who = {"external": {"shop": "7"}, "email": "mallory@x.example"}
    send(
        {"customer": {"id": str(marta.pk)}},
        {"customer": who, "amount": "5", "currency": "EUR", "channel": "phone"},
        page="page-000001",
    )

    assert not Identity.objects.filter(value="mallory@x.example").exists()
    assert set(Touchpoint.objects.values_list("channel", "amount")) == {("web", None)}
    by_id, by_shop = Touchpoint.objects.order_by("source_id")
    assert by_id.customer_id != marta.pk
    assert by_shop.customer_id == marta.pk


def test_without_consent_events_of_a_page_belong_together_and_to_nobody(send: Send) -> None:
    send({}, {}, page="page-000001")
    send({"id": "event-0007"}, page="page-000002")

    first, second, third = Touchpoint.objects.order_by("source_id").values_list("customer_id", flat=True)
    assert first == second != third
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://shop.example:8443",
    ],
)
def test_other_websites_cannot_write(send: Send, origin: str) -> None:
    response = send({}, cookie=COOKIE, origin=origin)

    assert response.status_code == 403
    assert "Access-Control-Allow-Origin" not in response
    assert not Touchpoint.objects.exists()


def test_a_revoked_or_made_up_key_writes_nothing(send: Send, key: WriteKey, actor: Actor) -> None:
    for wrong in ("nonsense", "0" * 28, key.key[:8] + "f" * 20, "ffffffff" + key.key[8:]):
        assert send({}, cookie=COOKIE, to=wrong).status_code == 403

    write_keys.revoke_write_key(actor=actor, key_id=key.pk)

    assert send({}, cookie=COOKIE).status_code == 403
    assert not Touchpoint.objects.exists()


def test_the_preflight_is_answered(client_for: Callable[..., Client], key: WriteKey) -> None:
    response = client_for(None).options(
        f"/b/{key.key}",
        headers={
            "Origin": SHOP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )

    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert response["Access-Control-Allow-Headers"] == "Content-Type"


@pytest.mark.parametrize(
    "agent", ["", "Mozilla/5.0 (compatible; Googlebot/2.1)", "python-requests/2.32", "HeadlessChrome/140"]
)
def test_robots_are_thanked_and_forgotten(send: Send, agent: str) -> None:
    assert send({}, cookie=COOKIE, agent=agent).status_code == 204
    assert not Touchpoint.objects.exists()


def test_a_stranger_cannot_fill_the_menus_with_words_of_their_own(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_keys, "MOST_KINDS", 3)

    send(*({"kind": f"kind_{n}"} for n in range(5)), cookie=COOKIE)
    send({"id": "event-1000", "kind": "kind_1"}, {"id": "event-1001", "kind": "another"}, cookie=COOKIE)

    assert set(Touchpoint.objects.values_list("kind", flat=True)) == {"kind_0", "kind_1", "kind_2"}
    assert Touchpoint.objects.filter(kind="kind_1").count() == 2


def test_sending_twice_is_harmless(send: Send) -> None:
    for _ in range(2):
        assert send({}, {}, cookie=COOKIE).status_code == 204

    assert Touchpoint.objects.count() == 2


def test_a_flood_is_told_to_wait(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "of_address", limits.Buckets(2))

    with clock.frozen(NOON):
        answers = [send({"id": f"event-{n:05}"}, cookie=COOKIE) for n in range(3)]

    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert answers[-1]["Retry-After"] == "30"
    assert answers[-1]["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events": 3}', b"\xff", b'{"events": [' + b"[" * 50_000])
def test_bodies_that_are_no_beats(send: Send, body: bytes) -> None:
    assert send(body=body or b" ").status_code == 400


def test_too_much_at_once_is_refused(send: Send) -> None:
    assert send(body=b" " * (beats.LARGEST + 1)).status_code == 413
    assert send(*[{}] * 51).status_code == 413


def test_only_who_manages_sources_connects_websites_and_it_is_written_down(
    actor: Actor, ben: User, actor_for: Any, key: WriteKey
) -> None:
    member = actor_for(ben)
    for act in (
        lambda: write_keys.create_write_key(actor=member, name="x", allowed_origins=[SHOP]),
        lambda: write_keys.change_write_key(
            actor=member, key_id=key.pk, name="x", allowed_origins=[SHOP], create_customers=True
        ),
        lambda: write_keys.revoke_write_key(actor=member, key_id=key.pk),
        lambda: write_keys.send_test(actor=member, key_id=key.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    write_keys.revoke_write_key(actor=actor, key_id=key.pk)
    with pytest.raises(NotFound):
        write_keys.send_test(actor=actor, key_id=key.pk)

    assert list(AuditEntry.objects.order_by("at").values_list("action", flat=True)) == [
        "website.connected",
        "website.disconnected",
    ]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [" "],
        ["https://shop.example", "not a site"],
        ["ftp://x.example"],
        ["https://"],
        [f"s{n}.example" for n in range(21)],
    ],
)
def test_a_key_needs_real_websites(actor: Actor, texts: list[str]) -> None:
    with pytest.raises(Invalid):
        write_keys.create_write_key(actor=actor, name="x", allowed_origins=texts)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443/page?x", "https://shop.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://*.shop.example", "https://*.shop.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("https://user@shop.example", None),
        ("https://sh op.example", None),
        ("https://*.*.example", None),
        ("javascript://x", None),
        ("https://x:99999", None),
    ],
)
def test_websites_have_one_form(text: str, normal: str | None) -> None:
    assert origins.normalised(text) == normal


def test_a_star_stands_for_subdomains_only() -> None:
    allowed = ["https://*.shop.example"]

    assert origins.is_allowed("https://www.shop.example", allowed)
    assert origins.is_allowed("https://a.b.shop.example", allowed)
    assert not origins.is_allowed("https://shop.example", allowed)
    assert not origins.is_allowed("https://evilshop.example", allowed)
    assert not origins.is_allowed("https://*.shop.example", allowed)


def test_a_browser_with_a_wrong_clock_cannot_write_into_the_far_past_or_the_future() -> None:
    beat = beats.read(json.dumps({"page": "page-000001", "events": [
        {"id": "event-0001", "kind": "a", "age": 1e300}, {"id": "event-0002", "kind": "a", "age": -1e12},
    ]}).encode())  # fmt: skip

    old, new = beats.touchpoints(beat, source="web:x", now=NOON)

    assert (old.occurred_at, new.occurred_at) == (NOON - timedelta(days=7), NOON)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.integers(),
    lambda i: st.lists(i, max_size=3) | st.dictionaries(st.text(max_size=8), i, max_size=3),
    max_leaves=8,
)
WHO = st.dictionaries(st.sampled_from(["email", "phone", "external", "fields", "id"]), JSON, max_size=3)
EVENT = st.fixed_dictionaries(
    {"id": st.text(max_size=12) | st.just("event-0001"), "kind": st.sampled_from(["page_viewed", "X", ""])},
    optional={"age": JSON, "properties": JSON, "customer": WHO | JSON},
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=60)
    | st.fixed_dictionaries({"events": st.lists(EVENT, max_size=3)}, optional={"cookie": JSON, "page": JSON}).map(
        lambda b: json.dumps(b).encode()
    )
)
def test_whatever_a_browser_sends_the_answer_is_never_a_server_error(send: Send, body: bytes) -> None:
    limits.of_address.forget()

    assert send(body=body or b"{}").status_code in (204, 400, 413)


def test_the_script_is_small_and_says_nothing_to_compilers_of_any_kind(client_for: Callable[..., Client]) -> None:
    client = client_for(None)

    response = client.get("/b/beacon.js")

    assert len(response.content) < 5000
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get("/b/beacon.js", headers={"If-None-Match": response["ETag"]}).status_code == 304
    assert not re.search(rb"\beval\b|innerHTML|document\.write|Function\(", response.content)
    assert served_script()[0] == response.content


def test_buckets_fill_again_with_time() -> None:
    bucket = limits.Buckets(60)
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert [bucket.spend("a", start) for _ in range(61)] == [0] * 60 + [1]
    assert bucket.spend("b", start) == 0
    assert bucket.spend("a", start + timedelta(seconds=1)) == 0
