"""Taking a whole import back: what was there before is there again, exactly; what people did since stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rapport.foundation.records.models import Import, Operation
from rapport.foundation.records.services import imports
from rapport.foundation.records.services.records import update_record
from rapport.foundation.workspace.errors import Conflict
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Address, Customer, DuplicateProposal, Identity, Relationship
from rapport.stores.customers.tests.importing.conftest import csv_of

pytestmark = pytest.mark.django_db

BEFORE = csv_of(
    ("Customer number", "Given name", "Family name", "E-mail", "Phone", "Company", "Street", "City", "Tags"),
    ("1", "Marta", "Oliveira", "marta@example.org", "+351912345678", "Pedal & Post", "Rua 1", "Lisboa", "vip"),
    ("2", "Jonas", "Berg", "jonas@example.org", "", "", "", "Oslo", ""),
    ("3", "Ada", "Quill", "", "+351912345679", "", "", "", ""),
)  # fmt: skip
AFTER = csv_of(
    ("Customer number", "Given name", "Family name", "E-mail", "Phone", "Company", "Street", "City", "Tags", "Other email"),
    ("1", "Marta", "Silva", "m.silva@example.org", "+351912345000", "New Firm", "Rua 2", "Porto", "spring", "third@example.org"),
    ("2", "", "", "", "+351912345001", "", "Gate 7", "", "x, y", ""),
    ("3", "Ada", "Quill", "", "+351912345678", "", "", "", "", ""),
    ("4", "New", "Person", "new@example.org", "", "New Firm", "", "", "", ""),
    ("1", "Marta", "Silva-Berg", "m.silva@example.org", "", "", "", "", "", ""),
    ("4", "New", "Name", "new@example.org", "", "", "", "", "", ""),
)  # fmt: skip


def state() -> dict[str, Any]:
    """Everything that lists, pages and history show of customers, but when they were last touched."""
    left_out = {"updated_at", "version"}
    fields = [one.attname for one in Customer._meta.concrete_fields if one.attname not in left_out]
    return {
        "customers": sorted(Customer.objects.values_list(*fields), key=str),
        "identities": sorted(
            Identity.objects.values_list("kind", "namespace", "value", "customer_id", "is_primary"), key=str
        ),
        "addresses": sorted(Address.objects.values_list("customer_id", "street", "city"), key=str),
        "relationships": sorted(
            Relationship.objects.values_list("from_customer_id", "type_id", "to_customer_id"), key=str
        ),
        "proposals": sorted(DuplicateProposal.objects.values_list("first_id", "second_id"), key=str),
    }


def undone(row: Import, actor: Actor) -> Operation:
    imports.begin_undo(actor=actor, import_id=row.pk)
    return Operation.objects.get(undoes_id=row.operation_id)


def test_undo_brings_back_exactly_what_was_there(run: Callable[..., Import], actor: Actor) -> None:
    run(BEFORE, key="external_id")
    before = state()

    row = run(AFTER, key="external_id")
    assert (row.counts["new"], row.counts["updated"], row.counts["warned"]) == (1, 5, 1)
    assert state() != before
    reverse = undone(row, actor)

    assert state() == before
    assert Import.objects.get(pk=row.pk).state == "undone"
    assert reverse.counts == {"restored": 4, "removed": 2, "kept": 0}  # Marta was changed twice
    assert Operation.objects.get(pk=row.operation_id).undone_by_name == "Ada"


def test_what_somebody_changed_since_is_kept_and_counted(run: Callable[..., Import], actor: Actor) -> None:
    run(BEFORE, key="external_id")
    row = run(AFTER, key="external_id")
    marta = Customer.objects.get(email="m.silva@example.org")
    newcomer = Customer.objects.get(email="new@example.org")
    update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Faro"})
    update_record(actor=actor, record_type="customer", record_id=newcomer.pk, values={"job_title": "Buyer"})

    reverse = undone(row, actor)

    marta.refresh_from_db()
    assert (marta.city, marta.family_name, marta.email) == ("Faro", "Oliveira", "marta@example.org")
    newcomer.refresh_from_db()
    assert newcomer.deleted_at is not None
    assert newcomer.job_title == "Buyer"
    assert reverse.counts["kept"] == 2  # the city, and the newcomer in the bin


def test_undo_frees_what_the_import_took(run: Callable[..., Import], actor: Actor) -> None:
    row = run(AFTER, key="external_id")
    undone(row, actor)
    assert not Customer.objects.exists()
    assert not Identity.objects.exists()

    again = run(AFTER, key="external_id")

    assert again.counts["new"] == 4


def test_an_import_is_undone_once(run: Callable[..., Import], actor: Actor) -> None:
    row = run(BEFORE)
    undone(row, actor)

    with pytest.raises(Conflict):
        imports.begin_undo(actor=actor, import_id=row.pk)
    with pytest.raises(Conflict, match="undone"):
        imports.begin_run(actor=actor, import_id=row.pk)


def test_somebody_with_touch_points_goes_to_the_bin_with_them(run: Callable[..., Import], actor: Actor) -> None:
    from rapport.stores.ledger.services.ingestion import append
    from rapport.stores.ledger.types import new_touchpoint

    row = run(BEFORE)
    marta = Customer.objects.get(email="marta@example.org")
    append(
        actor=actor,
        items=[new_touchpoint(customer_id=marta.pk, channel="phone", kind="call_answered")],
        source="manual",
    )

    undone(row, actor)

    assert Customer.objects.get().pk == marta.pk
    marta.refresh_from_db()
    assert marta.deleted_at is not None
