"""Imports over HTTP, from the file to taking it back."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from rapport.integrations.api.tests.conftest import Api
from rapport.stores.customers.models import Customer

pytestmark = pytest.mark.django_db

FILE = b"Name,E-mail,City\nMarta Oliveira,marta@pedal.example,Rotterdam\nRui Costa,not an address,Porto\n"


def _upload(api: Api, content: bytes = FILE, name: str = "people.csv") -> dict[str, object]:
    answer = api.client.post(
        "/api/v1/imports",
        {"file": SimpleUploadedFile(name, content), "record_type": "customer"},
        headers={"Authorization": f"Bearer {api.token}"},
    )
    assert answer.status_code in (201, 422), answer.content
    return dict(answer.json(), status_code=answer.status_code)


def test_file_is_checked_imported_and_taken_back(api: Api) -> None:
    row = _upload(api)
    address = f"/imports/{row['id']}"

    checked = api("POST", f"{address}/check").json()
    done = api("POST", f"{address}/run").json()
    refused = api("GET", f"{address}/refused")
    names = set(Customer.objects.filter(deleted_at=None).values_list("name", flat=True))
    undone = api("POST", f"{address}/undo").json()

    assert (checked["state"], checked["checked_counts"]["new"]) == ("ready", 1)
    assert (done["state"], names) == ("done", {"Marta Oliveira"})
    assert b"not an address" in b"".join(refused.streaming_content)
    assert undone["state"] == "undone"
    assert not Customer.objects.filter(deleted_at=None).exists()


def test_preview_points_at_the_bad_cell(api: Api) -> None:
    row = _upload(api)

    shown = api("GET", f"/imports/{row['id']}/preview").json()

    assert shown["bad"] == 1
    bad = [(row["number"], cell["column"]) for row in shown["rows"] for cell in row["cells"] if cell["problem"]]
    assert bad == [(3, 1)]  # the line of the file, as a spreadsheet numbers it


def test_file_that_is_no_table_is_refused_with_a_reason(api: Api) -> None:
    answer = _upload(api, b"PK\x03\x04 broken", "people.xlsx")

    assert answer["status_code"] == 422
    assert answer["errors"]


def test_column_that_is_not_there_is_named(api: Api) -> None:
    row = _upload(api)

    answer = api("PATCH", f"/imports/{row['id']}", {"targets": {"9": "city"}})

    assert [error["field"] for error in answer.json()["errors"]] == ["targets.9"]
