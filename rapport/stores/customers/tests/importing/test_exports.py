"""Lists into files and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import ExportRun, Import
from rapport.foundation.records.rules.bulk import Selection
from rapport.foundation.records.services import exports
from rapport.foundation.records.services.exports import open_export
from rapport.foundation.records.services.fields import create_field
from rapport.foundation.records.services.workbooks import Workbook
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.importing.conftest import csv_of
from rapport.stores.customers.tests.importing.test_undo import state

pytestmark = pytest.mark.django_db
EVERYONE = Selection("customers", all_matching=True)
PEOPLE = csv_of(
    ("Given name", "Family name", "E-mail", "Phone", "City", "Country", "Birthday", "Tags", "Notes", "Shoe size", "Paid", "Owner", "Kind"),
    ("Marta", "Oliveira", "marta@example.org", "+351912345678", "Lisboa", "PT", "1980-02-29", "vip; fair", "'=cmd|calc", "42.5", "12.50 EUR", "Ada", "Person"),
    ("", "", "info@firm.example", "", "", "", "", "", "two\nlines", "", "", "", "Organisation"),
)  # fmt: skip


@pytest.fixture
def people(run: Callable[..., Import], actor: Actor) -> None:
    create_field(actor=actor, record_type="customer", label="Shoe size", kind="number")
    create_field(actor=actor, record_type="customer", label="Paid", kind="money")
    row = run(PEOPLE)
    assert row.counts["new"] == 2, row.counts


def made(actor: Actor, kind: str, selection: Selection = EVERYONE, columns: tuple[str, ...] = ()) -> bytes:
    found = exports.start_export(actor=actor, selection=selection, kind=kind, columns=columns)
    assert found.state == "done", found.problem
    with open_export(found) as stream:
        content: bytes = stream.read()
    return content


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_csv_holds_what_people_see(people: None, actor: Actor) -> None:
    marta, firm = sorted(rows_of(made(actor, "csv")), key=lambda row: row["Kind"] != "Person")

    assert (marta["Name"], marta["Date of birth"], marta["Tags"], marta["Owner"]) == (
        "Marta Oliveira",
        "1980-02-29",
        "vip; fair",
        "Ada",
    )
    assert (marta["Shoe size"], marta["Paid"], marta["Phone"]) == ("42.5", "12.50 EUR", "+351912345678")
    assert marta["Notes"] == "'=cmd|calc"
    assert firm["Notes"] == "two\nlines"


def test_xlsx_keeps_types(people: None, actor: Actor, tmp_path: Any) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(made(actor, "xlsx"))

    with Workbook(path) as book:
        (_one, head), *rows = book.rows("Sheet1")
    marta = next(dict(zip(head, cells, strict=False)) for _number, cells in rows if "Marta Oliveira" in cells)
    assert (marta["Date of birth"], marta["Shoe size"], marta["Notes"]) == (date(1980, 2, 29), 42.5, "'=cmd|calc")


def test_parquet_keeps_types(people: None, actor: Actor, tmp_path: Any) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(made(actor, "parquet"))

    rows = pq.read_table(path).to_pylist()

    marta = next(row for row in rows if row["given_name"] == "Marta")
    assert (marta["birth_date"], marta["tags"], marta["notes"]) == (date(1980, 2, 29), ["vip", "fair"], "=cmd|calc")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_an_export_brought_back_changes_nothing(
    people: None, actor: Actor, run: Callable[..., Import], kind: str
) -> None:
    before = state()

    row = run(made(actor, kind), name=f"back.{kind}", key="id")

    assert (row.counts["unchanged"], row.counts["updated"], row.counts["refused"]) == (2, 0, 0), row.counts
    assert state() == before


def test_only_the_chosen_rows_and_columns_go(people: None, actor: Actor) -> None:
    marta = Customer.objects.get(email="marta@example.org")

    rows = rows_of(made(actor, "csv", Selection("customers", (str(marta.pk),)), ("city",)))

    assert rows == [{"Rapport id": str(marta.pk), "Name": "Marta Oliveira", "City": "Lisboa"}]


def test_an_empty_list_is_a_heading(actor: Actor, tmp_path: Any) -> None:
    assert made(actor, "csv").decode("utf-8-sig").startswith("Rapport id,")
    for kind in ("xlsx", "parquet"):
        assert made(actor, kind)


def test_exports_are_in_the_audit_log(people: None, actor: Actor) -> None:
    made(actor, "csv")

    entry = AuditEntry.objects.get(action="records_exported")
    assert (entry.detail["rows"], entry.detail["kind"]) == (2, "csv")


def test_who_may_not_export_does_not(
    people: None, ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        exports.start_export(actor=actor_for(ben), selection=EVERYONE, kind="csv")


def test_a_list_is_exported_and_fetched(
    people: None, client_for: Callable[[User | None], Client], ada: User, ben: User
) -> None:
    browser = client_for(ada)
    page = browser.get("/w/kestrel/records/lists/customers/export")
    assert "All records that the list shows" in page.content.decode()

    answer = browser.post("/w/kestrel/records/lists/customers/export", {"kind": "csv", "which": "all"})
    found = ExportRun.objects.get()
    assert answer["Location"] == f"/w/kestrel/records/exports/{found.pk}"
    assert "The file is ready" in browser.get(answer["Location"]).content.decode()
    fetched = browser.get(f"{answer['Location']}/file")

    assert "attachment" in fetched["Content-Disposition"]
    assert len(rows_of(b"".join(fetched.streaming_content))) == 2
    assert found.name in browser.get("/w/kestrel/records/exports/").content.decode()
    assert client_for(ben).get(answer["Location"]).status_code == 404
    assert client_for(ben).get(f"{answer['Location']}/file").status_code == 404


def test_large_lists_are_left_to_the_worker(people: None, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)

    found = exports.start_export(actor=actor, selection=EVERYONE, kind="csv")
    assert found.state == "waiting"
    exports.work_on_export(actor=actor, run_id=found.pk)

    found.refresh_from_db()
    assert (found.state, found.done) == ("done", 2)


def test_a_cancelled_export_leaves_no_file(people: None, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    found = exports.start_export(actor=actor, selection=EVERYONE, kind="csv")

    exports.cancel_export(actor=actor, run_id=found.pk)
    exports.work_on_export(actor=actor, run_id=found.pk)

    found.refresh_from_db()
    assert (found.state, found.storage_key) == ("cancelled", "")
