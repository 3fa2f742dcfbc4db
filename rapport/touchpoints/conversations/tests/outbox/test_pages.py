from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.foundation.lib import clock
from rapport.foundation.workspace.models import Role
from rapport.foundation.workspace.rules import policy_to_json
from rapport.foundation.workspace.types import Action, Actor, RecordRules, RolePolicy, RowRule, Rows
from rapport.stores.customers.tests.factories import make_customer
from rapport.touchpoints.channels.email.models import Mailbox
from rapport.touchpoints.channels.email.tests.factories import make_mailbox
from rapport.touchpoints.conversations.models import OutboxRow
from rapport.touchpoints.conversations.queries.outbox import PAGE
from rapport.touchpoints.conversations.tests.factories import make_row, state_of, willing
from rapport.touchpoints.conversations.types import State

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]
LIST = "/w/kestrel/outbox/"
HTMX = {"HX-Request": "true"}


def in_state(mailbox: Mailbox, state: State, **columns: object) -> OutboxRow:
    now = clock.now()
    final = {"finished_at": now} if state in ("sent", "failed", "refused", "cancelled") else {}
    claimed = {"claim": uuid4(), "claimed_at": now} if state in ("claimed", "uncertain") else {}
    return make_row(
        mailbox, willing(email=f"{uuid4().hex}@example.org", phone=""), state=state, **final, **claimed, **columns
    )


def test_every_state_is_shown_with_its_reason(ada: User, client_for: ClientFor, mailbox: Mailbox) -> None:
    reasons = {
        "pending": "try_later",
        "claimed": "",
        "uncertain": "worker_died",
        "sent": "",
        "failed": "no_such_address",
        "refused": "withdrawn",
        "cancelled": "",
    }
    for state, reason in reasons.items():
        in_state(mailbox, State(state), reason=reason, subject=f"This is {state}")
    browser = client_for(ada)

    everything = browser.get(LIST).text
    uncertain = browser.get(f"{LIST}?state=uncertain", headers=HTMX).text

    assert all(f"This is {state}" in everything for state in reasons)
    assert "The customer has withdrawn the permission." in everything
    assert "There is no such address." in everything
    assert "nobody knows whether it left" in uncertain
    assert "This is sent" not in uncertain
    assert "It did not leave" in uncertain


def test_messages_are_paused_let_go_taken_back_and_settled(ada: User, client_for: ClientFor, mailbox: Mailbox) -> None:
    waiting, first, second = (in_state(mailbox, State(state)) for state in ("pending", "uncertain", "uncertain"))
    browser = client_for(ada)

    browser.post(f"{LIST}{waiting.pk}/pause/", headers=HTMX)
    waiting.refresh_from_db()
    assert waiting.paused_at is not None
    browser.post(f"{LIST}{waiting.pk}/resume/", headers=HTMX)
    waiting.refresh_from_db()
    assert waiting.paused_at is None
    taken = browser.post(f"{LIST}{waiting.pk}/cancel/")
    browser.post(f"{LIST}{first.pk}/arrived/", headers=HTMX)
    browser.post(f"{LIST}{second.pk}/not-sent/", headers=HTMX)
    late = browser.post(f"{LIST}{second.pk}/arrived/", headers=HTMX)

    assert taken.status_code == 303
    assert [state_of(row)[0] for row in (waiting, first, second)] == ["cancelled", "sent", "failed"]
    assert "settled already" in late.headers["HX-Trigger"]


def test_the_message_is_shown_whole(ada: User, client_for: ClientFor, mailbox: Mailbox) -> None:
    row = in_state(mailbox, State.UNCERTAIN, reason="line_broke")

    answer = client_for(ada).get(f"{LIST}{row.pk}/").text

    assert "Dear Marta Oliveira" in answer
    assert "It arrived" in answer


def test_private_mails_are_their_owners_alone(
    actor: Actor, ada: User, ben: User, client_for: ClientFor, workspace: object
) -> None:
    own = make_mailbox(member_id=actor.member_id, sharing="nothing")
    row = in_state(own, State.SENT, sharing="nothing", member_id=actor.member_id, subject="Between us")

    for path in (LIST, f"{LIST}{row.pk}/"):
        assert "Between us" not in client_for(ben).get(path).text
        assert "Between us" in client_for(ada).get(path).text
    assert "Dear Marta" not in client_for(ben).get(f"{LIST}{row.pk}/").text


def test_who_may_only_read_changes_nothing(
    ben: User, client_for: ClientFor, set_role: Callable[[User, str], None], mailbox: Mailbox
) -> None:
    set_role(ben, "read_only")
    waiting, uncertain = in_state(mailbox, State.PENDING), in_state(mailbox, State.UNCERTAIN)
    browser = client_for(ben)

    shown = browser.get(LIST).text
    answers = [browser.post(f"{LIST}{waiting.pk}/{act}/").status_code for act in ("cancel", "pause", "resume")]
    answers += [browser.post(f"{LIST}{uncertain.pk}/{act}/").status_code for act in ("arrived", "not-sent")]

    assert "Take back" not in shown
    assert answers == [403] * 5
    assert [state_of(row)[0] for row in (waiting, uncertain)] == ["pending", "uncertain"]


def test_rows_follow_the_role(
    ada: User,
    ben: User,
    client_for: ClientFor,
    actor_for: Callable[[User], Actor],
    set_role: Callable[[User, str], None],
    mailbox: Mailbox,
) -> None:
    """Ben's role lets him see the messages of his own hand, to customers of his own."""
    own = RecordRules({Action.READ: RowRule(Rows.OWN), Action.UPDATE: RowRule(Rows.OWN)})
    policy = RolePolicy("own", "Own", records={"customer": own, "message": own})
    Role.objects.create(key="own", name="Own", policy=policy_to_json(policy))
    set_role(ben, "own")
    me = actor_for(ben).member_id
    mine = make_customer("Mine", owner=str(me))
    seen = make_row(mailbox, mine, member_id=me, subject="Seen by Ben")
    hidden = [
        make_row(mailbox, mine, subject="Written by Ada"),
        make_row(mailbox, make_customer("Others"), member_id=me, subject="To a stranger"),
    ]
    browser = client_for(ben)

    shown = browser.get(LIST).text

    assert "Seen by Ben" in shown
    assert all(row.subject not in shown for row in hidden)
    assert [browser.get(f"{LIST}{row.pk}/").status_code for row in (seen, *hidden)] == [200, 404, 404]


@pytest.mark.parametrize("count", [1, PAGE + 10])
def test_the_page_asks_as_little_for_many_as_for_one(
    ada: User,
    client_for: ClientFor,
    mailbox: Mailbox,
    count: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(count):
        make_row(mailbox, make_customer(f"Customer {n}"), subject=f"Subject {n}.")
    browser = client_for(ada)
    first = browser.get(LIST).text

    with django_assert_max_num_queries(15):
        browser.get(LIST)

    if count > PAGE:
        onward = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        rest = browser.get(onward).text
        assert "Subject 0." in rest
        assert "Subject 0." not in first
