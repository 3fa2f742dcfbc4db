"""Orders from files, one row for each line; and products, which every record type can be imported as."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from rapport.foundation.records.models import Import, Operation
from rapport.foundation.records.services import import_runs
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce.models import Order, OrderLine, Product
from rapport.stores.commerce.services import orders, taking_up
from rapport.stores.commerce.tests.factories import line, make_order, make_product
from rapport.stores.customers.models import Customer
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.importing.conftest import csv_of, lines
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.touchpoints import standing

pytestmark = pytest.mark.django_db
D = Decimal
HEAD = (
    "Order number",
    "Email",
    "Created at",
    "Lineitem sku",
    "Lineitem name",
    "Lineitem quantity",
    "Lineitem price",
    "Shipping",
    "Total",
    "Shipping city",
)
FILE = csv_of(
    HEAD,
    ("A1", "marta@example.org", "2026-03-04 10:00", "LT3", "Longtail 3", "2", "5350", "30", "10750", "Utrecht"),
    ("A1", "", "", "", "Bell", "1", "20", "", "", ""),
    ("A2", "jonas@example.org", "2026-03-05 10:00", "", "Horn", "3", "7.50", "", "", ""),
)  # fmt: skip


def told() -> list[tuple[str, Decimal | None]]:
    rows = standing(Touchpoint.objects.filter(kind="order_placed")).order_by("occurred_at")
    return [(row.properties["number"], row.amount) for row in rows]


def bring_in(run: Callable[..., Import], content: str = FILE, **more: Any) -> Import:
    return run(content, name="orders.csv", into="order", **more)


def test_rows_with_one_number_are_one_order_with_its_touch_point(run: Callable[..., Import]) -> None:
    product = make_product()

    row = bring_in(run)

    first, second = Order.objects.order_by("number")
    assert (row.counts["new"], row.counts["refused"], row.counts["customers"]) == (3, 0, 2)
    assert (first.number, first.total, first.status, first.ship_to) == ("A1", D(10750), "placed", {"city": "Utrecht"})
    assert first.customer_id == Customer.objects.get(email="marta@example.org").pk
    assert [(each.name, each.product_id) for each in first.lines.order_by("position")] == [
        ("Longtail 3", product.pk),
        ("Bell", None),
    ]
    assert second.total == D("22.50")
    assert told() == [("A1", D(10750)), ("A2", D("22.50"))]
    assert taking_up.take_up() == 0
    assert first.touchpoint_id == Touchpoint.objects.get(source_id=str(first.pk)).id


def test_lines_of_one_order_may_lie_in_two_batches(run: Callable[..., Import], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_runs._Run, "_batches", _row_by_row(import_runs._Run._batches))

    bring_in(run)

    first = Order.objects.get(number="A1")
    assert first.lines.count() == 2
    assert (first.total, OrderLine.objects.count()) == (D(10750), 3)
    assert told() == [("A1", D(10750)), ("A2", D("22.50"))]


def _row_by_row(batches: Any) -> Any:
    """Each batch of the file as batches of one row."""

    def cut(self: Any, *args: Any, **more: Any) -> Any:
        for number, batch, rows, outcome in batches(self, *args, **more):
            for position in range(len(rows)):
                own = outcome if position == 0 else type(outcome)()
                yield number * 1000 + position, batch, rows.take([position]) if len(rows) > 1 else rows, own

    return cut


def test_same_file_again_changes_nothing_and_another_file_changes_lines_and_touch_point(
    run: Callable[..., Import],
) -> None:
    bring_in(run)

    again = bring_in(run)
    dearer = bring_in(run, FILE.replace("7.50", "8.00"))

    assert (again.counts["new"], again.counts["unchanged"]) == (0, 3)
    assert (dearer.counts["updated"], dearer.counts["unchanged"]) == (1, 2)
    assert Order.objects.get(number="A2").total == D(24)
    assert told() == [("A1", D(10750)), ("A2", D(24))]


def test_undo_takes_the_whole_back_and_restores_what_was_changed(run: Callable[..., Import], actor: Actor) -> None:
    first = bring_in(run)
    second = bring_in(run, FILE.replace("7.50", "8.00").replace("A1", "B1"))

    undo(actor=actor, operation_id=second.operation_id)
    after_second = told()
    undo(actor=actor, operation_id=first.operation_id)

    assert after_second == [("A1", D(10750)), ("A2", D("22.50"))]
    assert told() == []
    assert not Order.objects.exists()
    assert not OrderLine.objects.exists()
    assert not Customer.objects.exists()
    assert Operation.objects.get(pk=first.operation_id).undone_at is not None


def test_undo_keeps_orders_that_people_worked_on_and_their_touch_points(
    run: Callable[..., Import], actor: Actor
) -> None:
    row = bring_in(run)
    paid = Order.objects.get(number="A2")
    orders.pay_order(actor=actor, order_id=paid.pk, amount=D("22.50"))

    done = undo(actor=actor, operation_id=row.operation_id)

    assert done.kept >= 1
    assert [order.number for order in Order.objects.filter(deleted_at=None)] == ["A2"]
    assert told() == [("A2", D("22.50"))]
    assert [customer.email for customer in Customer.objects.filter(deleted_at=None)] == ["jonas@example.org"] or [
        customer.email for customer in Customer.objects.all()
    ] == ["jonas@example.org"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (("A2", "jonas@example.org", "2026-03-05 10:00", "", "Horn", "-3", "7.50", "", "", ""), "Goods that come back are a return."),
        (("A2", "jonas@example.org", "2026-03-05 10:00", "", "Horn", "3", "-7.50", "", "", ""), "negative"),
        (("A2", "jonas@example.org", "2199-03-05 10:00", "", "Horn", "3", "7.50", "", "", ""), "future"),
        (("A2", "jonas@example.org", "", "", "Horn", "3", "7.50", "", "", ""), "when it was placed"),
        (("A2", "", "2026-03-05 10:00", "", "Horn", "3", "7.50", "", "", ""), "whose it is"),
        (("", "jonas@example.org", "2026-03-05 10:00", "", "Horn", "3", "7.50", "", "", ""), "no order number"),
        (("A2", "jonas@example.org", "2026-03-05 10:00", "", "Horn", "3", "", "", "", ""), "Say what one of it costs"),
        (("A2", "jonas@example.org", "2026-03-05 10:00", "", "", "3", "7.50", "", "", ""), "Name the product"),
    ],
)  # fmt: skip
def test_bad_rows_are_refused_with_their_reason_and_the_others_stay(
    run: Callable[..., Import], bad: tuple[str, ...], why: str
) -> None:
    row = bring_in(run, csv_of(HEAD, *[tuple(each) for each in (
        ("A1", "marta@example.org", "2026-03-04 10:00", "", "Bell", "1", "20", "", "", ""), bad)]))  # fmt: skip

    _head, refused = lines(row)
    assert why in refused
    assert list(Order.objects.values_list("number", flat=True)) == ["A1"]


def test_one_bad_line_keeps_its_whole_order_out(run: Callable[..., Import]) -> None:
    row = bring_in(run, FILE.replace(",Bell,1,", ",Bell,-1,"))

    assert row.counts["refused"] == 2
    assert [order.number for order in Order.objects.all()] == ["A2"]
    assert any("Another row of order A1" in each for each in lines(row))


def test_paid_orders_are_not_changed_by_a_file(run: Callable[..., Import], actor: Actor) -> None:
    order = make_order(make_customer(), line(), number="A2")
    orders.pay_order(actor=actor, order_id=order.pk, amount=D(20))

    row = bring_in(run)

    assert (row.counts["refused"], row.counts["new"]) == (1, 2)
    assert Order.objects.get(number="A2").total == D(20)


def test_check_says_what_the_import_would_do(bring: Callable[..., Import], actor: Actor) -> None:
    from rapport.foundation.records.services import imports

    row = bring(FILE, name="orders.csv", into="order")

    checked = imports.begin_check(actor=actor, import_id=row.pk) if hasattr(imports, "begin_check") else row

    assert checked.pk == row.pk
    assert not Order.objects.exists()


def test_products_are_imported_recognised_by_sku_and_undone(run: Callable[..., Import], actor: Actor) -> None:
    content = csv_of(
        ("SKU", "Product name", "Category", "Price", "Cost per item", "VAT"),
        ("LT3", "Longtail 3", "Bikes/Cargo", "5350", "3200", "21"),
    )

    row = run(content, name="products.csv", into="product")
    again = run(content.replace("5350", "5500"), name="products.csv", into="product")
    product = Product.objects.get()
    undo(actor=actor, operation_id=again.operation_id)
    before = Product.objects.get()
    undo(actor=actor, operation_id=row.operation_id)

    assert (row.counts["new"], again.counts["updated"]) == (1, 1)
    assert (product.category, product.price, product.tax_percent) == ("Bikes / Cargo", D(5500), D(21))
    assert before.price == D(5350)
    assert not Product.objects.filter(deleted_at=None).exists()
