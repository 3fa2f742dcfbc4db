"""Records of any type over the API, and defining types."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.records.models import OwnRecord, OwnType
from rapport.foundation.records.services.own_types import create_type
from rapport.foundation.workspace.services.tokens import create_token
from rapport.foundation.workspace.types import Actor
from rapport.integrations.api.tests.conftest import Api

pytestmark = pytest.mark.django_db

BOAT = {
    "label": "Boat",
    "plural": "Boats",
    "title_label": "Name of the boat",
    "fields": [
        {"label": "Length", "kind": "number"},
        {"label": "Hull", "kind": "choice", "choices": [{"label": "Steel", "value": "steel"}]},
        {"label": "Tender of", "kind": "relation", "target": "self"},
    ],
}


@pytest.fixture
def boats(api: Api) -> dict[str, Any]:
    answer = api("POST", "/record-types", BOAT)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_type_is_defined_described_and_listed(api: Api, boats: dict[str, Any]) -> None:
    assert (boats["name"], boats["is_own"], boats["title_field"]) == ("x_boat", True, "name")
    fields = {field["name"]: field for field in boats["fields"]}
    assert fields["tender_of"]["target"] == "x_boat"
    assert fields["customer"]["target"] == "customer"
    assert {relation["name"] for relation in boats["relations"]} == {"customer", "tender_of", "x_boat__tender_of"}
    listed = {each["name"] for each in api("GET", "/record-types").json()["items"]}
    assert {"customer", "x_boat"} <= listed
    assert "touchpoint" not in listed
    relations = api("GET", "/record-types/customer").json()["relations"]
    assert "x_boat__customer" in {relation["name"] for relation in relations}


def test_one_bad_field_leaves_no_type_behind(api: Api) -> None:
    answer = api("POST", "/record-types", {**BOAT, "fields": [{"label": "Length", "kind": "number"}, {"label": "", "kind": "magic"}]})  # fmt: skip

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"fields.1.label", "fields.1.kind"}
    assert not OwnType.objects.exists()


def test_records_go_the_whole_way(api: Api, boats: dict[str, Any]) -> None:
    customer = api("POST", "/customers", {"name": "Marta"}).json()["id"]
    made = api("POST", "/records/x_boat", {"name": "Seagull", "length": "9.5", "customer": customer, "tags": ["fast"]})
    assert made.status_code == 201
    seagull = made.json()
    path = f"/records/x_boat/{seagull['id']}"

    assert api("GET", path).json()["length"] == "9.5"
    assert api("GET", f"{path}?fields=name").json() == {
        "id": seagull["id"], "version": 1, "deleted_at": None, "name": "Seagull",
    }  # fmt: skip
    changed = api("PATCH", path, {"length": 12, "version": 1}).json()
    assert (changed["length"], changed["version"]) == ("12", 2)
    assert api("PATCH", path, {"length": 13, "version": 1}).status_code == 409
    assert api("PATCH", path, {"length": "long"}).json()["errors"][0]["field"] == "length"
    lines = api("GET", f"{path}/history").json()["items"]
    assert [line["action"] for line in lines] == ["updated", "created"]
    assert api("DELETE", path).json()["operation_id"]
    assert api("GET", path).status_code == 404
    assert api("POST", f"{path}/restore").json()["name"] == "Seagull"
    undone = api("POST", f"/operations/{changed['operation_id']}/undo").json()
    assert undone["restored"] == 1
    assert api("GET", path).json()["length"] == "9.5"


def test_lists_take_conditions_words_and_cursors(api: Api, boats: dict[str, Any]) -> None:
    for n in range(5):
        api("POST", "/records/x_boat", {"name": f"Boat {n}", "length": n})

    def names(query: str) -> tuple[list[str], str | None]:
        answer = api("GET", f"/records/x_boat?sort=name&{query}")
        assert answer.status_code == 200, answer.content
        return [each["name"] for each in answer.json()["items"]], answer.json()["next_cursor"]

    where = quote(json.dumps({"field": "length", "op": "at_least", "value": 3}))
    assert names(f"where={where}")[0] == ["Boat 3", "Boat 4"]
    assert names("q=boat+2")[0] == ["Boat 2"]
    first, cursor = names("limit=3")
    assert first == ["Boat 0", "Boat 1", "Boat 2"]
    assert names(f"limit=3&cursor={cursor}") == (["Boat 3", "Boat 4"], None)
    wrong = quote(json.dumps({"field": "depth", "op": "is", "value": 3}))
    assert api("GET", f"/records/x_boat?where={wrong}").status_code == 422


def test_customers_are_asked_for_by_their_boats(api: Api, boats: dict[str, Any]) -> None:
    marta = api("POST", "/customers", {"name": "Marta"}).json()["id"]
    api("POST", "/customers", {"name": "Jonas"})
    api("POST", "/records/x_boat", {"name": "Seagull", "length": 12, "customer": marta})
    where = quote(json.dumps({"relation": "x_boat__customer", "quantifier": "any", "where": {"field": "length", "op": "more_than", "value": 9}}))  # fmt: skip

    for path in ("/customers", "/records/customer"):
        assert [each["name"] for each in api("GET", f"{path}?where={where}").json()["items"]] == ["Marta"]


def test_many_are_changed_and_put_away_at_once(api: Api, boats: dict[str, Any]) -> None:
    ids = [api("POST", "/records/x_boat", {"name": f"Boat {n}"}).json()["id"] for n in range(3)]

    edited = api("POST", "/records/x_boat/bulk-edit", {"ids": ids, "values": {"hull": "steel"}, "add_tags": ["fleet"]})
    assert edited.json()["counts"] == {"updated": 3}
    binned = api("POST", "/records/x_boat/bulk-bin", {"ids": ids[:2]})
    assert binned.json()["counts"] == {"deleted": 2}
    assert api("GET", "/records/x_boat").json()["items"][0]["tags"] == ["fleet"]
    assert api("POST", "/records/x_boat/bulk-bin", {"ids": ids * 400}).status_code == 422


def test_a_merged_customer_answers_for_both_ids(api: Api) -> None:
    one, two = (api("POST", "/customers", {"name": name}).json()["id"] for name in ("Marta", "M. Oliveira"))
    api("POST", "/merges", {"surviving_id": one, "absorbed_id": two})

    assert api("GET", f"/records/customer/{two}").json()["id"] == one


def test_types_are_renamed_retired_reinstated_and_removed(api: Api, boats: dict[str, Any]) -> None:
    api("POST", "/records/x_boat", {"name": "Seagull"})

    assert api("PATCH", "/record-types/x_boat", {"plural": "Ships"}).json()["plural"] == "Ships"
    assert api("DELETE", "/record-types/x_boat").json()["retired_at"]
    assert api("GET", "/records/x_boat").status_code == 404
    assert api("POST", "/record-types/x_boat/reinstate").json()["retired_at"] is None
    assert api("POST", "/record-types/x_boat/remove", {"confirmation": "no"}).status_code == 422
    assert api("POST", "/record-types/x_boat/remove", {"confirmation": "Ships"}).json() == {"removed": 1}
    assert not OwnRecord.objects.exists()


@pytest.mark.parametrize("name", ["touchpoint", "x_nothing", "nothing", "x_%00", "bin"])
def test_what_is_no_type_is_not_found(api: Api, name: str) -> None:
    some = "01a00000-0000-7000-8000-000000000000"

    for method, path in (
        ("GET", f"/records/{name}"), ("POST", f"/records/{name}"), ("GET", f"/records/{name}/{some}"),
        ("GET", f"/records/{name}/{some}/history"), ("DELETE", f"/records/{name}/{some}"), ("GET", f"/record-types/{name}"),
        ("PATCH", f"/record-types/{name}"),
    ):  # fmt: skip
        assert api(method, path, {} if method in ("POST", "PATCH") else None).status_code == 404, path


def test_tokens_reach_what_their_scopes_say(
    api: Api, boats: dict[str, Any], actor: Actor, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    _, raw = create_token(
        actor=actor, workspace=workspace, name="Reader", scopes=frozenset({"x_boat:read"}), expires_at=None
    )
    reader = Api(client_for(None), raw)

    assert reader("GET", "/records/x_boat").status_code == 200
    assert reader("POST", "/records/x_boat", {"name": "Tern"}).status_code == 403
    assert reader("GET", "/records/customer").status_code == 403
    assert reader("POST", "/record-types", BOAT).status_code == 403
    assert {each["name"] for each in reader("GET", "/record-types").json()["items"]} == {"x_boat"}


def test_another_workspace_meets_nothing_of_it(
    api: Api,
    boats: dict[str, Any],
    cleo: User,
    other_workspace: Workspace,
    client_for: Callable[..., Client],
) -> None:
    from rapport.foundation.workspace.models import Member
    from rapport.foundation.workspace.queries.members import actor_of_member

    seagull = api("POST", "/records/x_boat", {"name": "Seagull"}).json()["id"]
    with schema_context(other_workspace.schema_name):
        cleos = actor_of_member(Member.objects.get(user_id=cleo.pk).pk, other_workspace)
        assert cleos
        scopes = frozenset({"*:read", "*:write", "workspace:manage_fields"})
        _, raw = create_token(actor=cleos, workspace=other_workspace, name="Cleo", scopes=scopes, expires_at=None)
    other = Api(client_for(None), raw)

    assert other("GET", "/records/x_boat").status_code == 404
    with schema_context(other_workspace.schema_name):
        create_type(actor=cleos, label="Boat", plural="Barges")
    assert other("GET", "/records/x_boat").json()["items"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/history"), ("POST", "/restore")):
        body = {"name": "Mine"} if method == "PATCH" else None
        assert other(method, f"/records/x_boat/{seagull}{path}", body).status_code == 404
    assert OwnRecord.objects.get().title == "Seagull"
