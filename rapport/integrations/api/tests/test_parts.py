"""Identities, addresses, relationships and fields over HTTP."""

from __future__ import annotations

import pytest

from rapport.integrations.api.tests.conftest import Api

pytestmark = pytest.mark.django_db


def _customer(api: Api, name: str, **values: str) -> str:
    answer = api("POST", "/customers", {"name": name, **values})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_identities_are_added_listed_and_removed(api: Api) -> None:
    marta = _customer(api, "Marta", email="marta@pedal.example")

    added = api("POST", f"/customers/{marta}/identities", {"kind": "external", "value": "4711", "namespace": "shop"})
    items = api("GET", f"/customers/{marta}/identities").json()["items"]
    external = next(item for item in items if item["kind"] == "external")
    removed = api("DELETE", f"/customers/{marta}/identities/{external['id']}")

    assert (added.status_code, removed.status_code) == (201, 200)
    assert (external["namespace"], external["value"]) == ("shop", "4711")
    assert len(api("GET", f"/customers/{marta}/identities").json()["items"]) == 1


def test_identity_of_somebody_else_is_a_conflict(api: Api) -> None:
    _customer(api, "Marta", email="marta@pedal.example")
    other = _customer(api, "Rui")

    answer = api("POST", f"/customers/{other}/identities", {"kind": "email", "value": "marta@pedal.example"})

    assert answer.status_code == 409


def test_addresses_can_be_changed_and_taken_back(api: Api) -> None:
    marta = _customer(api, "Marta")
    made = api(
        "POST", f"/customers/{marta}/addresses", {"street": "Maashaven 12", "city": "Rotterdam", "country": "NL"}
    )
    address = f"/customers/{marta}/addresses/{made.json()['id']}"

    api("PATCH", address, {"postal_code": "3081"})
    removed = api("DELETE", address)
    api("POST", f"/operations/{removed.json()['operation_id']}/undo")

    shown = api("GET", f"/customers/{marta}/addresses").json()["items"]
    assert [(item["street"], item["postal_code"]) for item in shown] == [("Maashaven 12", "3081")]


def test_relationships_read_from_both_ends(api: Api) -> None:
    marta = _customer(api, "Marta")
    firm = _customer(api, "Pedal & Post", kind="organisation")

    made = api(
        "POST", f"/customers/{marta}/relationships", {"type": "works_at", "to_customer_id": firm, "role": "Fleet lead"}
    )

    assert made.status_code == 201
    here = api("GET", f"/customers/{marta}/relationships").json()["items"][0]
    there = api("GET", f"/customers/{firm}/relationships").json()["items"][0]
    assert (here["label"], here["name"], here["role"]) == ("works at", "Pedal & Post", "Fleet lead")
    assert (there["label"], there["name"]) == ("employs", "Marta")


def test_custom_field_made_over_the_api_is_a_field_like_any_other(api: Api) -> None:
    made = api("POST", "/custom-fields", {"label": "Fleet size", "kind": "number"})
    name = made.json()["name"]

    marta = _customer(api, "Marta", **{name: "61"})
    bad = api("PATCH", f"/customers/{marta}", {name: "many"})

    assert made.status_code == 201
    assert api("GET", f"/customers/{marta}").json()[name] == "61"
    assert [error["field"] for error in bad.json()["errors"]] == [name]
    assert name in [item["name"] for item in api("GET", "/fields").json()["items"]]
