"""Touch points from files, matched to customers; and the purchases of CDNOW, 1997 and 1998."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import lifetimes
import pytest
from django.db.models import Count, Max, Min, Sum

from rapport.foundation.records.models import Import
from rapport.foundation.records.services import imports
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


def test_the_cdnow_sample_comes_in_as_its_authors_have_it(run: Callable[..., Import], actor: Actor) -> None:
    rows = list(cdnow("CDNOW_sample.txt"))

    row = run(
        (DATASETS / "CDNOW_sample.txt").read_bytes(),
        name="CDNOW_sample.txt",
        into="touchpoint",
        namespace="cdnow",
        currency="USD",
        key="customer_external_id",
    )

    row.refresh_from_db()
    assert row.state == "running", "the file is large enough for the worker"
    from rapport.foundation.records.services.import_runs import run_import

    run_import(actor=actor, import_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.counts["new"], row.counts["refused"], row.counts["customers"]) == ("done", 6919, 0, 2357)
    orders = Touchpoint.objects.filter(kind="order_placed")
    assert orders.count() == len(rows)
    assert orders.values("customer_id").distinct().count() == len({cells[0] for cells in rows})
    assert orders.aggregate(total=Sum("amount"))["total"] == sum(Decimal(cells[4]) for cells in rows)
    assert set(orders.values_list("currency", flat=True).distinct()) == {"USD"}
    from zoneinfo import ZoneInfo

    span = orders.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    zone = ZoneInfo(actor.timezone)
    assert {f"{at.astimezone(zone):%Y%m%d}" for at in span.values()} == {
        min(cells[2] for cells in rows),
        max(cells[2] for cells in rows),
    }
    per_customer = dict(Identity.objects.filter(namespace="cdnow").values_list("value", "customer_id"))
    counted = dict(orders.values_list("customer_id").annotate(number=Count("id")).values_list("customer_id", "number"))
    expected: dict[str, int] = {}
    for cells in rows:
        expected[cells[0]] = expected.get(cells[0], 0) + 1
    assert {value: counted[customer] for value, customer in per_customer.items()} == expected
