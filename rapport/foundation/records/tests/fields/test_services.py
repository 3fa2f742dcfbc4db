from collections.abc import Callable
from typing import Any

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import CustomField
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.services import fields, records
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor


def make(actor: Actor, **values: Any) -> CustomField:
    return fields.create_field(actor=actor, **{"record_type": "customer", "label": "Bike", "kind": "text", **values})


def test_new_field_stands_beside_the_built_in_ones(actor: Actor) -> None:
    row = make(
        actor,
        label="Favourite colour",
        kind="choice",
        choices=[{"label": "Red"}, {"label": "Blue"}],
        group="Taste",
        help="Ask.",
    )

    found = record_type("customer").field("favourite_colour")

    assert found == Field(
        name="favourite_colour",
        label="Favourite colour",
        kind=FieldKind.CHOICE,
        group="Taste",
        help="Ask.",
        custom=True,
        choices=(Choice("red", "Red"), Choice("blue", "Blue")),
    )
    entry = AuditEntry.objects.get(subject_id=str(row.id))
    assert (entry.action, entry.actor_name) == ("custom_field_created", "Ada")


@pytest.mark.parametrize("name", ["contains", "has_key", "email", "id", "not ok", "range"])
def test_misleading_name_is_refused_and_nothing_is_written(actor: Actor, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(actor, name=name)

    assert list(refused.value.problems) == ["name"]
    assert not CustomField.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="custom_field").exists()


def test_name_of_a_retired_field_stays_taken(actor: Actor) -> None:
    fields.retire_field(actor=actor, field_id=make(actor, name="bike").id)

    with pytest.raises(Invalid):
        make(actor, name="bike")


def test_member_without_the_power_may_not_add_or_change_fields(
    actor: Actor, ben: User, actor_for: Callable[[User], Actor]
) -> None:
    row = make(actor)

    with pytest.raises(NotAllowed):
        make(actor_for(ben), label="Other")
    with pytest.raises(NotAllowed):
        fields.update_field(actor=actor_for(ben), field_id=row.id, label="Other")
    with pytest.raises(NotAllowed):
        fields.retire_field(actor=actor_for(ben), field_id=row.id)

    assert list(CustomField.objects.values_list("label", "retired_at")) == [("Bike", None)]


def test_kind_changes_freely_until_the_field_is_used(actor: Actor) -> None:
    row = make(actor, kind="number")

    assert fields.update_field(actor=actor, field_id=row.id, kind="date").kind == "date"


def test_kind_of_a_used_field_changes_only_without_loss(actor: Actor) -> None:
    row = make(actor, kind="number", name="bikes")
    records.create_record(actor=actor, record_type="customer", values={"name": "Marta", "bikes": 3})

    with pytest.raises(Invalid) as refused:
        fields.update_field(actor=actor, field_id=row.id, kind="date")
    row.refresh_from_db()

    assert list(refused.value.problems) == ["kind"]
    assert row.kind == "number"
    assert fields.update_field(actor=actor, field_id=row.id, kind="text").kind == "text"


def test_choice_in_use_is_retired_not_taken_away(actor: Actor) -> None:
    row = make(actor, name="size", kind="multi_choice", choices=[{"label": "S"}, {"label": "M"}, {"label": "L"}])
    marta = records.create_record(actor=actor, record_type="customer", values={"name": "Marta", "size": ["s", "m"]})

    with pytest.raises(Invalid) as refused:
        fields.update_field(actor=actor, field_id=row.id, choices=[{"value": "m", "label": "M"}])
    retired = [{"value": "s", "label": "S", "retired": True}, {"value": "m", "label": "Medium"}]
    fields.update_field(actor=actor, field_id=row.id, choices=retired)

    assert refused.value.problems == {"choices": "Records use “S”. Retire it instead of taking it away."}
    found = record_type("customer").field("size")
    assert found is not None
    assert [(c.value, c.label, c.retired) for c in found.choices] == [("s", "S", True), ("m", "Medium", False)]
    marta.refresh_from_db()
    assert marta.custom == {"size": ["s", "m"]}


def test_retired_field_comes_back_with_its_values(actor: Actor) -> None:
    row = make(actor, name="bike")
    marta = records.create_record(actor=actor, record_type="customer", values={"name": "Marta", "bike": "Longtail"})

    fields.retire_field(actor=actor, field_id=row.id)
    gone = record_type("customer").field("bike")
    fields.reinstate_field(actor=actor, field_id=row.id)

    assert gone is None
    assert record_type("customer").field("bike") is not None
    marta.refresh_from_db()
    assert marta.custom == {"bike": "Longtail"}


def test_changing_a_definition_leaves_before_and_after_in_the_audit_log(actor: Actor) -> None:
    row = make(actor)

    fields.update_field(actor=actor, field_id=row.id, label="Cargo bike", is_required=True)
    fields.update_field(actor=actor, field_id=row.id, label="Cargo bike")

    entry = AuditEntry.objects.get(action="custom_field_changed")
    assert entry.detail["before"] == {"label": "Bike", "is_required": False}
    assert entry.detail["after"] == {"label": "Cargo bike", "is_required": True}


def test_fields_take_the_order_given(actor: Actor) -> None:
    one, two, three = (make(actor, label=label) for label in ("One", "Two", "Three"))

    fields.order_fields(actor=actor, record_type="customer", ids=[three.id, one.id])

    assert [f.label for f in record_type("customer").fields if f.custom] == ["Three", "One", "Two"]
    assert two.label == "Two"


def test_retired_choice_stays_on_records_and_cannot_be_picked_anew(actor: Actor) -> None:
    row = make(actor, name="card", kind="choice", choices=[{"label": "Gold"}, {"label": "Silver"}])
    old = records.create_record(actor=actor, record_type="customer", values={"name": "Marta", "card": "gold"})
    new = records.create_record(actor=actor, record_type="customer", values={"name": "Rui"})
    fields.update_field(
        actor=actor,
        field_id=row.id,
        choices=[{"value": "gold", "label": "Gold", "retired": True}, {"value": "silver", "label": "Silver"}],
    )

    records.update_record(
        actor=actor, record_type="customer", record_id=old.pk, values={"card": "gold", "city": "Delft"}
    )
    with pytest.raises(Invalid) as picked:
        records.update_record(actor=actor, record_type="customer", record_id=new.pk, values={"card": "gold"})
    with pytest.raises(Invalid):
        records.create_record(actor=actor, record_type="customer", values={"name": "Joost", "card": "gold"})

    new.refresh_from_db()
    old.refresh_from_db()
    assert picked.value.problems == {"card": "“Gold” is no longer in use."}
    assert (old.custom, old.city, new.custom) == ({"card": "gold"}, "Delft", {})
