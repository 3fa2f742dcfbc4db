"""Writing records, their history and undo, shown on customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Change, CustomField, Operation
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services import records
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.rules import BUILT_IN
from rapport.foundation.workspace.types import Actor

pytestmark = pytest.mark.django_db


def make(actor: Actor, **values: Any) -> Any:
    return records.create_record(actor=actor, record_type="customer", values={"name": "Marta Oliveira", **values})


def test_edit_is_written_down_with_before_and_after(actor: Actor) -> None:
    customer = make(actor, city="Delft")

    changed, operation = records.update_record(
        actor=actor,
        record_type="customer",
        record_id=customer.id,
        values={"city": "Rotterdam", "name": "Marta Oliveira"},
    )

    assert operation is not None
    change = Change.objects.get(operation=operation)
    assert (change.before, change.after) == ({"city": "Delft"}, {"city": "Rotterdam"})
    assert changed.version == 2
    assert history(actor=actor, record_type="customer", ids=[customer.id])[0].actor_name == actor.name


def test_edit_that_changes_nothing_leaves_no_trace(actor: Actor) -> None:
    customer = make(actor, city="Delft")

    _, operation = records.update_record(
        actor=actor, record_type="customer", record_id=customer.id, values={"city": "Delft"}
    )

    assert operation is None
    assert not Change.objects.filter(record_id=customer.id).exists()


def test_stale_edit_is_refused_and_told_what_is_there(actor: Actor) -> None:
    customer = make(actor, city="Delft")
    records.update_record(actor=actor, record_type="customer", record_id=customer.id, values={"city": "Leiden"})

    with pytest.raises(Conflict) as refused:
        records.update_record(
            actor=actor, record_type="customer", record_id=customer.id, values={"city": "Gouda"}, expected_version=1
        )

    assert refused.value.current == {"city": "Leiden", "version": 2}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"kind": "alien"}, "kind"),
        ({"owner": str(uuid4())}, "owner"),
        ({"birth_date": "31.02.2024"}, "birth_date"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"nonsense": "x"}, "nonsense"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"tags": "a" * 81}, "tags"),
        ({"name": 5}, "name"),
    ],
)
def test_bad_values_are_refused_by_field_and_nothing_is_written(
    actor: Actor, values: dict[str, Any], field: str
) -> None:
    customer = make(actor)

    with pytest.raises(Invalid) as refused:
        records.update_record(
            actor=actor, record_type="customer", record_id=customer.id, values={"city": "Gouda", **values}
        )

    assert list(refused.value.problems) == [field]
    customer.refresh_from_db()
    assert (customer.city, customer.version) == ("", 1)


def test_read_only_member_changes_nothing(ben: User, actor: Actor, actor_for: Callable[..., Actor]) -> None:
    customer = make(actor)
    reader = replace(actor_for(ben), role=BUILT_IN["read_only"])

    with pytest.raises(NotAllowed):
        records.update_record(actor=reader, record_type="customer", record_id=customer.id, values={"city": "Gouda"})
    with pytest.raises(NotAllowed):
        make(reader)

    assert Operation.objects.count() == 1


def test_member_deletes_only_own_records(ben: User, actor: Actor, actor_for: Callable[..., Actor]) -> None:
    member = actor_for(ben)
    own = make(actor, owner=str(member.member_id))
    other = make(actor)

    operation = records.bin_records(actor=member, record_type="customer", ids=[own.id, other.id])

    assert operation is not None
    assert operation.counts == {"deleted": 1}
    other.refresh_from_db()
    assert other.deleted_at is None


def test_undo_sets_fields_back(actor: Actor) -> None:
    customer = make(actor, city="Delft", tags=["fleet"])
    operation = records.update_records(
        actor=actor, record_type="customer", ids=[customer.id], values={"city": "Gouda"}, add_tags=["spring"]
    )
    assert operation is not None

    done = undo(actor=actor, operation_id=operation.id)

    customer.refresh_from_db()
    assert (customer.city, customer.tags) == ("Delft", ["fleet"])
    assert (done.restored, done.kept) == (1, 0)
    with pytest.raises(Conflict):
        undo(actor=actor, operation_id=operation.id)


def test_undo_keeps_what_somebody_changed_since(actor: Actor) -> None:
    customer = make(actor, city="Delft", country="NL")
    _, operation = records.update_record(
        actor=actor, record_type="customer", record_id=customer.id, values={"city": "Gent", "country": "BE"}
    )
    records.update_record(actor=actor, record_type="customer", record_id=customer.id, values={"city": "Brugge"})
    assert operation is not None

    done = undo(actor=actor, operation_id=operation.id)

    customer.refresh_from_db()
    assert (customer.city, customer.country) == ("Brugge", "NL")
    assert done.kept == 1


def test_undo_of_a_deletion_brings_the_record_back(actor: Actor) -> None:
    customer = make(actor)
    operation = records.bin_records(actor=actor, record_type="customer", ids=[customer.id])
    assert operation is not None

    undo(actor=actor, operation_id=operation.id)

    customer.refresh_from_db()
    assert customer.deleted_at is None


def test_undo_of_a_creation_removes_the_record_unless_it_was_worked_on(actor: Actor) -> None:
    untouched, worked_on = make(actor, email="a@b.example"), make(actor, email="c@d.example")
    records.update_record(actor=actor, record_type="customer", record_id=worked_on.id, values={"city": "Gouda"})

    removed = undo(actor=actor, operation_id=untouched.operation_id)
    kept = undo(actor=actor, operation_id=worked_on.operation_id)

    assert (removed.removed, removed.kept) == (1, 0)
    assert (kept.removed, kept.kept) == (0, 1)
    worked_on.refresh_from_db()
    assert worked_on.deleted_at is not None


def test_custom_fields_behave_like_built_in_ones(actor: Actor) -> None:
    CustomField.objects.create(record_type="customer", name="fleet_size", label="Fleet size", kind="number")
    customer = make(actor, fleet_size="61")

    _, operation = records.update_record(
        actor=actor, record_type="customer", record_id=customer.id, values={"fleet_size": 62}
    )

    assert operation is not None
    customer.refresh_from_db()
    assert customer.custom == {"fleet_size": "62"}
    undo(actor=actor, operation_id=operation.id)
    customer.refresh_from_db()
    assert customer.custom == {"fleet_size": "61"}


def test_nobody_finds_a_record_that_is_not_there(actor: Actor) -> None:
    with pytest.raises(NotFound):
        records.update_record(actor=actor, record_type="customer", record_id=uuid4(), values={"city": "Gouda"})
