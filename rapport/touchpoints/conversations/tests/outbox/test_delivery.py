from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.ledger.models import Touchpoint, TouchpointContent
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.services.mailboxes import remove_mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.channels.email.tests.servers import Running
from rapport.touchpoints.conversations.models import MessageContent, OutboxRow
from rapport.touchpoints.conversations.services import delivery, outbox
from rapport.touchpoints.conversations.tests.factories import later, state_of, willing, write
from rapport.touchpoints.conversations.types import NewFile
from rapport.touchpoints.permission.models import Evidence, IssuedPermit
from rapport.touchpoints.permission.services import gate
from rapport.touchpoints.permission.tests.factories import granted, said, stopped
from rapport.touchpoints.permission.types import Basis, Status

pytestmark = pytest.mark.django_db
MARTA = "marta@example.org"


def many(mailbox: Mailbox, count: int) -> list[OutboxRow]:
    return [write(mailbox, willing(email=f"m{n}@example.org", phone="")) for n in range(count)]


def test_a_message_leaves_after_its_ten_seconds_and_stands_in_the_timeline(
    actor: Actor, mailbox: Mailbox, server: Running
) -> None:
    customer = willing()
    row = write(mailbox, customer, actor=actor, files=[NewFile("plan.pdf", b"%PDF")])

    following = delivery.deliver()
    assert server.post.mails == []
    assert following == row.next_at
    with later():
        delivery.deliver()

    assert state_of(row) == ("sent", "")
    assert server.post.recipients == [MARTA]
    mail = server.post.read()
    assert mail["Message-ID"] == f"<{row.pk.hex}@firm.example>"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["plan.pdf"]
    touchpoint = Touchpoint.objects.get(kind="email_sent")
    assert (touchpoint.customer_id, touchpoint.direction, touchpoint.subject, touchpoint.source_id) == (
        customer.pk,
        "out",
        "Six Longtails",
        str(row.pk),
    )
    assert touchpoint.member_id == actor.member_id
    assert "they are ready" in TouchpointContent.objects.get(touchpoint_id=touchpoint.id).body


def test_what_is_not_service_can_be_stopped_with_one_click(mailbox: Mailbox, server: Running) -> None:
    customer = willing()
    granted(customer, purpose="service", basis=Basis.CONTRACT)
    write(mailbox, customer)
    write(mailbox, customer, purpose="service")

    with later():
        delivery.deliver()

    offer, service = server.post.read(0), server.post.read(1)
    assert offer["List-Unsubscribe"].startswith("<http")
    assert offer["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in service


def test_nothing_is_handed_over_twice(mailbox: Mailbox, server: Running) -> None:
    many(mailbox, 5)

    with later():
        for _ in range(3):
            delivery.deliver()

    assert sorted(server.post.recipients) == [f"m{n}@example.org" for n in range(5)]
    assert server.post.connections == 1
    assert Touchpoint.objects.filter(kind="email_sent").count() == 5


def test_a_withdrawal_after_queueing_refuses_the_message(mailbox: Mailbox, server: Running) -> None:
    customer = willing()
    row = write(mailbox, customer)
    said(customer, Status.WITHDRAWN)

    with later():
        delivery.deliver()

    assert state_of(row) == ("refused", "withdrawn")
    assert server.post.mails == []
    assert IssuedPermit.objects.get().released_at is not None
    assert not Touchpoint.objects.filter(kind="email_sent").exists()


def test_a_stop_of_the_address_after_queueing_refuses_the_message(mailbox: Mailbox, server: Running) -> None:
    row = write(mailbox, willing())
    stopped(MARTA, cause="complaint")

    with later():
        delivery.deliver()

    assert state_of(row) == ("refused", "stopped_complaint")
    assert server.post.mails == []


def test_a_message_that_waited_longer_than_its_permit_holds_is_refused(mailbox: Mailbox, server: Running) -> None:
    row = write(mailbox, willing())

    with later(25 * 3600):
        delivery.deliver()

    assert state_of(row) == ("refused", "permit_ended")
    assert server.post.mails == []


def test_a_customer_who_is_gone_gets_nothing(mailbox: Mailbox, server: Running) -> None:
    customer = willing()
    row = write(mailbox, customer)
    customer.deleted_at = clock.now()
    customer.save()

    with later():
        delivery.deliver()

    assert state_of(row) == ("refused", "customer_gone")
    assert server.post.mails == []


def test_not_now_is_tried_again_ever_later_and_then_given_up(mailbox: Mailbox, server: Running) -> None:
    server.post.answers[MARTA, "rcpt"] = "451 4.7.1 Greylisted"
    row = write(mailbox, willing())

    with later():
        delivery.deliver()
    row.refresh_from_db()
    assert (row.state, row.reason, row.attempts) == ("pending", "try_later", 1)
    assert row.said == "451 4.7.1 Greylisted"
    for attempt in range(2, 6):  # the permit holds for a day
        with clock.frozen(row.next_at + timedelta(seconds=1)):
            delivery.deliver()
        row.refresh_from_db()
        assert row.attempts == attempt
    del server.post.answers[MARTA, "rcpt"]
    with clock.frozen(row.next_at + timedelta(seconds=1)):
        delivery.deliver()

    assert state_of(row) == ("sent", "")
    assert server.post.recipients == [MARTA]


def test_a_refusal_is_final(mailbox: Mailbox, server: Running) -> None:
    server.post.answers[MARTA, "data"] = "554 5.7.1 Not wanted"
    row = write(mailbox, willing())

    with later():
        delivery.deliver()

    assert state_of(row) == ("failed", "refused")
    assert IssuedPermit.objects.get().released_at is not None


def test_an_address_where_nobody_is_gets_nothing_more(mailbox: Mailbox, server: Running) -> None:
    server.post.answers[MARTA, "rcpt"] = "550 5.1.1 No such user"
    customer = willing()
    row = write(mailbox, customer)

    with later():
        delivery.deliver()

    assert state_of(row) == ("failed", "no_such_address")
    stop = Evidence.objects.get(status=Status.STOPPED)
    assert stop.cause == "bounce"
    with later(20), pytest.raises(gate.Refused):
        write(mailbox, customer)


@pytest.mark.parametrize("answer", ["drop", "keep and drop"])
def test_a_line_that_breaks_in_the_servers_hands_makes_it_uncertain_for_good(
    mailbox: Mailbox, server: Running, answer: str
) -> None:
    server.post.answers[MARTA, "data"] = answer
    row = write(mailbox, willing())

    with later():
        delivery.deliver()
        del server.post.answers[MARTA, "data"]
        delivery.deliver()
    with later(3600):
        delivery.deliver()

    assert state_of(row) == ("uncertain", "line_broke")
    assert len(server.post.mails) == (answer == "keep and drop")
    assert IssuedPermit.objects.get().released_at is None  # it may have been sent, so it counts


def test_a_server_that_is_away_costs_no_message_a_try(workspace: object) -> None:
    mailbox = make_mailbox(Running("127.0.0.1", 1, None))  # type: ignore[arg-type]  # nothing listens there
    rows = many(mailbox, 3)

    with later() as now:
        following = delivery.deliver()

    assert state_of(rows[0]) == ("pending", "nobody_there")
    assert {row.attempts for row in OutboxRow.objects.all()} == {0}
    mailbox.refresh_from_db()
    assert mailbox.rests_until == now + timedelta(minutes=1)
    assert following == mailbox.rests_until


def test_a_refused_password_pauses_the_mailbox_and_keeps_the_messages(server: Running, workspace: object) -> None:
    mailbox = make_mailbox(server, sealed_password="")
    row = write(mailbox, willing())

    with later():
        assert delivery.deliver() is None

    assert state_of(row) == ("pending", "sign_in_refused")
    mailbox.refresh_from_db()
    assert mailbox.paused_at is not None


def test_nothing_leaves_a_paused_mailbox_or_a_paused_message(actor: Actor, mailbox: Mailbox, server: Running) -> None:
    row, held = many(mailbox, 2)
    outbox.pause(actor=actor, message_id=held.pk, paused=True)
    Mailbox.objects.update(paused_at=clock.now())

    with later():
        delivery.deliver()
        assert server.post.mails == []
        Mailbox.objects.update(paused_at=None)
        delivery.deliver()
        assert server.post.recipients == [row.contact_point]
        outbox.pause(actor=actor, message_id=held.pk, paused=False)
        delivery.deliver()

    assert len(server.post.mails) == 2


def test_messages_of_a_removed_mailbox_are_refused(actor: Actor, mailbox: Mailbox, server: Running) -> None:
    rows = many(mailbox, 2)
    remove_mailbox(actor=actor, mailbox_id=mailbox.pk)

    with later():
        delivery.deliver()

    assert {state_of(row) for row in rows} == {("refused", "sender_gone")}
    assert server.post.mails == []


def test_rates_let_so_many_go_and_no_more(mailbox: Mailbox, server: Running) -> None:
    Mailbox.objects.update(per_minute=2, per_day=3)
    many(mailbox, 5)

    with later() as first:
        following = delivery.deliver()
    assert len(server.post.mails) == 2
    assert following == first + timedelta(minutes=1)
    with later(75):
        delivery.deliver()
    assert len(server.post.mails) == 3
    with later(7200):
        following = delivery.deliver()

    assert len(server.post.mails) == 3
    assert following == first + timedelta(hours=24)


def test_a_claimed_message_that_nobody_holds_becomes_uncertain(mailbox: Mailbox, server: Running) -> None:
    row = write(mailbox, willing())
    OutboxRow.objects.filter(pk=row.pk).update(state="claimed", claim=uuid4(), claimed_at=clock.now())

    delivery.deliver()
    assert state_of(row) == ("claimed", "")  # a living worker may be about to lock it
    with later():
        delivery.deliver()

    assert state_of(row) == ("uncertain", "worker_died")
    assert server.post.mails == []


def test_a_message_taken_for_orphaned_by_mistake_is_sent_by_who_has_it(mailbox: Mailbox, server: Running) -> None:
    row = write(mailbox, willing())
    claim = uuid4()
    OutboxRow.objects.filter(pk=row.pk).update(state="uncertain", claim=claim, claimed_at=clock.now())

    with later(), delivery.adapters["email"].opened(mailbox.pk) as handing:
        delivery._hand(handing, delivery._Claim(row.pk, claim))

    assert state_of(row) == ("sent", "")
    assert server.post.recipients == [MARTA]


def test_a_message_somebody_settled_is_not_sent_by_who_had_it(actor: Actor, mailbox: Mailbox, server: Running) -> None:
    row = write(mailbox, willing(), actor=actor)
    claim = uuid4()
    OutboxRow.objects.filter(pk=row.pk).update(state="uncertain", claim=claim, claimed_at=clock.now())
    outbox.settle(actor=actor, message_id=row.pk, arrived=False)

    with delivery.adapters["email"].opened(mailbox.pk) as handing:
        delivery._hand(handing, delivery._Claim(row.pk, claim))

    assert server.post.mails == []
    assert state_of(row) == ("failed", "settled_not_sent")


def test_a_touch_point_that_could_not_be_written_is_written_later(
    mailbox: Mailbox, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write(mailbox, willing())
    with monkeypatch.context() as broken, later():
        broken.setattr("rapport.touchpoints.conversations.services.ending._tell", _breaks)
        delivery.deliver()
    assert state_of(row) == ("sent", "")
    assert not Touchpoint.objects.filter(kind="email_sent").exists()

    delivery.deliver()
    delivery.deliver()

    assert Touchpoint.objects.filter(kind="email_sent").count() == 1


def _breaks(row: OutboxRow) -> None:
    from django.db import DatabaseError

    raise DatabaseError


@pytest.mark.parametrize(
    ("sharing", "subject", "content"),
    [("all", "Six Longtails", True), ("subject", "Six Longtails", False), ("nothing", "", False)],
)
def test_the_timeline_shows_what_the_mailbox_shares(
    actor: Actor, server: Running, sharing: str, subject: str, content: bool
) -> None:
    own = make_mailbox(server, member_id=actor.member_id, sharing=sharing)
    write(own, willing(), actor=actor)

    with later():
        delivery.deliver()

    touchpoint = Touchpoint.objects.get(kind="email_sent")
    assert touchpoint.subject == subject
    assert TouchpointContent.objects.filter(touchpoint_id=touchpoint.id, body__contains="ready").exists() is content
    assert MessageContent.objects.filter(text__contains="ready").exists()


def test_an_erased_message_is_not_sent(mailbox: Mailbox, server: Running) -> None:
    row = write(mailbox, willing())
    MessageContent.objects.update(text="", html="", erased_at=clock.now())

    with later():
        delivery.deliver()

    assert state_of(row) == ("failed", "cannot_compose")
    assert server.post.mails == []


def test_one_sender_in_trouble_hinders_no_other(mailbox: Mailbox, server: Running) -> None:
    away = make_mailbox(Running("127.0.0.1", 1, None), address="away@firm.example")  # type: ignore[arg-type]  # nothing listens there
    stuck = write(away, willing(email="a@example.org", phone=""), actor=SYSTEM)
    fine = write(mailbox, willing(email="b@example.org", phone=""), actor=SYSTEM)

    with later():
        delivery.deliver()

    assert state_of(stuck)[0] == "pending"
    assert state_of(fine)[0] == "sent"
