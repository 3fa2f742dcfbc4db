"""Touch points over HTTP: sent by the fast way, read by the usual one."""

from __future__ import annotations

from typing import Any

import pytest

from rapport.integrations.api.tests.conftest import Api

pytestmark = pytest.mark.django_db


def _order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "customer": {"email": "marta@pedal.example"},
        "channel": "shop",
        "kind": "order_placed",
        "occurred_at": f"2026-10-0{number}T09:00:00Z",
        "source": "shop",
        "source_id": f"K-{number}",
        "amount": "64.80",
        "currency": "EUR",
        **more,
    }


def test_what_was_sent_is_read_on_the_customer_page_by_page(api: Api) -> None:
    sent = api("POST", "/touchpoints", [_order(number) for number in (1, 3, 2)])
    again = api("POST", "/touchpoints", _order(3))
    customer = sent.json()["results"][0]["customer_id"]

    first = api("GET", f"/customers/{customer}/touchpoints?limit=2&kind=order_placed").json()
    second = api("GET", f"/customers/{customer}/touchpoints?limit=2&cursor={first['next_cursor']}").json()

    assert (sent.status_code, again.json()["duplicate"]) == (202, 1)
    assert [item["occurred_at"][:10] for item in first["items"]] == ["2026-10-03", "2026-10-02"]
    assert [item["amount"] for item in second["items"]] == ["64.8"]
    assert second["next_cursor"] is None


def test_every_touch_point_of_the_workspace(api: Api) -> None:
    api("POST", "/touchpoints", [_order(1), _order(2, kind="order_shipped")])

    items = api("GET", "/touchpoints?kind=order_shipped").json()["items"]

    assert [item["kind"] for item in items] == ["order_shipped"]
    assert api("GET", "/touchpoints?since=2026-10-01T00:00:00").status_code == 422


def test_retracted_touch_point_is_read_no_more(api: Api) -> None:
    result = api("POST", "/touchpoints", _order(1)).json()["results"][0]
    address = f"/customers/{result['customer_id']}/touchpoints/{result['id']}"

    there = api("GET", address)
    gone = api("DELETE", address)

    assert (there.status_code, gone.status_code) == (200, 200)
    assert api("GET", address).status_code == 404


def test_sending_is_part_of_the_document(api: Api) -> None:
    document = api("GET", "/openapi.json").json()

    assert document["paths"]["/api/v1/touchpoints"]["post"]["operationId"] == "send_touchpoints"
    assert "customer" in document["components"]["schemas"]["NewTouchpoint"]["properties"]
