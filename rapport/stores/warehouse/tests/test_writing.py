"""What the writer takes up, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.foundation.lib import ids
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.ledger.models import Retraction
from rapport.stores.ledger.services.corrections import correct_touchpoint, retract_batch, retract_touchpoint
from rapport.stores.ledger.tests.factories import NOON, make_customer, touch
from rapport.stores.warehouse.models import Arrival, Erased, Run
from rapport.stores.warehouse.queries.engine import DuckDBEngine, open_engine
from rapport.stores.warehouse.queries.freshness import freshness
from rapport.stores.warehouse.queries.lake import current_lake
from rapport.stores.warehouse.services.writing import write

pytestmark = pytest.mark.django_db


def rows(name: str = "touchpoints", *columns: str) -> list[dict[str, Any]]:
    with open_engine() as engine:
        table = engine.table(name)
        return engine.run(table.select(*columns) if columns else table).to_pylist()


def ids_written() -> set[str]:
    return {row["id"] for row in rows("touchpoints", "id")}


def test_first_write_takes_everything(workspace: Any) -> None:
    marta = make_customer(city="Utrecht", country="NL", tags=["fleet", "vip"])
    one = touch(
        marta.pk,
        kind="order_placed",
        channel="shop",
        amount=Decimal("120.50"),
        currency="EUR",
        subject='Three "bikes", and a lock',
        properties={
            "number": "A-1",
            "net": 100,
            "margin": "41.5",
            "quantity": 3,
            "lines": [{"sku": "x"}],
            "gift": True,
            "said": "two\nlines",
        },
    )

    run = write()

    (row,) = rows()
    (customer,) = rows("customers", "customer_id", "city", "tags", "deleted")
    assert run is not None
    assert run.touchpoints == 1
    assert row["id"] == str(one.id)
    assert row["customer_id"] == str(marta.pk)
    assert row["occurred_at"] == NOON
    assert row["subject"] == 'Three "bikes", and a lock'
    assert (row["amount"], row["amount_original"], row["currency"]) == (120.5, Decimal("120.5000"), "EUR")
    assert (row["net"], row["margin"], row["quantity"], row["order_number"]) == (100.0, 41.5, 3.0, "A-1")
    assert (row["p_gift"], row["p_quantity"], row["p_said"], row["campaign"]) == ("true", "3", "two\nlines", None)
    assert customer == {
        "customer_id": str(marta.pk),
        "city": "Utrecht",
        "tags": "\x1ffleet\x1fvip\x1f",
        "deleted": False,
    }


def test_next_write_adds_only_what_is_new_and_late_ones_land_in_their_month(workspace: Any) -> None:
    marta = make_customer()
    first = touch(marta.pk)
    write()
    before = current_lake().manifest()
    late = touch(marta.pk, occurred_at=NOON - timedelta(days=400))

    run = write()

    after = current_lake().manifest()
    assert run is not None
    assert run.touchpoints == 1
    assert ids_written() == {str(first.id), str(late.id)}
    assert before is not None
    assert after is not None
    assert [file.month for file in after.tables["touchpoints"].files] == ["2025-10", "2026-11"]
    assert before.tables["touchpoints"].files[0] == after.tables["touchpoints"].files[1]
    assert Arrival.objects.count() == 0


def test_properties_that_come_later_are_empty_in_older_files(workspace: Any) -> None:
    marta = make_customer()
    touch(marta.pk, properties={"a": "1"})
    write()
    touch(marta.pk, properties={"b b": "2"})
    write()

    told = {
        (row["p_a"], next(value for name, value in row.items() if name.startswith("p_") and name != "p_a"))
        for row in rows()
    }

    assert told == {("1", None), (None, "2")}


def test_retracted_and_corrected_touch_points_are_left_out(workspace: Any, actor: Actor) -> None:
    marta = make_customer()
    kept, single = touch(marta.pk), touch(marta.pk)
    batch = ids.new_id()
    touch(marta.pk, batch_id=batch)
    note = touch(marta.pk, actor=actor, source="rapport", kind="note_added", channel="note", member_id=actor.member_id)
    write()
    assert len(ids_written()) == 4

    retract_touchpoint(actor=SYSTEM, customer_id=marta.pk, touchpoint_id=single.id)
    retract_batch(actor=SYSTEM, batch_id=batch)
    corrected = correct_touchpoint(actor=actor, customer_id=marta.pk, touchpoint_id=note.id, subject="Better")
    write()

    assert ids_written() == {str(kept.id), str(corrected.id)}

    Retraction.objects.filter(batch_id=batch).delete()
    write()

    assert len(ids_written()) == 3


def test_merges_hold_and_can_be_taken_apart_without_writing_touch_points(workspace: Any) -> None:
    marta, twin = make_customer(), make_customer("M. Oliveira")
    touch(marta.pk)
    touch(twin.pk)
    write()

    alias = CustomerAlias.objects.create(absorbed_id=twin.pk, surviving_id=marta.pk, reason="merged")
    run = write()

    assert run is not None
    assert run.touchpoints == 0
    assert [row["customer_id"] for row in rows()] == [str(marta.pk)] * 2

    alias.delete()
    write()

    assert {row["customer_id"] for row in rows()} == {str(marta.pk), str(twin.pk)}


def test_touch_points_of_the_bin_are_not_counted(workspace: Any) -> None:
    marta, jonas = make_customer(), make_customer("Jonas")
    touch(marta.pk)
    touch(jonas.pk)
    Customer.objects.filter(pk=jonas.pk).update(deleted_at=NOON)
    write()

    assert [row["customer_id"] for row in rows()] == [str(marta.pk)]
    assert [row["customer_id"] for row in rows("customers")] == [str(marta.pk)]


def test_who_is_gone_for_good_is_taken_out_of_the_files_and_stays_out(workspace: Any, lake_folder: Path) -> None:
    marta, jonas = make_customer(), make_customer("Jonas")
    cookie = UUID(int=7)
    CustomerAlias.objects.create(absorbed_id=cookie, surviving_id=jonas.pk, reason="identified")
    for one in (marta.pk, jonas.pk, cookie):
        touch(one)
    write()
    Customer.objects.filter(pk=jonas.pk).delete()
    CustomerAlias.objects.all().delete()

    run = write()

    held = current_lake().manifest()
    assert run is not None
    assert run.erased == 2
    assert [row["customer_id"] for row in rows()] == [str(marta.pk)]
    assert held is not None
    assert sum(file.rows for file in held.tables["touchpoints"].files) == 1

    write(rebuild=True)
    assert [row["customer_id"] for row in rows()] == [str(marta.pk)]

    Customer.objects.create(pk=jonas.pk, name="Jonas")
    CustomerAlias.objects.create(absorbed_id=cookie, surviving_id=jonas.pk, reason="identified")
    write()
    assert sorted(row["customer_id"] for row in rows()) == sorted([str(marta.pk), str(jonas.pk), str(jonas.pk)])
    assert Erased.objects.count() == 0


def test_amounts_in_other_currencies_are_empty_while_no_rate_is_known(workspace: Any) -> None:
    marta = make_customer()
    for currency in ("EUR", "USD"):
        touch(marta.pk, amount=Decimal(10), currency=currency)
    write()

    assert {(row["currency"], row["amount"]) for row in rows()} == {("EUR", 10.0), ("USD", None)}


def test_freshness_says_what_waits(workspace: Any) -> None:
    marta = make_customer()
    touch(marta.pk)
    assert freshness().written_at is None
    assert freshness().waiting == 1

    write()

    fresh = freshness()
    assert fresh.waiting == 0
    assert fresh.behind_seconds == 0
    assert fresh.newest_occurred_at == NOON
    assert fresh.newest_recorded_at is not None
    assert (datetime.now(UTC) - fresh.newest_recorded_at).total_seconds() < 60


def test_writer_works_while_debugging(workspace: Any) -> None:
    marta = make_customer()
    touch(marta.pk)
    with CaptureQueriesContext(connection):
        write()
        late = touch(marta.pk, occurred_at=NOON - timedelta(days=400))
        write()

    assert str(late.id) in ids_written()
    assert len(ids_written()) == 2


def test_duckdb_writes_nothing_into_the_log(workspace: Any) -> None:
    touch(make_customer().pk)
    write()

    with open_engine() as engine:
        assert isinstance(engine, DuckDBEngine)
        bar = engine._connection.execute("select current_setting('enable_progress_bar')").fetchall()

    assert bar == [(False,)]


def test_rebuild_gives_the_same(workspace: Any) -> None:
    marta = make_customer()
    for day in range(40):
        touch(marta.pk, occurred_at=NOON - timedelta(days=day), properties={"n": day})
    write()
    touch(marta.pk)
    write()
    before = sorted(rows(), key=lambda row: row["id"])

    run = write(rebuild=True)

    assert run is not None
    assert run.is_rebuild
    assert sorted(rows(), key=lambda row: row["id"]) == before
    assert Run.objects.count() == 3
