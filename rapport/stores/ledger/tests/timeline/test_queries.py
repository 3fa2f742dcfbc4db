from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import CustomerAlias
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers
from rapport.stores.ledger.models import Touchpoint
from rapport.stores.ledger.queries.activity import activity
from rapport.stores.ledger.queries.timeline import grouped, timeline
from rapport.stores.ledger.rules.cursors import Cursor, cursor_of
from rapport.stores.ledger.rules.days import heading_of
from rapport.stores.ledger.services import corrections, pins
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.tests.factories import NOON, make_customer, touch
from rapport.stores.ledger.types import CustomerRef, Entry, Group, new_touchpoint


@pytest.fixture(autouse=True)
def noon() -> Any:
    """Friday 20 November 2026, 13:00 in Amsterdam."""
    with clock.frozen(NOON), timezone.override("Europe/Amsterdam"):
        yield


def days_ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


def subjects(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.subject for entry in entries]


def test_it_begins_with_the_newest_and_brings_what_was_written(actor: Actor) -> None:
    customer = make_customer()
    touch(customer.pk, occurred_at=days_ago(900), subject="long ago")
    touch(customer.pk, occurred_at=days_ago(2), subject="old", properties={"n": 1})
    touch(customer.pk, occurred_at=days_ago(1), subject="new", content="Called back", member_id=actor.member_id)
    touch(make_customer("Rui").pk, subject="of somebody else")

    page = timeline(actor=actor, customer_id=customer.pk)

    assert subjects(page.entries) == ["new", "old", "long ago"]
    assert (page.entries[0].content, page.entries[0].member_name, page.entries[1].properties) == (
        "Called back",
        "Ada",
        {"n": 1},
    )
    assert page.earlier is None
    assert page.may_add


def test_pages_follow_each_other_without_gap_or_repeat_even_at_one_instant(actor: Actor) -> None:
    customer = make_customer()
    items = [
        new_touchpoint(
            customer_id=customer.pk,
            channel="web",
            kind="page_viewed",
            subject=str(n),
            occurred_at=days_ago(n // 3 * 40),
        )
        for n in range(40)
    ]
    append(actor=SYSTEM, items=items, source="test")

    seen, before = [], None
    while True:
        page = timeline(actor=actor, customer_id=customer.pk, before=before, limit=7)
        seen += page.entries
        if page.earlier is None:
            break
        before = cursor_of(str(page.earlier))

    assert len(seen) == 40
    assert [(one.occurred_at, one.id) for one in seen] == sorted(
        [(one.occurred_at, one.id) for one in seen], reverse=True
    )


def test_it_spans_merged_customers_and_visits_before_they_were_known(actor: Actor) -> None:
    visit = append(
        actor=SYSTEM,
        items=[
            new_touchpoint(
                customer=CustomerRef(cookie="cookie-of-marta"),
                channel="web",
                kind="page_viewed",
                subject="visit",
                occurred_at=days_ago(3),
            )
        ],
        source="test",
    )[0]
    known = append(
        actor=SYSTEM,
        items=[
            new_touchpoint(
                customer=CustomerRef(cookie="cookie-of-marta", email="m@x.example"),
                channel="web",
                kind="signed_up",
                subject="known",
                occurred_at=days_ago(2),
            )
        ],
        source="test",
    )[0]
    twin = touch(email="twin@x.example", subject="twin", occurred_at=days_ago(1))
    assert known.customer_id
    assert twin.customer_id
    merge = merge_customers(actor=actor, surviving_id=known.customer_id, absorbed_id=twin.customer_id)
    touch(email="twin@x.example", subject="after the merge")

    assert subjects(timeline(actor=actor, customer_id=known.customer_id).entries) == [
        "after the merge",
        "twin",
        "known",
        "visit",
    ]

    unmerge_customers(actor=actor, merge_id=merge.id)
    assert subjects(timeline(actor=actor, customer_id=known.customer_id).entries) == ["known", "visit"]
    assert subjects(timeline(actor=actor, customer_id=twin.customer_id).entries) == ["after the merge", "twin"]
    assert visit.customer_id


def test_what_was_retracted_or_corrected_is_left_out(actor: Actor) -> None:
    customer, batch = make_customer(), uuid4()
    touch(customer.pk, subject="imported", batch_id=batch)
    mistake = touch(customer.pk, subject="mistake")
    note = append(
        actor=actor,
        items=[
            new_touchpoint(
                customer_id=customer.pk, channel="note", kind="note_added", content="a", member_id=actor.member_id
            )
        ],
        source="rapport",
    )[0]
    assert mistake.id
    assert note.id

    corrections.retract_batch(actor=actor, batch_id=batch)
    corrections.retract_touchpoint(actor=actor, customer_id=customer.pk, touchpoint_id=mistake.id)
    corrections.correct_touchpoint(actor=actor, customer_id=customer.pk, touchpoint_id=note.id, content="b")

    (entry,) = timeline(actor=actor, customer_id=customer.pk).entries
    assert (entry.content, entry.corrects_id) == ("b", note.id)
    corrections.restore_touchpoint(actor=actor, customer_id=customer.pk, touchpoint_id=mistake.id)
    assert len(timeline(actor=actor, customer_id=customer.pk).entries) == 2


def test_filters_by_kind_channel_group_and_words(actor: Actor) -> None:
    customer = make_customer()
    for channel, kind, subject, content in [
        ("web", "page_viewed", "Prices", ""),
        ("phone", "call_made", "", "Asked for 100% wool"),
        ("shop", "order_placed", "K-7", ""),
        ("chat", "case_opened", "Bell", ""),
        ("tv", "spot_seen", "Spot", ""),
    ]:
        touch(
            customer.pk, channel=channel, kind=kind, subject=subject, content=content, properties={"ref": f"{kind}-ref"}
        )

    def kinds(**options: Any) -> set[str]:
        return {entry.kind for entry in timeline(actor=actor, customer_id=customer.pk, **options).entries}

    assert kinds(kinds=["call_made", "spot_seen"]) == {"call_made", "spot_seen"}
    assert kinds(channels=["web"]) == {"page_viewed"}
    assert kinds(group=Group.CONTACT) == {"call_made", "spot_seen"}
    assert kinds(group=Group.WEB) == {"page_viewed"}
    assert kinds(group=Group.ORDERS) == {"order_placed"}
    assert kinds(group=Group.SERVICE) == {"case_opened"}
    assert kinds(search="100% WOOL") == {"call_made"}
    assert kinds(search="%") == {"call_made"}
    assert kinds(search="order_placed-ref") == {"order_placed"}
    assert kinds(search="prices", group=Group.ORDERS) == set()


def test_pins_stand_on_top_of_the_first_page_alone(actor: Actor) -> None:
    customer = make_customer()
    old = touch(customer.pk, occurred_at=days_ago(2000), subject="contract")
    for n in range(3):
        touch(customer.pk, occurred_at=days_ago(n), subject=str(n))
    assert old.id
    pins.pin(actor=actor, customer_id=customer.pk, touchpoint_id=old.id)
    pins.pin(actor=actor, customer_id=customer.pk, touchpoint_id=old.id)

    page = timeline(actor=actor, customer_id=customer.pk, limit=2)

    assert subjects(page.pinned) == ["contract"]
    assert timeline(actor=actor, customer_id=customer.pk, before=page.earlier).pinned == ()
    pins.unpin(actor=actor, customer_id=customer.pk, touchpoint_id=old.id)
    assert timeline(actor=actor, customer_id=customer.pk).pinned == ()


def test_only_who_may_see_the_customer_sees_the_timeline(ben: User, actor_for: Callable[[User], Actor]) -> None:
    rule = {"actions": {"read": {"rows": "own"}, "update": {"rows": "own"}}}
    Role.objects.create(
        key="agent",
        name="Agent",
        policy={
            "default": rule,
            "records": {"touchpoint": {**rule, "fields": {"amount": "hidden", "content": "hidden"}}},
        },
    )
    Member.objects.filter(user_id=ben.pk).update(role_key="agent")
    agent = actor_for(ben)
    own, foreign = make_customer(owner_id=agent.member_id), make_customer("Foreign")
    touch(own.pk, amount=Decimal(5), currency="EUR", content="secret")

    (entry,) = timeline(actor=agent, customer_id=own.pk).entries

    assert (entry.amount, entry.content) == (None, "")
    with pytest.raises(NotFound):
        timeline(actor=agent, customer_id=foreign.pk)


def test_the_number_of_statements_does_not_grow(actor: Actor, django_assert_max_num_queries: Any) -> None:
    customer = make_customer()
    for n in range(60):
        touch(customer.pk, occurred_at=days_ago(n * 30), content="x", member_id=actor.member_id)

    with django_assert_max_num_queries(5):  # three windows, pins, names
        assert len(timeline(actor=actor, customer_id=customer.pk, ids=[customer.pk]).entries) == 50


def test_days_are_headed_as_people_speak_of_them(actor: Actor) -> None:
    customer = make_customer()
    for at in (
        NOON,
        datetime(2026, 11, 19, 23, 30, tzinfo=UTC),  # half past midnight of the 20th in Amsterdam
        days_ago(1),
        datetime(2026, 11, 17, 10, tzinfo=UTC),
        datetime(2026, 11, 12, 10, tzinfo=UTC),
        datetime(2026, 11, 4, 10, tzinfo=UTC),
        datetime(2026, 10, 28, 10, tzinfo=UTC),
        datetime(2025, 12, 1, 10, tzinfo=UTC),
    ):
        touch(customer.pk, occurred_at=at)

    found = [
        (day.heading, len(day.entries), day.is_day) for day in timeline(actor=actor, customer_id=customer.pk).days()
    ]

    assert found == [
        ("Today", 2, True),
        ("Yesterday", 1, True),
        ("Tuesday 17 November", 1, True),
        ("Earlier in November", 2, False),
        ("October", 1, False),
        ("December 2025", 1, False),
    ]
    with translation.override("de"):
        assert timeline(actor=actor, customer_id=customer.pk).days()[4].heading == "Oktober"


@pytest.mark.parametrize(
    ("day", "today", "key"),
    [
        (date(2026, 10, 30), date(2026, 11, 2), "day-2026-10-30"),
        (date(2026, 10, 20), date(2026, 11, 2), "earlier-2026-10-01"),
        (date(2026, 9, 20), date(2026, 11, 2), "month-2026-09-01"),
        (date(2026, 11, 21), date(2026, 11, 20), "day-2026-11-21"),
        (date(2026, 1, 1), date(2026, 1, 8), "earlier-2026-01-01"),
    ],
)
def test_headings_at_the_turn_of_months(day: date, today: date, key: str) -> None:
    assert heading_of(day, today).key == key


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.lists(st.integers(0, 900), min_size=2, max_size=30))
def test_headings_never_come_twice(today: date, ages: list[int]) -> None:
    headings = [heading_of(today - timedelta(days=age), today) for age in sorted(ages)]

    in_order = list(dict.fromkeys(headings))
    assert [heading for n, heading in enumerate(headings) if n == 0 or headings[n - 1] != heading] == in_order


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.uuids())
def test_cursors_read_back(at: datetime, id_: UUID) -> None:
    assert cursor_of(str(Cursor(at, id_))) == Cursor(at, id_)


@given(st.text(max_size=40))
def test_cursors_made_up_are_none_or_harmless(text: str) -> None:
    found = cursor_of(text)
    assert found is None or isinstance(found, Cursor)


def test_the_last_touch_point_of_a_page_of_customers_is_one_statement(
    actor: Actor, django_assert_num_queries: Any
) -> None:
    customers = [make_customer(str(n)) for n in range(20)]
    for n, customer in enumerate(customers[:10]):
        for day in (5, 1, 9):
            touch(customer.pk, occurred_at=days_ago(day + n), kind=f"kind_{day}")
    twin = touch(email="twin@x.example", kind="of_the_twin")
    CustomerAlias.objects.create(absorbed_id=twin.customer_id, surviving_id=customers[3].pk, reason="merged")
    taken_back = touch(customers[4].pk)
    assert taken_back.id
    corrections.retract_touchpoint(actor=actor, customer_id=customers[4].pk, touchpoint_id=taken_back.id)

    with django_assert_num_queries(1):
        found = activity(actor=actor, customer_ids=[customer.pk for customer in customers])

    assert set(found) == {customer.pk for customer in customers[:10]}
    assert found[customers[0].pk].kind == "kind_1"
    assert found[customers[3].pk].kind == "of_the_twin"
    assert found[customers[4].pk].kind == "kind_1"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=25), st.integers(1, 9))
def test_any_page_size_shows_the_whole_timeline_in_order(workspace: Workspace, ages: list[int], limit: int) -> None:
    customer = make_customer()
    items = [
        new_touchpoint(customer_id=customer.pk, channel="web", kind="page_viewed", occurred_at=days_ago(age))
        for age in ages
    ]
    append(actor=SYSTEM, items=items, source="test")

    seen: list[Entry] = []
    page = timeline(actor=SYSTEM, customer_id=customer.pk, limit=limit)
    seen += page.entries
    while page.earlier:
        page = timeline(actor=SYSTEM, customer_id=customer.pk, limit=limit, before=page.earlier)
        seen += page.entries

    expected = (
        Touchpoint.objects.filter(customer_id=customer.pk).order_by("-occurred_at", "-id").values_list("id", flat=True)
    )
    assert [entry.id for entry in seen] == list(expected)
    assert sum(len(day.entries) for day in grouped(seen)) == len(ages)
