"""The first invariant: what is in the ledger stays as it is. Held by the database's grants, whoever asks."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Actor
from rapport.stores.ledger.models import Pin, Touchpoint, TouchpointContent
from rapport.stores.ledger.queries.touchpoints import standing
from rapport.stores.ledger.services import corrections, pins
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.tests.factories import make_customer, touch
from rapport.stores.ledger.types import new_touchpoint


@pytest.mark.parametrize("table", ["touchpoint", "touchpoint_open"])
@pytest.mark.parametrize("statement", ["update {} set kind = 'x'", "delete from {}", "truncate {}"])
def test_rows_cannot_be_changed_or_removed(workspace: Workspace, table: str, statement: str) -> None:
    touch(email="marta@pedal.example")

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))

    assert Touchpoint.objects.get().kind == "page_viewed"


def test_the_role_is_no_superuser_who_could_do_it_all_the_same(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper from pg_roles where rolname = current_user")
        assert cursor.fetchone() == (False,)


def test_a_correction_is_a_new_row_that_names_the_old_one(actor: Actor) -> None:
    customer = make_customer()
    note = new_touchpoint(
        customer_id=customer.pk, channel="note", kind="note_added", content="Wants a trailor", member_id=actor.member_id
    )
    (first,) = append(actor=actor, items=[note], source="rapport")
    assert first.id
    pins.pin(actor=actor, customer_id=customer.pk, touchpoint_id=first.id)

    second = corrections.correct_touchpoint(
        actor=actor, customer_id=customer.pk, touchpoint_id=first.id, content="Wants a trailer"
    )

    assert Touchpoint.objects.count() == 2
    now = standing(Touchpoint.objects.all()).get()
    assert (now.id, now.corrects_id, now.occurred_at) == (
        second.id,
        first.id,
        Touchpoint.objects.get(id=first.id).occurred_at,
    )
    assert TouchpointContent.objects.get(touchpoint_id=now.id).body == "Wants a trailer"
    assert TouchpointContent.objects.get(touchpoint_id=first.id).body == "Wants a trailor"
    assert Pin.objects.get().touchpoint_id == second.id


def test_what_came_from_elsewhere_or_from_a_colleague_is_not_corrected(actor: Actor, ben, actor_for) -> None:
    customer = make_customer()
    note = new_touchpoint(
        customer_id=customer.pk, channel="note", kind="note_added", content="x", member_id=actor.member_id
    )
    (adas,) = append(actor=actor, items=[note], source="rapport")
    foreign = touch(customer.pk)

    for who, one in [(actor_for(ben), adas), (actor, foreign)]:
        with pytest.raises(NotAllowed):
            corrections.correct_touchpoint(actor=who, customer_id=customer.pk, touchpoint_id=one.id, content="y")

    assert Touchpoint.objects.count() == 2


def test_erasing_what_was_written_leaves_the_ledger_as_it_is(actor: Actor, ben, actor_for) -> None:
    customer, other = make_customer(), make_customer("Rui")
    first, second = touch(customer.pk, content="private"), touch(customer.pk, content="secret")
    kept = touch(other.pk, content="of somebody else")
    with pytest.raises(NotAllowed):
        corrections.erase_contents(actor=actor_for(ben), customer_id=customer.pk)

    assert corrections.erase_contents(actor=actor, customer_id=customer.pk, touchpoint_ids=[first.id]) == 1
    assert TouchpointContent.objects.get(touchpoint_id=second.id).body == "secret"
    assert corrections.erase_contents(actor=actor, customer_id=customer.pk) == 1

    assert Touchpoint.objects.count() == 3
    assert {c.body for c in TouchpointContent.objects.filter(customer_id=customer.pk)} == {""}
    assert TouchpointContent.objects.get(touchpoint_id=kept.id).body == "of somebody else"
