"""Two people change one record."""

import pytest

from rapport.foundation.records.models import Change
from rapport.foundation.records.services import records
from rapport.foundation.workspace.errors import Conflict
from rapport.foundation.workspace.types import Actor


def test_who_saw_the_values_meets_no_conflict_about_other_fields(actor: Actor) -> None:
    marta = records.create_record(actor=actor, record_type="customer", values={"name": "Marta", "city": "Delft"})
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})

    records.update_record(
        actor=actor,
        record_type="customer",
        record_id=marta.pk,
        values={"job_title": "Lead"},
        expected_version=1,
        seen={"job_title": ""},
    )

    marta.refresh_from_db()
    assert (marta.city, marta.job_title) == ("Utrecht", "Lead")


def test_change_of_the_same_field_is_a_conflict_that_changes_nothing(actor: Actor) -> None:
    marta = records.create_record(actor=actor, record_type="customer", values={"name": "Marta", "city": "Delft"})
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})
    changes = Change.objects.count()

    with pytest.raises(Conflict) as met:
        records.update_record(
            actor=actor,
            record_type="customer",
            record_id=marta.pk,
            values={"city": "Breda", "job_title": "Lead"},
            expected_version=1,
            seen={"city": "Delft", "job_title": ""},
        )

    marta.refresh_from_db()
    assert met.value.current == {"city": "Utrecht", "job_title": "", "version": 2}
    assert (marta.city, marta.job_title, Change.objects.count()) == ("Utrecht", "", changes)


def test_without_what_was_seen_any_change_is_a_conflict(actor: Actor) -> None:
    marta = records.create_record(actor=actor, record_type="customer", values={"name": "Marta"})
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})

    with pytest.raises(Conflict):
        records.update_record(
            actor=actor, record_type="customer", record_id=marta.pk, values={"job_title": "Lead"}, expected_version=1
        )
