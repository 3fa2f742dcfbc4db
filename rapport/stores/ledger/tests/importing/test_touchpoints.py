"""Touch points from files, matched to customers; and the purchases of CDNOW, 1997 and 1998."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import lifetimes
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Import
from rapport.foundation.records.services import imports
from rapport.foundation.records.services.import_runs import run_import
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer, Identity
from rapport.stores.customers.tests.importing.conftest import csv_of, lines
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.touchpoints import standing

pytestmark = pytest.mark.django_db
DATASETS = Path(lifetimes.__file__).parent / "datasets"
ORDERS = csv_of(
    ("Customer email", "Order date", "Order number", "Total", "Items", "Event"),
    ("marta@example.org", "2026-03-04 10:00", "A1", "12.50 EUR", "2", "Order placed"),
    ("MARTA@example.org", "2026-03-05 10:00", "A2", "€ 30", "1", ""),
    ("nobody", "2026-03-05 10:00", "A3", "1", "1", ""),
    ("jonas@example.org", "", "A4", "1", "1", ""),
)  # fmt: skip


def test_rows_become_touch_points_of_customers(run: Callable[..., Import]) -> None:
    row = run(ORDERS, into="touchpoint", targets={0: "customer_email", 4: "new:number"})

    assert row.counts == {"new": 2, "updated": 0, "unchanged": 0, "refused": 2, "warned": 0, "customers": 2}
    marta = Customer.objects.get(email="marta@example.org")
    first, second = Touchpoint.objects.filter(customer_id=marta.pk).order_by("occurred_at")
    assert (first.kind, first.channel, first.direction, first.amount, first.currency) == (
        "order_placed",
        "shop",
        "in",
        Decimal("12.50"),
        "EUR",
    )
    assert (first.source, first.source_id, first.properties, first.batch_id) == (
        "import",
        "A1",
        {"items": "2"},
        row.operation_id,
    )
    assert (second.kind, second.amount) == ("order_placed", Decimal(30))
    _head, bad_address, no_date = lines(row)
    assert "nobody is not an e-mail address" in bad_address
    assert "does not say when it happened" in no_date


def test_unknown_customers_can_be_refused(run: Callable[..., Import]) -> None:
    run(csv_of(("Name", "E-mail"), ("Marta", "marta@example.org")))

    row = run(ORDERS, into="touchpoint", targets={0: "customer_email"}, unknown="refuse")

    assert (row.counts["new"], row.counts["refused"]) == (2, 2)
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(("heading", "value"), [("Phone", "+351912345678"), ("Customer number", "K1")])
def test_customers_are_matched_by_any_key(run: Callable[..., Import], heading: str, value: str) -> None:
    run(csv_of(("Name", "Phone", "Customer number"), ("Marta", "+351912345678", "K1")), namespace="shop")
    marta = Customer.objects.get()

    row = run(csv_of((heading, "Date"), (value, "2026-03-04")), into="touchpoint", unknown="refuse", namespace="shop")

    assert row.counts["new"] == 1
    assert Touchpoint.objects.get().customer_id == marta.pk


def test_the_same_file_again_doubles_nothing(run: Callable[..., Import]) -> None:
    content = csv_of(("Customer number", "Date", "Amount"), ("1", "2026-03-04", "5"), ("1", "2026-03-04", "5"))
    run(content, into="touchpoint")

    again = run(content, into="touchpoint")

    assert (again.counts["new"], again.counts["unchanged"]) == (0, 2)
    assert Touchpoint.objects.count() == 2


def test_a_dry_run_counts_what_the_run_then_does(bring: Callable[..., Import], actor: Actor) -> None:
    row = bring(ORDERS, into="touchpoint", targets={0: "customer_email"})

    checked = imports.begin_check(actor=actor, import_id=row.pk)
    assert not Touchpoint.objects.exists()
    assert not Customer.objects.exists()

    assert imports.begin_run(actor=actor, import_id=row.pk).counts == checked.checked_counts


def test_undo_takes_back_touch_points_and_the_customers_they_brought(run: Callable[..., Import], actor: Actor) -> None:
    run(csv_of(("Name", "E-mail"), ("Marta", "marta@example.org")))
    row = run(ORDERS, into="touchpoint", targets={0: "customer_email"})

    imports.begin_undo(actor=actor, import_id=row.pk)

    assert not standing(Touchpoint.objects.all()).exists()
    assert [one.email for one in Customer.objects.all()] == ["marta@example.org"]
    again = run(ORDERS, into="touchpoint", targets={0: "customer_email"})
    assert again.counts["new"] == 2
    assert standing(Touchpoint.objects.all()).count() == 2


def cdnow(name: str) -> Iterator[list[str]]:
    for line in (DATASETS / name).read_text().splitlines():
        if (cells := line.split()) and cells[0].isdigit():
            yield cells


def bought(name: str, client: Client, actor: Actor, key: str = "customer_external_id") -> Import:
    """A file of CDNOW brought through the pages, as anybody would, and written by the worker."""
    client.post(
        "/w/kestrel/records/imports/new",
        {"into": "touchpoint", "file": SimpleUploadedFile(name, (DATASETS / name).read_bytes())},
    )
    row = Import.objects.get()
    fields = {f"column-{each['position']}": each["target"] for each in row.mapping}
    answers = {**row.options, "namespace": "cdnow", "currency": "USD", "key_field": key, "go": "run"}
    answer = client.post(f"/w/kestrel/records/imports/{row.pk}/plan", {**fields, **answers})
    assert (answer.status_code, answer["Location"]) == (303, f"/w/kestrel/records/imports/{row.pk}")
    assert "Importing" in client.get(answer["Location"]).content.decode(), "it is large enough for the worker"
    run_import(actor=actor, import_id=row.pk)
    assert "Undo this import" in client.get(answer["Location"]).content.decode()
    row.refresh_from_db()
    return row


def compared(name: str, row: Import, actor: Actor, customer: int, day: int, amount: int) -> None:
    """Everything the file says is in the ledger: customers, purchases of each, amounts, dates."""
    rows = list(cdnow(name))
    assert (row.state, row.counts["new"], row.counts["refused"]) == ("done", len(rows), 0), row.counts
    assert row.counts["customers"] == len({cells[customer] for cells in rows})
    orders = Touchpoint.objects.filter(kind="order_placed", channel="shop", currency="USD")
    owners = dict(Identity.objects.filter(namespace="cdnow").values_list("customer_id", "value"))
    zone = ZoneInfo(actor.timezone)
    found = Counter(
        (owners[owner], f"{at.astimezone(zone):%Y%m%d}", paid)
        for owner, at, paid in orders.values_list("customer_id", "occurred_at", "amount")
    )
    assert found == Counter((cells[customer], cells[day], Decimal(cells[amount])) for cells in rows)
    assert Customer.objects.count() == len(owners)


def test_the_cdnow_sample_comes_in_through_the_pages(
    client_for: Callable[[User | None], Client], ada: User, actor: Actor
) -> None:
    row = bought("CDNOW_sample.txt", client_for(ada), actor)

    assert (row.counts["new"], row.counts["customers"]) == (6_919, 2_357)
    compared("CDNOW_sample.txt", row, actor, customer=0, day=2, amount=4)


def test_all_of_cdnow_comes_in_through_the_pages_and_goes_again(
    client_for: Callable[[User | None], Client], ada: User, actor: Actor
) -> None:
    row = bought("CDNOW_master.txt", client_for(ada), actor)

    assert (row.counts["new"], row.counts["customers"]) == (69_659, 23_570)
    compared("CDNOW_master.txt", row, actor, customer=0, day=1, amount=3)
    Import.objects.update(state="undoing")
    imports.undo_import(actor=actor, import_id=row.pk)
    assert not Customer.objects.exists()
    assert not standing(Touchpoint.objects.all()).exists()
