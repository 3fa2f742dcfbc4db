"""The customers resource, over HTTP as another system would use it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.workspace.services.tokens import create_token
from rapport.foundation.workspace.types import Actor
from rapport.integrations.api.tests.conftest import Api
from rapport.stores.customers.models import Customer

pytestmark = pytest.mark.django_db


def test_customer_is_created_read_and_changed(api: Api) -> None:
    created = api(
        "POST", "/customers", {"name": "Pedal & Post", "kind": "organisation", "email": "Hello@Pedal.example"}
    )
    assert created.status_code == 201
    customer_id = created.json()["id"]

    changed = api("PATCH", f"/customers/{customer_id}", {"city": "Rotterdam", "version": 1})
    read = api("GET", f"/customers/{customer_id}?fields=city,email")

    assert changed.json()["version"] == 2
    assert read.json() == {
        "id": customer_id,
        "version": 2,
        "deleted_at": None,
        "merged_into_id": None,
        "city": "Rotterdam",
        "email": "hello@pedal.example",
    }


def test_duplicates_are_warned_of_and_not_refused(api: Api) -> None:
    first = api("POST", "/customers", {"name": "Marta", "email": "marta@pedal.example"}).json()

    second = api("POST", "/customers", {"name": "M. Oliveira", "email": "marta@pedal.example"})

    assert second.status_code == 201
    assert second.json()["possible_duplicates"] == [{"id": first["id"], "name": "Marta", "same": "email"}]


def test_errors_are_problems_that_name_the_field(api: Api) -> None:
    answer = api("POST", "/customers", {"name": "Marta", "email": "nonsense"})

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]


def test_stale_version_is_a_conflict(api: Api) -> None:
    customer_id = api("POST", "/customers", {"name": "Marta"}).json()["id"]
    api("PATCH", f"/customers/{customer_id}", {"city": "Delft"})

    answer = api("PATCH", f"/customers/{customer_id}", {"city": "Gouda", "version": 1})

    assert answer.status_code == 409
    assert answer.json()["current"] == {"city": "Delft", "version": 2}


def test_same_idempotency_key_is_answered_again_and_not_carried_out_again(api: Api) -> None:
    body = {"name": "Marta"}
    first = api("POST", "/customers", body, **{"Idempotency-Key": "order-1"})

    again = api("POST", "/customers", body, **{"Idempotency-Key": "order-1"})
    other = api("POST", "/customers", {"name": "Somebody else"}, **{"Idempotency-Key": "order-1"})

    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert Customer.objects.count() == 1


def test_merge_and_unmerge(api: Api) -> None:
    one = api("POST", "/customers", {"name": "Marta"}).json()["id"]
    two = api("POST", "/customers", {"name": "M. Oliveira", "city": "Delft"}).json()["id"]

    merged = api("POST", "/merges", {"surviving_id": one, "absorbed_id": two})
    through_old_id = api("GET", f"/customers/{two}").json()
    api("DELETE", f"/merges/{merged.json()['id']}")

    assert merged.status_code == 201
    assert (through_old_id["id"], through_old_id["city"]) == (one, "Delft")
    assert api("GET", f"/customers/{two}").json()["id"] == two


def test_deletion_can_be_undone(api: Api) -> None:
    customer_id = api("POST", "/customers", {"name": "Marta"}).json()["id"]

    operation_id = api("DELETE", f"/customers/{customer_id}").json()["operation_id"]
    gone = api("GET", f"/customers/{customer_id}")
    undone = api("POST", f"/operations/{operation_id}/undo")

    assert gone.status_code == 404
    assert undone.json()["restored"] == 1
    assert api("GET", f"/customers/{customer_id}").status_code == 200


def test_history_tells_who_and_what(api: Api) -> None:
    customer_id = api("POST", "/customers", {"name": "Marta"}).json()["id"]
    api("PATCH", f"/customers/{customer_id}", {"city": "Delft"})

    lines = api("GET", f"/customers/{customer_id}/history").json()["items"]

    assert lines[0]["fields"] == [{"name": "city", "before": "", "after": "Delft"}]


@pytest.mark.parametrize("token", ["", "nonsense", "rpt_w_00000001_" + "0" * 32 + "_" + "0" * 48])
def test_without_a_good_token_nothing_is_told(api: Api, token: str) -> None:
    answer = Api(api.client, token)("GET", f"/customers/{uuid4()}")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_reading_token_does_not_write(actor: Actor, workspace: Workspace, client_for: Callable[..., Client]) -> None:
    _, raw = create_token(
        actor=actor, workspace=workspace, name="Reader", scopes=frozenset({"customer:read"}), expires_at=None
    )

    answer = Api(client_for(None), raw)("POST", "/customers", {"name": "Marta"})

    assert answer.status_code == 403
    assert not Customer.objects.exists()


def test_document_is_openapi_3_1_and_open_to_all(client_for: Callable[..., Client]) -> None:
    document = client_for(None).get("/api/v1/openapi.json").json()

    assert document["openapi"] == "3.1.0"
    assert "email" in document["components"]["schemas"]["CustomerValues"]["properties"]
    assert "/api/v1/customers/{customer_id}" in document["paths"]


@pytest.mark.parametrize(
    "body", ['{"name": "a\\u0000b"}', '{"name": "\\ud800"}', '{"a\\u0000": 1}', "{", "[]", '"text"', ""]
)
def test_what_cannot_be_stored_or_read_is_refused(api: Api, body: str) -> None:
    answer = api.client.post(
        "/api/v1/customers",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.token}"},
    )

    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"
