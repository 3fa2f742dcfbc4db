from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.ledger.models import Pin, Retraction, Touchpoint, TouchpointContent
from rapport.stores.ledger.queries.touchpoints import standing
from rapport.stores.ledger.tests.factories import make_customer, touch

HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    return make_customer("Marta Oliveira")


@pytest.fixture
def ada_at(client_for: Callable[..., Client], ada: User) -> Client:
    return client_for(ada)


def url(customer: Customer, *rest: Any) -> str:
    return f"/w/kestrel/customers/{customer.pk}/" + "".join(f"{part}/" for part in rest)


def entry() -> Touchpoint:
    return standing(Touchpoint.objects.all()).get()


@pytest.mark.parametrize(
    ("given", "kind", "direction", "properties"),
    [
        ({"kind": "note", "body": "Likes blue"}, "note_added", "none", {}),
        (
            {"kind": "call", "call_direction": "out", "outcome": "reached", "minutes": "18"},
            "call_made",
            "out",
            {"outcome": "reached", "minutes": 18},
        ),
        ({"kind": "call", "call_direction": "in", "outcome": "reached"}, "call_received", "in", {"outcome": "reached"}),
        (
            {"kind": "call", "call_direction": "in", "outcome": "no_answer"},
            "call_missed",
            "in",
            {"outcome": "no_answer"},
        ),
        (
            {"kind": "visit", "visit_direction": "in", "minutes": "40", "body": "Tried Box 3"},
            "visit_received",
            "in",
            {"minutes": 40},
        ),
    ],
)
def test_notes_calls_and_visits_are_logged(
    ada_at: Client,
    actor: Actor,
    customer: Customer,
    given: dict[str, str],
    kind: str,
    direction: str,
    properties: dict[str, Any],
) -> None:
    response = ada_at.post(url(customer, "touchpoints"), given, headers=HTMX)

    assert response.status_code == 200
    assert 'id="timeline"' in response.content.decode()
    row = entry()
    assert (row.kind, row.direction, row.properties, row.member_id, row.source) == (
        kind,
        direction,
        properties,
        actor.member_id,
        "rapport",
    )


def test_without_htmx_the_page_follows(ada_at: Client, customer: Customer) -> None:
    response = ada_at.post(url(customer, "touchpoints"), {"kind": "note", "body": "x"})

    assert response.status_code == 303
    assert str(customer.pk) in response["Location"]


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "note", "body": " "},
        {"kind": "fax"},
        {"kind": "call", "minutes": "-3"},
        {"kind": "note", "body": "x", "occurred_at": "2999-01-01T00:00"},
    ],
)
def test_what_cannot_be_logged_comes_back_with_the_reason(
    ada_at: Client, customer: Customer, given: dict[str, str]
) -> None:
    for headers in ({}, HTMX):
        response = ada_at.post(url(customer, "touchpoints"), given, headers=headers)
        assert response.status_code == 422
        assert 'role="alert"' in response.content.decode()

    assert not Touchpoint.objects.exists()


def test_the_instant_is_that_of_the_members_clock(ada_at: Client, customer: Customer, workspace: Workspace) -> None:
    Member.objects.update(timezone="America/New_York")

    ada_at.post(url(customer, "touchpoints"), {"kind": "note", "body": "x", "occurred_at": "2026-01-05T09:00"})

    assert entry().occurred_at.isoformat() == "2026-01-05T14:00:00+00:00"


@pytest.mark.parametrize("content", ["", HOSTILE, HOSTILE * 40])
def test_the_timeline_shows_everything_as_text(ada_at: Client, customer: Customer, content: str) -> None:
    touch(
        customer.pk,
        subject=HOSTILE,
        content=content,
        properties={HOSTILE: HOSTILE, "url": "javascript:alert(1)"},
        channel="tv",
        kind="spot_seen",
        source="x",
    )

    page = ada_at.get(url(customer, "timeline")).content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'href="javascript:' not in page


def test_filters_search_and_earlier_pages(ada_at: Client, customer: Customer) -> None:
    for n in range(70):
        touch(customer.pk, subject=f"Page {n}", occurred_at=clock.now() - timedelta(days=n))
    touch(customer.pk, channel="phone", kind="call_made", subject="A call")
    here = url(customer, "timeline")

    page = ada_at.get(here, headers=HTMX).content.decode()
    assert page.count('class="r-ev"') == 50
    (more,) = re.findall(r'hx-get="([^"]*before=[^"]*)"', page)
    rest = ada_at.get(more.replace("&amp;", "&"), headers=HTMX).content.decode()
    assert rest.count('class="r-ev"') == 21
    assert "timeline-more" not in rest
    assert 'id="timeline"' not in rest
    assert "A call" not in ada_at.get(here, {"group": "web"}, headers=HTMX).content.decode()
    found = ada_at.get(here, {"q": "page 69"}, headers=HTMX).content.decode()
    assert found.count('class="r-ev"') == 1
    calls = ada_at.get(here, {"kind": "call_made", "channel": "phone"}, headers=HTMX).content.decode()
    assert calls.count('class="r-ev"') == 1
    assert '<option value="call_made" selected>' in calls
    assert "Nothing of this" in ada_at.get(here, {"q": "zebra"}).content.decode()
    assert ada_at.get(here, {"group": "nonsense", "before": "nonsense"}).status_code == 200


def test_one_corrects_what_one_logged(ada_at: Client, customer: Customer) -> None:
    ada_at.post(
        url(customer, "touchpoints"),
        {"kind": "call", "call_direction": "out", "outcome": "reached", "minutes": "5", "body": "Wrong"},
    )
    first = entry()

    form = ada_at.get(url(customer, "touchpoints", first.id, "edit"))
    (shown,) = re.findall(r'name="occurred_at" value="([^"]+)"', form.content.decode())  # to the minute, on Ada's clock
    response = ada_at.post(
        url(customer, "touchpoints", first.id, "edit"),
        {
            "kind": "call",
            "call_direction": "in",
            "outcome": "reached",
            "minutes": "6",
            "body": "Right",
            "occurred_at": shown,
        },
    )

    assert "Wrong" in form.content.decode()
    assert response.status_code == 303
    now = entry()
    assert (now.kind, now.corrects_id, now.occurred_at) == (
        "call_received",
        first.id,
        first.occurred_at,
    )
    assert TouchpointContent.objects.get(touchpoint_id=now.id).body == "Right"
    assert ada_at.post(url(customer, "touchpoints", now.id, "edit"), {"kind": "note", "body": ""}).status_code == 422
    assert ada_at.get(url(customer, "touchpoints", first.id, "edit")).status_code == 404


def test_the_menu_of_a_touch_point_says_what_stands_behind_it(ada_at: Client, customer: Customer) -> None:
    touched = touch(customer.pk, subject=HOSTILE, properties={"url": "https://shop.example", "<i>": [1, {"a": None}]})

    menu = ada_at.get(url(customer, "touchpoints", touched.id), headers=HTMX).content.decode()
    page = ada_at.get(url(customer, "touchpoints", touched.id)).content.decode()

    assert "Pin to the top" in menu
    assert "Correct" not in menu
    assert "&lt;i&gt;" in menu
    assert "[1, {&quot;a&quot;: null}]" in menu
    assert "<html" not in menu
    assert "<script>alert" not in page
    assert ada_at.get(url(customer, "touchpoints", uuid4())).status_code == 404


def test_pinning_and_taking_back(ada_at: Client, customer: Customer) -> None:
    touched = touch(customer.pk, subject="Contract")

    assert "Pinned" in ada_at.post(url(customer, "touchpoints", touched.id, "pin"), headers=HTMX).content.decode()
    assert Pin.objects.count() == 1
    ada_at.post(url(customer, "touchpoints", touched.id, "unpin"), headers=HTMX)
    assert not Pin.objects.exists()
    taken = ada_at.post(url(customer, "touchpoints", touched.id, "retract"), headers=HTMX)
    assert "Contract" not in taken.content.decode()
    assert "restore" in taken["HX-Trigger"]
    assert Retraction.objects.count() == 1
    ada_at.post(url(customer, "touchpoints", touched.id, "restore"))
    assert entry().id == touched.id


def test_at_most_ten_are_pinned(ada_at: Client, customer: Customer) -> None:
    for n in range(11):
        answer = ada_at.post(url(customer, "touchpoints", touch(customer.pk, subject=str(n)).id, "pin"), headers=HTMX)

    assert Pin.objects.count() == 10
    assert "At most 10" in answer["HX-Trigger"]


def test_members_take_back_only_what_they_logged(
    client_for: Callable[..., Client], ada_at: Client, ben: User, customer: Customer
) -> None:
    ada_at.post(url(customer, "touchpoints"), {"kind": "note", "body": "of Ada"})
    adas = entry()
    bens = client_for(ben)

    for act in ("retract", "restore"):
        assert bens.post(url(customer, "touchpoints", adas.id, act)).status_code in (403, 404)
    assert (
        bens.post(url(customer, "touchpoints", adas.id, "edit"), {"kind": "note", "body": "changed"}).status_code == 403
    )
    assert entry().id == adas.id


def test_readers_read_and_strangers_find_nothing(
    client_for: Callable[..., Client], ben: User, cleo: User, customer: Customer, set_role: Callable[..., None]
) -> None:
    set_role(ben, "read_only")
    touched = touch(customer.pk, subject="Seen")
    reader, stranger, nobody = client_for(ben), client_for(cleo), client_for(None)
    pages = [url(customer, "timeline"), "/w/kestrel/touchpoints/"]
    acts = [
        url(customer, "touchpoints"),
        *(url(customer, "touchpoints", touched.id, act) for act in ("pin", "unpin", "retract", "restore")),
    ]

    assert [reader.get(page).status_code for page in pages] == [200, 200]
    assert "composer" not in reader.get(pages[0]).content.decode()
    assert {reader.post(act, {"kind": "note", "body": "x"}).status_code for act in acts} <= {403, 404}
    assert {stranger.get(page).status_code for page in pages} == {404}
    assert {stranger.post(act).status_code for act in acts} == {404}
    assert {nobody.get(page).status_code for page in pages} == {302}
    assert Touchpoint.objects.count() == 1


def test_touch_points_of_customers_one_may_not_see_do_not_exist(
    client_for: Callable[..., Client], ben: User, actor_for: Callable[[User], Actor], customer: Customer
) -> None:
    rule = {"actions": {action: {"rows": "own"} for action in ("read", "update", "create", "delete")}}
    Role.objects.create(key="agent", name="Agent", policy={"default": rule})
    Member.objects.filter(user_id=ben.pk).update(role_key="agent")
    agent = client_for(ben)
    own = make_customer("Own", owner_id=actor_for(ben).member_id)
    foreign, seen = touch(customer.pk, subject="Foreign secret"), touch(own.pk, subject="Own news")

    assert agent.get(url(customer, "timeline")).status_code == 404
    assert agent.post(url(customer, "touchpoints"), {"kind": "note", "body": "x"}).status_code == 404
    assert agent.get(url(own, "touchpoints", foreign.id, "edit")).status_code == 404
    page = agent.get("/w/kestrel/touchpoints/").content.decode()
    assert "Own news" in page
    assert "Foreign secret" not in page
    assert seen.id


def test_the_customer_page_shows_composer_and_timeline_by_role(
    ada_at: Client, client_for: Callable[..., Client], ben: User, set_role: Callable[..., None], customer: Customer
) -> None:
    set_role(ben, "read_only")
    touch(customer.pk, subject="Looked at Longtail 3")

    page, read = ada_at.get(url(customer)).content.decode(), client_for(ben).get(url(customer)).content.decode()

    assert 'id="composer"' in page
    assert "Looked at Longtail 3" in page
    assert 'id="composer"' not in read
    assert "Looked at Longtail 3" in read


def test_unknown_touch_points_are_not_found(ada_at: Client, customer: Customer) -> None:
    for act in ("", "pin", "retract", "restore"):
        target = url(customer, "touchpoints", uuid4(), *([act] if act else []))
        assert (ada_at.post(target) if act else ada_at.get(target)).status_code == 404


@pytest.fixture(autouse=True)
def utc() -> Any:
    with timezone.override("UTC"):
        yield
