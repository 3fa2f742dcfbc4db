"""Lists and saved views over HTTP."""

from __future__ import annotations

import json

import pytest

from rapport.integrations.api.tests.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def cities(api: Api) -> list[str]:
    names = []
    for number, city in enumerate(["Delft", "Delft", "Gouda", "", "Delft"]):
        names.append(f"Customer {number}")
        api("POST", "/customers", {"name": names[-1], "city": city})
    return names


def test_list_pages_by_cursor_through_every_customer_once(api: Api, cities: list[str]) -> None:
    seen, cursor = [], ""
    while True:
        page = api("GET", f"/customers?sort=name&limit=2&fields=name&cursor={cursor}").json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert seen == cities


def test_list_takes_the_conditions_of_the_pages(api: Api, cities: list[str]) -> None:
    where = json.dumps({"field": "city", "op": "is", "value": "Delft"})

    found = api("GET", f"/customers?sort=-name&where={where}").json()["items"]

    assert [item["name"] for item in found] == ["Customer 4", "Customer 1", "Customer 0"]


def test_words_find_part_of_a_name(api: Api, cities: list[str]) -> None:
    assert len(api("GET", "/customers?q=tomer 3").json()["items"]) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("where=nonsense", "where"),
        ('where={"field":"shoe_size","op":"is","value":1}', "where/field"),
        ("sort=notes", "sort"),
        ("cursor=bm9uc2Vuc2U", "cursor"),
        ("fields=shoe_size", "fields"),
        ("limit=0", "limit"),
    ],
)
def test_bad_parameters_are_named(api: Api, query: str, field: str) -> None:
    answer = api("GET", f"/customers?{query}")

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_saved_view_is_kept_and_used(api: Api, cities: list[str]) -> None:
    condition = {"field": "city", "op": "is", "value": "Gouda"}
    view = api("POST", "/views", {"name": "In Gouda", "condition": condition}).json()

    renamed = api("PATCH", f"/views/{view['id']}", {"name": "Gouda"}).json()
    found = api("GET", f"/customers?view={view['id']}").json()["items"]
    removed = api("DELETE", f"/views/{view['id']}")

    assert renamed["condition"] == condition
    assert [item["name"] for item in found] == ["Customer 2"]
    assert removed.status_code == 204
    assert api("GET", f"/views/{view['id']}").status_code == 404


def test_bulk_edit_is_one_operation_that_can_be_undone(api: Api, cities: list[str]) -> None:
    ids = [item["id"] for item in api("GET", "/customers").json()["items"]]

    done = api("POST", "/customers/bulk-edit", {"ids": ids, "values": {"country": "NL"}, "add_tags": ["south"]}).json()
    api("POST", f"/operations/{done['operation_id']}/undo")

    assert done["counts"] == {"updated": 5}
    assert {tuple(item["tags"]) for item in api("GET", "/customers").json()["items"]} == {()}
