"""The life cycle and follow-ups over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from rapport.integrations.api.tests.conftest import Api
from rapport.stores.customers.models import FollowUp
from rapport.stores.customers.services import phases
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.ledger.tests.factories import touch

pytestmark = pytest.mark.django_db


def test_life_is_told_with_its_dates(api: Api) -> None:
    customer = make_customer(source="Fair")
    at = datetime.now(UTC) - timedelta(days=30)
    lines = {"lines": [{"category": "Bikes"}], "campaign": "spring"}
    touch(customer.pk, kind="order_placed", channel="shop", occurred_at=at, properties=lines)
    phases.tell([customer.pk])

    told = api("GET", f"/customers/{customer.pk}/life-cycle").json()

    assert (told["phase"], told["phases"][0]["phase"]) == ("onboarding", "onboarding")
    assert told["recruited"] | {"at": ""} == {
        "at": "", "channel": "shop", "campaign": "spring", "source": "Fair", "cost": None,
    }  # fmt: skip
    assert told["retained"][0]["until"] is None


def test_phase_is_set_by_hand_and_undone(api: Api) -> None:
    customer = make_customer()

    answer = api("POST", f"/customers/{customer.pk}/phase", {"phase": "ended", "reason": "Moved"})
    assert answer.status_code == 201
    assert api("GET", f"/customers/{customer.pk}/life-cycle").json()["phase"] == "ended"
    undone = api("POST", f"/operations/{answer.json()['operation_id']}/undo")

    assert undone.status_code == 200
    assert api("GET", f"/customers/{customer.pk}/life-cycle").json()["phase"] == "prospect"


@pytest.mark.parametrize(
    "body",
    [
        {"phase": "champion", "reason": "x"},
        {"phase": "ended", "reason": ""},
        {"phase": "ended", "reason": "x", "since": "2026-01-01T00:00:00"},
        {"phase": "ended", "reason": "x", "since": "2999-01-01T00:00:00Z"},
    ],
)
def test_phase_without_sense_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api("POST", f"/customers/{make_customer().pk}/phase", body).status_code == 422


def test_follow_up_is_opened_listed_and_closed(api: Api) -> None:
    customer = make_customer()

    opened = api("POST", f"/customers/{customer.pk}/follow-ups", {"title": "Call", "due_on": "2026-07-01"})
    assert opened.status_code == 201
    (item,) = api("GET", "/follow-ups").json()["items"]
    closed = api("POST", f"/follow-ups/{item['id']}/close", {"outcome": "settled"})

    assert (item["title"], item["due_on"], closed.status_code) == ("Call", "2026-07-01", 200)
    assert api("GET", "/follow-ups").json()["items"] == []
    assert api("GET", "/follow-ups?closed=true").json()["items"][0]["outcome"] == "settled"
    assert api("POST", f"/follow-ups/{item['id']}/close", {"outcome": "lost"}).status_code == 409


def test_follow_ups_page_by_cursor(api: Api) -> None:
    customer = make_customer()
    for n in range(5):
        FollowUp.objects.create(customer_id=customer.pk, title=f"Thing {n}", due_on="2026-07-01", opened_by="Ada")

    first = api("GET", "/follow-ups?limit=3").json()
    second = api("GET", f"/follow-ups?limit=3&cursor={first['next_cursor']}").json()

    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (3, 2, None)
    for cursor in ("x", "2026-01-01T00:00:00~" + str(uuid4())):
        assert api("GET", f"/follow-ups?closed=true&cursor={cursor}").status_code == 200


def test_nobody_is_not_found(api: Api) -> None:
    nobody = uuid4()

    assert api("GET", f"/customers/{nobody}/life-cycle").status_code == 404
    assert api("POST", f"/follow-ups/{nobody}/close", {"outcome": "settled"}).status_code == 404
