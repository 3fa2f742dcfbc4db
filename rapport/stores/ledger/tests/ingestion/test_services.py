from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.models import Role
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer, Identity
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.ledger import extension_points
from rapport.stores.ledger.models import Touchpoint, TouchpointContent, TouchpointInbox, Words
from rapport.stores.ledger.queries.touchpoints import standing
from rapport.stores.ledger.services import corrections, ingestion
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.tests.factories import NOON, make_customer, touch
from rapport.stores.ledger.types import (
    Appended,
    CustomerRef,
    NewTouchpoint,
    Outcome,
    Problem,
    Refused,
    Status,
    new_touchpoint,
)

CREATED, DUPLICATE, REFUSED = Status.CREATED, Status.DUPLICATE, Status.REFUSED


def item(number: int = 0, **values: Any) -> NewTouchpoint:
    given = {
        "channel": "web",
        "kind": "page_viewed",
        "occurred_at": NOON,
        "source_id": f"e{number}" if number else "",
        **values,
    }
    customer = given.pop("customer", None) or CustomerRef(email=given.pop("email", "marta@pedal.example"))
    return new_touchpoint(customer=customer, **given)


def send(*items: NewTouchpoint | Refused, actor: Actor = SYSTEM, **options: Any) -> list[Outcome]:
    return append(actor=actor, items=list(items), source="shop", **options)


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


def test_a_touch_point_is_stored_as_it_was_told(actor: Actor) -> None:
    with clock.frozen(NOON + timedelta(hours=1)):
        (outcome,) = send(
            item(
                7, channel="showroom", kind="order_placed", direction="in", subject="Two Longtails", amount=Decimal("12900.5"),
                currency="EUR", properties={"lines": [{"sku": "LT3", "n": 2}], "größe": "XL"}, content="Wants them <b>blue</b>.",
                member_id=actor.member_id,
            ),
            actor=actor,
        )  # fmt: skip

    row = Touchpoint.objects.get(id=outcome.id)
    assert outcome == Outcome(CREATED, row.id, row.customer_id)
    assert (row.occurred_at, row.recorded_at) == (NOON, NOON + timedelta(hours=1))
    assert (row.channel, row.kind, row.direction, row.source, row.source_id) == (
        "showroom",
        "order_placed",
        "in",
        "shop",
        "e7",
    )
    assert (row.subject, row.amount, row.currency, row.member_id) == (
        "Two Longtails",
        Decimal("12900.5000"),
        "EUR",
        actor.member_id,
    )
    assert row.properties == {"lines": [{"sku": "LT3", "n": 2}], "größe": "XL"}
    assert Customer.objects.get(pk=row.customer_id).email == "marta@pedal.example"
    assert (
        TouchpointContent.objects.get(touchpoint_id=row.id, customer_id=row.customer_id).body
        == "Wants them <b>blue</b>."
    )
    assert Words.objects.get().pk == ("order_placed", "showroom", "shop")


def test_sending_twice_is_harmless_and_names_what_was_there(workspace: Workspace) -> None:
    first = send(item(1), item(2))

    again = send(item(1), item(3), item(2), item(3))

    assert statuses(again) == [DUPLICATE, CREATED, DUPLICATE, DUPLICATE]
    assert [again[0].id, again[2].id] == [first[0].id, first[1].id]
    assert again[3].id == again[1].id
    assert Touchpoint.objects.count() == 3


def test_the_same_id_of_another_source_is_another_touch_point(workspace: Workspace) -> None:
    send(item(1))

    assert statuses(send(item(1, source="till"))) == [CREATED]


def test_items_without_an_id_of_their_own_are_all_taken(workspace: Workspace) -> None:
    assert statuses(send(item(), item())) == [CREATED, CREATED]
    assert TouchpointInbox.objects.count() == 0


def test_one_bad_item_never_costs_the_others(workspace: Workspace) -> None:
    unreadable = Refused((Problem("", "no"),))
    stranger = item(5, customer=CustomerRef(id=uuid4()))

    outcomes = send(
        item(1), unreadable, item(2, kind="No"), stranger, item(5, customer=CustomerRef(id=uuid4())), item(3)
    )

    assert statuses(outcomes) == [CREATED, REFUSED, REFUSED, REFUSED, REFUSED, CREATED]
    assert statuses(send(item(5))) == [CREATED], "a refused item can be mended and sent again"


def test_a_retracted_batch_may_come_in_again(actor: Actor) -> None:
    first, second = uuid4(), uuid4()
    send(item(1), item(2), batch_id=first)
    assert statuses(send(item(1), batch_id=second)) == [DUPLICATE]
    corrections.retract_batch(actor=actor, batch_id=first)

    again = send(item(1), item(3), batch_id=second)

    assert statuses(again) == [CREATED, CREATED]
    assert statuses(send(item(1), item(2), item(3))) == [DUPLICATE, CREATED, DUPLICATE]
    assert set(standing(Touchpoint.objects.all()).values_list("source_id", flat=True)) == {"e1", "e2", "e3"}


def test_a_touch_point_that_somebody_took_back_stays_away_when_sent_again(actor: Actor) -> None:
    (outcome,) = send(item(1))
    assert outcome.customer_id
    assert outcome.id
    corrections.retract_touchpoint(actor=actor, customer_id=outcome.customer_id, touchpoint_id=outcome.id)

    assert statuses(send(item(1))) == [DUPLICATE]
    assert standing(Touchpoint.objects.all()).count() == 0


def test_a_batch_that_fails_leaves_nothing_and_can_be_sent_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(ingestion, "note_words", crash)
        with pytest.raises(RuntimeError), transaction.atomic():
            send(item(1), item(2))

    assert not Touchpoint.objects.exists()
    assert not TouchpointInbox.objects.exists()
    assert not Customer.objects.exists()
    assert statuses(send(item(1), item(2))) == [CREATED, CREATED]


def test_what_postgresql_alone_can_refuse_is_found_by_halving(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rapport.stores.ledger.rules.properties.problem", lambda raw: "")
    bad = {n: item(n) for n in (3, 8)}
    for one in bad.values():
        one.properties = msgspec.Raw(rb'{"a": "\u0000"}')

    outcomes = send(*(bad.get(n) or item(n) for n in range(1, 12)))

    assert [n for n, outcome in enumerate(outcomes, 1) if outcome.status is REFUSED] == [3, 8]
    assert Touchpoint.objects.count() == 9


def test_late_and_out_of_order_touch_points_land_in_their_place(workspace: Workspace) -> None:
    days = [3, 1, 4, 400, 2]

    send(*(item(n, occurred_at=NOON - timedelta(days=day)) for n, day in enumerate(days, 1)))

    found = Touchpoint.objects.order_by("-occurred_at").values_list("occurred_at", flat=True)
    assert list(found) == [NOON - timedelta(days=day) for day in sorted(days)]


def test_a_member_without_the_right_cannot_append(ben: User, actor_for: Any, set_role: Any) -> None:
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        send(item(1), actor=actor_for(ben))

    assert not Touchpoint.objects.exists()


def test_who_sees_only_own_customers_can_tell_of_those_alone(ben: User, actor_for: Any) -> None:
    own_rule = {"actions": {"read": {"rows": "own"}, "create": {"rows": "all"}, "update": {"rows": "own"}}}
    Role.objects.create(key="agent", name="Agent", policy={"default": own_rule})
    Customer.objects.filter(pk=make_customer("Somebody else's").pk)
    from rapport.foundation.workspace.models import Member

    Member.objects.filter(user_id=ben.pk).update(role_key="agent")
    agent = actor_for(ben)
    own, foreign = make_customer("Own", owner_id=agent.member_id), make_customer("Foreign")

    outcomes = send(
        item(1, customer=CustomerRef(id=own.pk)),
        item(2, customer=CustomerRef(id=foreign.pk)),
        item(3, email="new@pedal.example"),
        actor=agent,
    )

    assert statuses(outcomes) == [CREATED, REFUSED, REFUSED]
    assert not Identity.objects.exists()


def test_a_token_for_touch_points_alone_may_bring_their_customers(actor: Actor) -> None:
    from dataclasses import replace

    assert statuses(send(item(1), actor=replace(actor, scopes=frozenset({"touchpoint:write"})))) == [CREATED]
    with pytest.raises(NotAllowed):
        send(item(2), actor=replace(actor, scopes=frozenset({"customer:write"})))


def test_a_merge_rewrites_nothing_and_new_touch_points_keep_the_id_they_named(actor: Actor) -> None:
    marta, twin = touch(email="marta@pedal.example"), touch(email="m.oliveira@pedal.example")
    assert marta.customer_id
    assert twin.customer_id
    merge_customers(actor=actor, surviving_id=marta.customer_id, absorbed_id=twin.customer_id)

    later = touch(email="m.oliveira@pedal.example")

    assert later.customer_id == twin.customer_id
    assert set(Touchpoint.objects.values_list("customer_id", flat=True)) == {marta.customer_id, twin.customer_id}


def test_listeners_hear_of_a_batch_once_it_is_committed(
    workspace: Workspace, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Appended] = []

    def broken(appended: Appended) -> None:
        raise RuntimeError("a listener of somebody else")

    monkeypatch.setattr(extension_points.after_append, "_items", {"broken": broken, "heard": heard.append})

    with django_capture_on_commit_callbacks(execute=True):
        (outcome, _) = send(item(1), item(2, kind="No"))
    with django_capture_on_commit_callbacks(execute=True):
        send(item(1))

    (appended,) = heard
    assert [(one.id, one.customer_id, one.kind) for one in appended.touchpoints] == [
        (outcome.id, outcome.customer_id, "page_viewed")
    ]


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_sent_by_two_at_once_is_stored_once(workspace: Workspace) -> None:
    batch = [item(n, email=f"p{n % 7}@pedal.example") for n in range(1, 201)]
    answers: list[list[Outcome]] = []
    start = threading.Barrier(3)

    def post(order: int) -> None:
        try:
            connection.set_tenant(workspace)
            mine = batch if order else batch[::-1]
            start.wait()
            got = send(*mine)
            answers.append(got if order else got[::-1])
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Touchpoint.objects.count() == 200
    assert len(answers) == 3
    for outcomes in zip(*answers, strict=True):
        assert sorted(statuses(list(outcomes))) == [CREATED, DUPLICATE, DUPLICATE]
        assert len({outcome.id for outcome in outcomes}) == 1


EVENTS = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from("abc"), st.booleans(), st.integers(0, 60)),
    max_size=12,
    unique_by=lambda e: e[0],
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(EVENTS, st.integers(1, 5), st.data())
def test_replaying_the_ledger_gives_the_same_timeline(
    workspace: Workspace, events: list[tuple[int, str, bool, int]], size: int, data: st.DataObject
) -> None:
    """Sent in batches, or one by one with some of it twice and in another order: the same touch points, each once."""
    items = [
        item(n, customer=CustomerRef(email=f"{name}@x.example" if known else "", cookie=f"browser-{name}"), occurred_at=NOON - timedelta(days=day))
        for n, name, known, day in events
    ]  # fmt: skip
    with transaction.atomic():
        for at in range(0, len(items), size):
            send(*items[at : at + size])
        once = _timeline()
        repeated = data.draw(st.lists(st.sampled_from(items), max_size=6)) if items else []
        for one in repeated:
            assert statuses(send(one)) == [DUPLICATE]
        send(*reversed(items))
        assert _timeline() == once
        transaction.set_rollback(True)


def _timeline() -> list[tuple[str, Any, UUID]]:
    return list(Touchpoint.objects.order_by("occurred_at", "id").values_list("source_id", "occurred_at", "customer_id"))
