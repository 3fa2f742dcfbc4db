"""Permissions over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rapport.integrations.api.tests.conftest import Api
from rapport.stores.customers.tests.factories import make_customer
from rapport.touchpoints.permission.models import Evidence

pytestmark = pytest.mark.django_db


def test_permission_is_recorded_checked_and_taken_back(api: Api) -> None:
    customer = make_customer(email="marta@example.org")
    asked = f"/customers/{customer.pk}/may-contact?purpose=offers&channel=email"
    assert api("GET", asked).json()["reason"] == "not_asked"

    body = {"status": "granted", "purpose": "offers", "channel": "email", "basis": "consent", "proof": "Form 118"}
    made = api("POST", f"/customers/{customer.pk}/permissions", body)

    assert made.status_code == 201
    decision = api("GET", asked).json()
    assert (decision["allowed"], decision["evidence_id"]) == (True, made.json()["id"])
    (entry,) = api("GET", f"/customers/{customer.pk}/permissions").json()["items"]
    assert (entry["proof"], entry["contact_point"], entry["source"]) == ("Form 118", "marta@example.org", "api")

    api("POST", f"/operations/{made.json()['operation_id']}/undo")

    assert api("GET", asked).json()["allowed"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "granted", "purpose": "offers", "channel": "email"}, "basis"),
        ({"status": "granted", "channel": "email", "basis": "consent"}, "purpose"),
        ({"status": "retracted", "purpose": "offers", "channel": "email"}, "status"),
        ({"status": "refused", "purpose": "nonsense", "channel": "email"}, "purpose"),
        ({"status": "limited", "limit_days": 100_000}, "limit_days"),
        ({"status": "refused", "channel": "email", "contact_point": "nobody"}, "contact_point"),
    ],
)
def test_what_proves_nothing_is_refused_by_name(api: Api, body: dict[str, Any], field: str) -> None:
    customer = make_customer(email="marta@example.org")

    answer = api("POST", f"/customers/{customer.pk}/permissions", body)

    assert answer.status_code == 422
    assert field in answer.content.decode()
    assert not Evidence.objects.exists()


def test_unknown_customers_and_purposes_are_told(api: Api) -> None:
    assert api("GET", f"/customers/{uuid4()}/may-contact?purpose=offers&channel=email").status_code == 404
    assert api("GET", f"/customers/{make_customer().pk}/may-contact?purpose=x&channel=email").status_code == 422
    assert {one["name"] for one in api("GET", "/purposes").json()} >= {
        "service",
        "offers",
        "tips",
        "research",
        "profiling",
    }
