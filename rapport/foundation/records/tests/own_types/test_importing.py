"""Files of boats: added, found by a key, changed, refused with reasons, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rapport.foundation.records.models import Change, CustomField, Import, ImportProblem, OwnRecord, OwnType
from rapport.foundation.records.services import imports, records
from rapport.foundation.records.services.undo import undo
from rapport.foundation.records.tests.own_types.conftest import BOAT
from rapport.foundation.workspace.types import Actor

pytestmark = pytest.mark.django_db

FILE = """Name of the boat,Length,Registration,Launched,Kind of hull,Customer,Tags
Seagull,"9.5",NL-1,2019-04-30,Steel,marta@example.org,fast; red
Albatross,12,NL-2,30.06.2021,Wood,Jonas Berg,
Tern,4,NL-3,,,,
"""


def told(row: Import) -> dict[str, int]:
    return {name: row.counts[name] for name in ("new", "updated", "unchanged", "refused")}


def state() -> list[tuple[Any, ...]]:
    rows = OwnRecord.objects.order_by("title")
    return [(r.title, r.customer_id, r.custom, r.tags, r.search, r.deleted_at) for r in rows]


def test_rows_become_boats_that_belong_to_customers(
    actor: Actor, run: Callable[..., Import], customer: Callable[..., Any]
) -> None:
    marta, jonas = customer(email="marta@example.org"), customer("Jonas Berg")

    row = run(FILE)

    assert row.state == "done"
    assert told(row) == {"new": 3, "updated": 0, "unchanged": 0, "refused": 0}
    seagull = OwnRecord.objects.get(title="Seagull")
    assert (seagull.customer_id, seagull.tags, seagull.type) == (marta.pk, ["fast", "red"], BOAT)
    assert seagull.custom == {
        "length": "9.5",
        "registration": "NL-1",
        "launched": "2019-04-30",
        "kind_of_hull": "steel",
    }
    assert seagull.search == "seagull nl-1"
    assert OwnRecord.objects.get(title="Albatross").customer_id == jonas.pk

    undo(actor=actor, operation_id=row.operation_id)
    assert not OwnRecord.objects.exists()


def test_the_same_file_again_changes_nothing(run: Callable[..., Import], customer: Callable[..., Any]) -> None:
    customer(email="marta@example.org"), customer("Jonas Berg")
    run(FILE)

    again = run(FILE, key="registration")

    assert told(again) == {"new": 0, "updated": 0, "unchanged": 3, "refused": 0}
    assert not Change.objects.filter(operation_id=again.operation_id).exists()


def test_rows_of_known_boats_change_them_and_undo_is_exact(
    actor: Actor, run: Callable[..., Import], boat: Callable[..., Any]
) -> None:
    boat("Seagull", registration="NL-1", length="9", tags=["slow"])
    boat("Heron", registration="NL-9")
    before = state()

    row = run(
        "Name of the boat,Length,Registration,Tags\nSea Gull,10,NL-1,red\nTern,4,NL-3,\nSea Gull,11,NL-1,\n",
        key="registration",
    )

    assert told(row) == {"new": 1, "updated": 2, "unchanged": 0, "refused": 0}
    seagull = OwnRecord.objects.get(title="Sea Gull")
    assert (seagull.custom["length"], seagull.tags, seagull.search) == ("11", ["slow", "red"], "sea gull nl-1")
    undo(actor=actor, operation_id=row.operation_id)
    assert state() == before


def test_values_fill_only_what_is_blank_or_stay_away(
    actor: Actor, run: Callable[..., Import], boat: Callable[..., Any]
) -> None:
    boat("Seagull", registration="NL-1", length="9")
    file = "Name of the boat,Length,Registration,Kind of hull\nX,10,NL-1,Wood\n"

    assert told(run(file, key="registration", existing="leave"))["unchanged"] == 1
    assert told(run(file, key="registration", existing="fill"))["updated"] == 1

    custom = OwnRecord.objects.get().custom
    assert (custom["length"], custom["kind_of_hull"]) == ("9", "wood")


def test_rows_that_can_not_be_taken_say_why_and_the_others_come_in(
    run: Callable[..., Import], boat: Callable[..., Any], actor: Actor
) -> None:
    boat("One", registration="NL-5")
    boat("Two", registration="NL-5")
    gone = boat("Gone", registration="NL-6")
    records.bin_records(actor=actor, record_type=BOAT, ids=[gone.pk])

    row = run(
        "Name of the boat,Length,Registration,Kind of hull,Customer\n"
        "Good,7,NL-7,Steel,\n,8,NL-8,,\nBad,long,NL-9,,\nHull,1,NL-10,Paper,\nLost,2,NL-11,,Nobody at all\n"
        "Twice,3,NL-5,,\nBinned,4,NL-6,,\n",
        key="registration",
    )

    assert told(row)["refused"] == 6
    assert set(OwnRecord.objects.filter(deleted_at=None).values_list("title", flat=True)) == {"One", "Two", "Good"}
    reasons = dict(ImportProblem.objects.filter(import_id=row.pk).values_list("row", "reason"))
    assert len(reasons) == 6
    assert "bin" in reasons[max(reasons)]


def test_checking_foretells_what_importing_does(
    actor: Actor, run: Callable[..., Import], boat: Callable[..., Any]
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    boat("Seagull", registration="NL-1", length="9")
    content = "Name of the boat,Length,Registration\nSeagull,9,NL-1\nTern,4,NL-3\nTern,4,NL-3\nTern,5,NL-3\n,1,NL-4\n"
    upload = SimpleUploadedFile("boats.csv", content.encode())
    row = imports.start_import(actor=actor, record_type=BOAT, upload=upload)
    row = imports.change_plan(actor=actor, import_id=row.pk, targets={}, answers=row.options, key_field="registration")

    row = imports.begin_check(actor=actor, import_id=row.pk)
    foretold = {name: row.checked_counts[name] for name in ("new", "updated", "unchanged", "refused")}
    assert OwnRecord.objects.count() == 1
    row = imports.begin_run(actor=actor, import_id=row.pk)

    assert told(row) == foretold == {"new": 1, "updated": 1, "unchanged": 2, "refused": 1}


def test_a_column_becomes_a_field(actor: Actor, boats: OwnType) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = SimpleUploadedFile("boats.csv", b"Name of the boat,Sail number\nSeagull,S 44\n")
    row = imports.start_import(actor=actor, record_type=BOAT, upload=upload)
    row = imports.change_plan(actor=actor, import_id=row.pk, targets={1: "new:text"}, answers=row.options)
    row = imports.begin_run(actor=actor, import_id=row.pk)

    assert OwnRecord.objects.get().custom == {"sail_number": "S 44"}
    assert OwnRecord.objects.get().search == "seagull s 44"
    undo(actor=actor, operation_id=row.operation_id)
    assert not CustomField.objects.filter(record_type=BOAT, name="sail_number").exists()


def test_a_file_without_the_title_is_not_begun(actor: Actor, boats: OwnType) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from rapport.foundation.workspace.errors import Invalid

    upload = SimpleUploadedFile("boats.csv", b"Length\n7\n")
    row = imports.start_import(actor=actor, record_type=BOAT, upload=upload)

    with pytest.raises(Invalid):
        imports.begin_run(actor=actor, import_id=row.pk)
