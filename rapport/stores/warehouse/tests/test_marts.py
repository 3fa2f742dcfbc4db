"""Every mart says the same on DuckDB and on ClickHouse's engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rapport.stores.ledger.tests.factories import NOON, make_customer, touch
from rapport.stores.warehouse.extension_points import marts
from rapport.stores.warehouse.queries import marts as ours
from rapport.stores.warehouse.queries.engine import Engine, open_engine
from rapport.stores.warehouse.services.writing import write
from rapport.stores.warehouse.tests.engines import chdb_engine, values
from rapport.stores.warehouse.tests.firm import found_firm

pytestmark = pytest.mark.django_db


@pytest.fixture
def engines(workspace: Any) -> Iterator[tuple[Engine, Engine]]:
    found_firm()
    write()
    with open_engine() as duckdb, chdb_engine() as clickhouse:
        yield duckdb, clickhouse


def test_every_mart_says_the_same_on_both_engines(engines: tuple[Engine, Engine]) -> None:
    duckdb, clickhouse = engines
    differing, empty = [], []

    for name, mart in marts.items():
        one, other = values(duckdb.run(mart(duckdb))), values(clickhouse.run(mart(clickhouse)))
        if one != other:
            differing.append(
                (name, [row for row in one if row not in other][:3], [row for row in other if row not in one][:3])
            )
        if not one:
            empty.append(name)

    assert differing == []
    assert empty == []


def purchases() -> list[dict[str, Any]]:
    write()
    with open_engine() as engine:
        return sorted(engine.run(ours.purchases(engine)).to_pylist(), key=lambda row: row["occurred_at"])


def order(customer: Any, number: str, kind: str = "order_placed", days: int = 0, **more: Any) -> None:
    told = {"properties": {"number": number, **more.pop("properties", {})}, "currency": "EUR", **more}
    touch(customer.pk, kind=kind, channel="shop", occurred_at=NOON - timedelta(days=30 - days), **told)


def test_purchases_leave_out_what_was_cancelled_or_refunded(workspace: Any) -> None:
    marta, jonas = make_customer(), make_customer("Jonas")
    order(marta, "1", amount=Decimal(100))
    order(marta, "2", amount=Decimal(100), days=1, properties={"margin": 60})
    order(marta, "2", "order_refunded", amount=Decimal(25), days=2)
    order(marta, "3", amount=Decimal(50), days=3)
    order(marta, "3", "order_refunded", amount=Decimal(20), days=4)
    order(marta, "3", "order_refunded", amount=Decimal(30), days=5)
    order(marta, "4", amount=Decimal(70), days=6)
    order(marta, "4", "order_cancelled", days=7, currency="")
    order(jonas, "4", amount=Decimal(10), days=8)

    found = purchases()

    assert [(row["order_number"], row["amount"], round(row["margin"], 9)) for row in found] == [
        ("1", 100.0, 35.0),
        ("2", 75.0, 45.0),
        ("4", 10.0, 3.5),
    ]
    assert found[0]["day"] == date(2026, 10, 21)
    assert found[0]["customer_id"] == str(marta.pk)


def test_a_purchase_nobody_put_an_amount_to_is_still_one(workspace: Any) -> None:
    order(make_customer(), "9", currency="")

    (row,) = purchases()

    assert (row["amount"], row["margin"]) == (None, None)


def test_purchases_in_an_unknown_currency_are_counted(workspace: Any) -> None:
    order(make_customer(), "9", amount=Decimal(5), currency="CHF")

    (row,) = purchases()
    with open_engine() as engine:
        lost = engine.run(ours.unconverted(engine)).to_pylist()

    assert row["amount"] is None
    assert lost == [{"currency": "CHF", "purchases": 1}]
