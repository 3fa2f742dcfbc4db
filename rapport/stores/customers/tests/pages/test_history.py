"""The history pages of customers."""

from __future__ import annotations

from django.test import Client

from rapport.foundation.records.services import records
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.pages.factories import HOME, HTMX, page


def test_history_tells_who_what_and_offers_undo(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta", city="Delft")
    _, operation = records.update_record(
        actor=actor,
        record_type="customer",
        record_id=marta.pk,
        values={"city": "Utrecht", "owner": str(actor.member_id)},
    )
    assert operation is not None

    text = browser.get(page(marta, "history")).content.decode()

    assert "<del>Delft</del>" in text
    assert "<ins>Utrecht</ins>" in text
    assert "<ins>Ada</ins>" in text
    assert f"operations/{operation.id}/undo" in text
    browser.post(f"{HOME}/records/operations/{operation.id}/undo")
    assert "Taken back by Ada" in browser.get(page(marta, "history")).content.decode()
    marta.refresh_from_db()
    assert marta.city == "Delft"


def test_long_history_is_told_in_pieces(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta")
    for number in range(55):
        records.update_record(
            actor=actor, record_type="customer", record_id=marta.pk, values={"city": f"City {number}"}
        )

    first = browser.get(page(marta, "history")).content.decode()
    before = first.partition("?before=")[2].partition('"')[0]
    second = browser.get(page(marta, f"history?before={before}"), headers=HTMX).content.decode()

    assert "City 54" in first
    assert "City 3<" not in first
    assert "City 3<" in second
    assert "added this" in second
    assert "<html" not in second


def test_recent_changes_name_records_and_can_be_undone(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta", actor=actor)
    records.update_records(
        actor=actor, record_type="customer", ids=[marta.pk], values={"city": "Delft"}, label="Assigned"
    )

    text = browser.get(f"{HOME}/records/changes").content.decode()

    assert text.count(page(marta)) == 2
    assert "changed together" in text
    assert text.count("/undo") == 2
