from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import Role
from rapport.foundation.workspace.rules import policy_to_json
from rapport.foundation.workspace.types import Action, Actor, RecordRules, RolePolicy, RowRule, Rows
from rapport.stores.ledger.models import Touchpoint
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.conversations.errors import TooLate
from rapport.touchpoints.conversations.models import MessageContent, MessageFile, OutboxRow
from rapport.touchpoints.conversations.services import outbox
from rapport.touchpoints.conversations.services.outbox import queue
from rapport.touchpoints.conversations.tests.factories import state_of, willing, write
from rapport.touchpoints.conversations.types import NewFile, NewMessage, State
from rapport.touchpoints.permission.models import IssuedPermit
from rapport.touchpoints.permission.services import gate

pytestmark = pytest.mark.django_db
ActorFor = Callable[[User], Actor]


def test_a_message_waits_long_enough_to_be_taken_back(actor: Actor, mailbox: Mailbox) -> None:
    with clock.frozen(clock.now()) as now:
        row = write(mailbox, willing(), actor=actor)

    row = OutboxRow.objects.get(pk=row.pk)
    assert (row.state, row.next_at, row.member_name) == (State.PENDING, now + timedelta(seconds=10), "Ada")
    assert row.contact_point == "marta@example.org"
    assert row.reference == f"<{row.pk.hex}@firm.example>"
    assert MessageContent.objects.get().text.startswith("Dear Marta")
    assert not Touchpoint.objects.filter(kind="email_sent").exists()


@pytest.mark.parametrize("permit", [None, "permit", 1, object()])
def test_nothing_but_a_permit_lets_a_message_out(actor: Actor, mailbox: Mailbox, permit: Any) -> None:
    message = NewMessage(sender_id=mailbox.pk, subject="x", text="x")

    with pytest.raises(TypeError):
        queue(actor=actor, permit=permit, message=message)

    assert not OutboxRow.objects.exists()


def test_a_permit_is_for_one_message(actor: Actor, mailbox: Mailbox) -> None:
    customer = willing()
    permit = gate.permit(actor=actor, customer_id=customer.pk, purpose="offers", channel="email")
    message = NewMessage(sender_id=mailbox.pk, subject="x", text="x")
    queue(actor=actor, permit=permit, message=message)

    with pytest.raises(Invalid) as refused:
        queue(actor=actor, permit=permit, message=message)

    assert list(refused.value.problems) == ["permit"]
    assert OutboxRow.objects.count() == MessageContent.objects.count() == 1


def test_a_message_for_later_needs_a_permit_for_then(actor: Actor, mailbox: Mailbox) -> None:
    customer = willing()
    tomorrow = clock.now() + timedelta(days=2)
    permit = gate.permit(actor=actor, customer_id=customer.pk, purpose="offers", channel="email")

    with pytest.raises(Invalid) as refused:
        queue(
            actor=actor,
            permit=permit,
            message=NewMessage(sender_id=mailbox.pk, subject="x", text="x"),
            send_at=tomorrow,
        )
    row = write(mailbox, customer, actor=actor, send_at=tomorrow)

    assert list(refused.value.problems) == ["send_at"]
    assert row.next_at == tomorrow


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 501}, "subject"),
        ({"text": " \n"}, "body"),
        ({"text": "x" * 100_001}, "body"),
        ({"text": "a\x00b"}, "body"),
        ({"files": [NewFile("a.bin", b"x" * (18 * 1024 * 1024 + 1))]}, "files"),
        ({"files": [NewFile("a", b"x")] * 21}, "files"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(
    actor: Actor, mailbox: Mailbox, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        write(mailbox, willing(), actor=actor, **values)

    assert list(refused.value.problems) == [field]
    assert not OutboxRow.objects.exists()


def test_files_are_kept_with_the_message(actor: Actor, mailbox: Mailbox) -> None:
    row = write(mailbox, willing(), actor=actor, files=[NewFile("plan.pdf", b"%PDF")])

    file = MessageFile.objects.get(message_id=row.pk)
    assert (file.name, file.content_type, file.size_bytes) == ("plan.pdf", "application/pdf", 4)


def test_nobody_sends_from_a_mailbox_of_somebody_else(actor: Actor, ben: User, actor_for: ActorFor) -> None:
    own = make_mailbox(member_id=actor.member_id)

    with pytest.raises(NotAllowed):
        write(own, willing(), actor=actor_for(ben))

    assert not OutboxRow.objects.exists()


def test_who_may_only_read_sends_nothing(
    mailbox: Mailbox, actor: Actor, ben: User, actor_for: ActorFor, set_role: Callable[[User, str], None]
) -> None:
    set_role(ben, "read_only")
    customer = willing()
    permit = gate.permit(actor=actor, customer_id=customer.pk, purpose="offers", channel="email")

    with pytest.raises(NotAllowed):
        queue(actor=actor_for(ben), permit=permit, message=NewMessage(sender_id=mailbox.pk, subject="x", text="x"))

    assert not OutboxRow.objects.exists()


def test_a_message_taken_back_gives_its_permit_back(actor: Actor, mailbox: Mailbox) -> None:
    row = write(mailbox, willing(), actor=actor)

    outbox.cancel(actor=actor, message_id=row.pk)

    assert state_of(row) == ("cancelled", "")
    assert IssuedPermit.objects.get().released_at is not None
    with pytest.raises(TooLate):
        outbox.cancel(actor=actor, message_id=row.pk)


def test_a_message_that_left_is_not_taken_back(actor: Actor, mailbox: Mailbox) -> None:
    row = write(mailbox, willing(), actor=actor)
    now = clock.now()
    OutboxRow.objects.filter(pk=row.pk).update(state="claimed", claim=uuid4(), claimed_at=now)

    for act in (outbox.cancel, lambda **given: outbox.pause(paused=True, **given)):
        with pytest.raises(TooLate):
            act(actor=actor, message_id=row.pk)

    assert state_of(row)[0] == "claimed"


def test_only_uncertain_messages_are_settled(actor: Actor, mailbox: Mailbox) -> None:
    rows = [write(mailbox, willing(email=f"m{n}@example.org", phone=""), actor=actor) for n in range(3)]
    for row in rows[:2]:
        OutboxRow.objects.filter(pk=row.pk).update(state="uncertain", claim=uuid4(), claimed_at=clock.now())

    outbox.settle(actor=actor, message_id=rows[0].pk, arrived=True)
    outbox.settle(actor=actor, message_id=rows[1].pk, arrived=False)
    with pytest.raises(TooLate):
        outbox.settle(actor=actor, message_id=rows[2].pk, arrived=True)

    assert [state_of(row) for row in rows] == [
        ("sent", "settled_arrived"),
        ("failed", "settled_not_sent"),
        ("pending", ""),
    ]
    assert Touchpoint.objects.filter(kind="email_sent").count() == 1
    assert IssuedPermit.objects.filter(released_at=None).count() == 2


def test_a_batch_is_paused_resumed_and_cancelled_as_one(actor: Actor, mailbox: Mailbox) -> None:
    batch = uuid4()
    rows = [write(mailbox, willing(email=f"m{n}@example.org", phone=""), actor=actor, batch_id=batch) for n in range(3)]
    other = write(mailbox, willing(email="other@example.org", phone=""), actor=actor)

    assert outbox.pause_batch(actor=actor, batch_id=batch, paused=True) == 3
    assert OutboxRow.objects.filter(paused_at=None).count() == 1
    assert outbox.pause_batch(actor=actor, batch_id=batch, paused=False) == 3
    assert outbox.cancel_batch(actor=actor, batch_id=batch) == 3

    assert {state_of(row)[0] for row in rows} == {"cancelled"}
    assert state_of(other)[0] == "pending"


def test_messages_are_seen_with_their_customer(
    actor: Actor, mailbox: Mailbox, ben: User, actor_for: ActorFor, set_role: Callable[[User, str], None]
) -> None:
    own = {Action.READ: RowRule(Rows.OWN), Action.UPDATE: RowRule(Rows.OWN)}
    policy = RolePolicy("own", "Own customers", records={"customer": RecordRules(own), "message": RecordRules(own)})
    Role.objects.create(key="own", name="Own customers", policy=policy_to_json(policy))
    set_role(ben, "own")
    row = write(mailbox, willing(), actor=actor)

    with pytest.raises(NotFound):
        outbox.cancel(actor=actor_for(ben), message_id=row.pk)

    assert state_of(row)[0] == "pending"
