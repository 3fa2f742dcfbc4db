from __future__ import annotations

from collections.abc import Callable

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import secrets
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.types import Actor
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.queries.mailboxes import managed_mailboxes, senders
from rapport.touchpoints.channels.email.services import mailboxes
from rapport.touchpoints.channels.email.tests.factories import mailbox_values, make_mailbox
from rapport.touchpoints.channels.email.tests.servers import PASSWORD, Running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("workspace")]
ActorFor = Callable[[User], Actor]


def test_the_password_is_stored_sealed(actor: Actor) -> None:
    mailbox = mailboxes.connect_mailbox(actor=actor, values=mailbox_values(), shared=False)

    row = Mailbox.objects.get()
    assert row.member_id == actor.member_id
    assert PASSWORD not in row.sealed_password
    assert mailboxes.smtp_server(mailbox).password == PASSWORD
    assert AuditEntry.objects.get(action="mailbox.connected").detail["subject"] == "ines@firm.example"


def test_a_secret_opens_with_its_own_key_only() -> None:
    sealed = secrets.seal("app password", key="one")

    assert secrets.unseal(sealed, key="one") == "app password"
    for key, text in (("two", sealed), ("one", sealed[:-2] + "xx"), ("one", "plain")):
        with pytest.raises(secrets.Unreadable):
            secrets.unseal(text, key=key)


def test_a_password_goes_to_no_other_server_than_it_was_entered_for(actor: Actor) -> None:
    mailbox = make_mailbox(member_id=actor.member_id)

    with pytest.raises(Invalid) as refused:
        mailboxes.change_mailbox(
            actor=actor, mailbox_id=mailbox.pk, values=mailbox_values(smtp_host="smtp.evil.example", password="")
        )

    assert "password" in refused.value.problems
    mailbox.refresh_from_db()
    assert mailbox.smtp_host == "smtp.firm.example"


def test_a_mailbox_changes_without_its_password_being_entered_again(actor: Actor) -> None:
    mailbox = make_mailbox(member_id=actor.member_id, troubles=3)

    mailboxes.change_mailbox(actor=actor, mailbox_id=mailbox.pk, values=mailbox_values(name="Ines", password=""))

    mailbox.refresh_from_db()
    assert (mailbox.name, mailbox.troubles) == ("Ines", 0)
    assert mailboxes.password_of(mailbox) == PASSWORD


def test_a_mailbox_is_connected_once(actor: Actor) -> None:
    mailboxes.connect_mailbox(actor=actor, values=mailbox_values(), shared=True)

    with pytest.raises(Invalid):
        mailboxes.connect_mailbox(actor=actor, values=mailbox_values(), shared=True)

    assert Mailbox.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"address": "no address"}, "address"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"per_minute": 0}, "per_minute"),
        ({"password": ""}, "password"),
    ],
)
def test_values_that_make_no_sense_are_refused(actor: Actor, changed: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        mailboxes.connect_mailbox(actor=actor, values=mailbox_values(**changed), shared=False)

    assert list(refused.value.problems) == [field]
    assert not Mailbox.objects.exists()


def test_a_member_has_a_mailbox_of_their_own_and_no_say_in_others(actor: Actor, ben: User, actor_for: ActorFor) -> None:
    bens = actor_for(ben)
    adas = make_mailbox(member_id=actor.member_id, address="ada@firm.example")
    shared = make_mailbox(address="info@firm.example")

    mailboxes.connect_mailbox(actor=bens, values=mailbox_values(address="ben@firm.example"), shared=False)

    with pytest.raises(NotAllowed):
        mailboxes.connect_mailbox(actor=bens, values=mailbox_values(address="x@firm.example"), shared=True)
    for mailbox in (adas, shared):
        with pytest.raises(NotFound):
            mailboxes.remove_mailbox(actor=bens, mailbox_id=mailbox.pk)
    assert [sender.address for sender in senders(actor=bens)] == ["ben@firm.example", "info@firm.example"]
    assert [row.address for row in managed_mailboxes(actor=bens)] == ["ben@firm.example"]
    assert [row.address for row in managed_mailboxes(actor=actor)] == ["ada@firm.example", "info@firm.example"]


def test_who_may_only_read_has_none(ben: User, actor_for: ActorFor, set_role: Callable[[User, str], None]) -> None:
    set_role(ben, "read_only")
    make_mailbox()

    assert senders(actor=actor_for(ben)) == []
    with pytest.raises(NotAllowed):
        mailboxes.connect_mailbox(actor=actor_for(ben), values=mailbox_values(), shared=False)


def test_a_removed_mailbox_forgets_its_password(actor: Actor) -> None:
    mailbox = make_mailbox()

    mailboxes.remove_mailbox(actor=actor, mailbox_id=mailbox.pk)

    mailbox.refresh_from_db()
    assert mailbox.sealed_password == ""
    assert senders(actor=actor) == []


def test_trouble_lets_a_mailbox_rest_longer_each_time() -> None:
    mailbox = make_mailbox()

    rests = []
    for _ in range(8):
        mailboxes.note_trouble(mailbox.pk, "nobody_there", "", lasting=False)
        mailbox.refresh_from_db()
        assert mailbox.rests_until is not None
        assert mailbox.last_trouble_at is not None
        rests.append(round((mailbox.rests_until - mailbox.last_trouble_at).total_seconds() / 60))
    mailboxes.note_good(mailbox.pk)

    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]
    mailbox.refresh_from_db()
    assert (mailbox.troubles, mailbox.rests_until, mailbox.paused_at) == (0, None, None)


def test_lasting_trouble_pauses_it_until_somebody_has_looked() -> None:
    mailbox = make_mailbox()

    mailboxes.note_trouble(mailbox.pk, "sign_in_refused", "535 no", lasting=True)

    mailbox.refresh_from_db()
    assert mailbox.paused_at is not None
    assert "app password" in mailbox.last_trouble
    assert mailbox.last_trouble.endswith("535 no")


def test_the_test_says_that_it_works_and_sends_nothing(actor: Actor, server: Running) -> None:
    mailbox = make_mailbox(server)

    (check,) = mailboxes.test_mailbox(actor=actor, mailbox_id=mailbox.pk)

    assert check.good
    assert server.post.mails == []
    mailbox.refresh_from_db()
    assert mailbox.last_good_at is not None


def test_the_test_says_what_is_wrong_in_plain_words(actor: Actor, server: Running) -> None:
    refused = make_mailbox(server, sealed_password="")
    unknown = make_mailbox(server, address="b@firm.example", smtp_host="no-such-host.invalid")

    (first,) = mailboxes.test_mailbox(actor=actor, mailbox_id=refused.pk)
    (second,) = mailboxes.test_mailbox(actor=actor, mailbox_id=unknown.pk)

    assert "app password" in str(first.words)
    assert first.said.startswith("535")
    assert "no server of this name" in str(second.words)
