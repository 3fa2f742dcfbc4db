"""Follow-ups: one owner, one due date, one outcome, and a way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import FollowUp
from rapport.stores.customers.queries import followups as queries
from rapport.stores.customers.services import followups
from rapport.stores.customers.services.followups import Opening
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SOON, LATE = date(2026, 6, 8), date(2026, 5, 20)


@pytest.fixture(autouse=True)
def today(workspace: Workspace) -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def make_follow_up(actor: Actor, customer_id: UUID, title: str = "Ask how the bike rides", **more: Any) -> FollowUp:
    return followups.open_follow_up(
        actor=actor, customer_id=customer_id, title=title, **{"due_on": SOON, "owner_id": actor.member_id, **more}
    )[0]


def opening(customer_id: UUID, trip: str, **more: Any) -> Opening:
    given = {"title": "Call", "why": "Silent", "rule": "gap", "owner_id": None, "due_on": SOON, **more}
    return Opening(customer_id=customer_id, trip=trip, **given)


def test_ticked_off_with_an_outcome_and_back_by_undo(actor: Actor) -> None:
    row = make_follow_up(actor, make_customer().pk)

    operation = followups.close_follow_up(actor=actor, follow_up_id=row.id, outcome="settled", note="All well")
    closed = queries.follow_ups(actor=actor, whose="everyone", closed=True).lines
    undo(actor=actor, operation_id=operation.id)

    assert [(line.outcome_label, line.note, line.closed_by) for line in closed] == [("Settled", "All well", "Ada")]
    row.refresh_from_db()
    assert (row.closed_at, row.outcome, row.closed_by) == (None, "", "")


def test_undo_of_opening_takes_it_away(actor: Actor) -> None:
    _row, operation = followups.open_follow_up(actor=actor, customer_id=make_customer().pk, title="Call", due_on=SOON)

    undo(actor=actor, operation_id=operation.id)

    assert not FollowUp.objects.exists()


def test_closing_twice_names_who_was_first(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    row = make_follow_up(actor, make_customer().pk)
    followups.close_follow_up(actor=actor_for(ben), follow_up_id=row.id, outcome="bought")

    with pytest.raises(Conflict, match="Ben"):
        followups.close_follow_up(actor=actor, follow_up_id=row.id, outcome="lost")

    row.refresh_from_db()
    assert row.outcome == "bought"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"why": "a\x00"}, "why"),
        ({"owner_id": uuid4()}, "owner_id"),
    ],
)
def test_nonsense_is_refused(actor: Actor, values: dict[str, Any], field: str) -> None:
    customer = make_customer()

    with pytest.raises(Invalid) as refused:
        make_follow_up(actor, customer.pk, **values)

    assert set(refused.value.problems) == {field}
    assert not FollowUp.objects.exists()


def test_outcome_must_be_one_of_them(actor: Actor) -> None:
    row = make_follow_up(actor, make_customer().pk)

    with pytest.raises(Invalid):
        followups.close_follow_up(actor=actor, follow_up_id=row.id, outcome="great")


def test_reader_closes_nothing_even_their_own(
    actor: Actor, ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    bens = actor_for(ben)
    row = make_follow_up(actor, make_customer().pk, owner_id=bens.member_id)
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        followups.close_follow_up(actor=actor_for(ben), follow_up_id=row.id, outcome="settled")


def test_what_is_not_there_is_not_found(actor: Actor) -> None:
    with pytest.raises(NotFound):
        followups.close_follow_up(actor=actor, follow_up_id=uuid4(), outcome="settled")


def test_change_moves_owner_and_day_and_is_told(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    customer = make_customer()
    row = make_follow_up(actor, customer.pk)

    followups.change_follow_up(actor=actor, follow_up_id=row.id, owner_id=actor_for(ben).member_id, due_on=LATE)
    nothing = followups.change_follow_up(actor=actor, follow_up_id=row.id, due_on=LATE)

    row.refresh_from_db()
    assert (row.owner_id, row.due_on, nothing) == (actor_for(ben).member_id, LATE, None)
    line = history(actor=actor, record_type="customer", ids=[customer.pk])[0]
    part = line.fields[0].part
    assert part
    assert part.describe(line.fields[0].after) == f"Ask how the bike rides, {LATE}"


def test_same_trip_opens_once(workspace: Workspace) -> None:
    customer = make_customer()

    first = followups.open_by_rule([opening(customer.pk, "gap:1"), opening(customer.pk, "gap:2")], by="Scorecard")
    second = followups.open_by_rule([opening(customer.pk, "gap:1"), opening(customer.pk, "gap:3")], by="Scorecard")

    assert (first, second) == ({"gap:1", "gap:2"}, {"gap:3"})
    assert FollowUp.objects.count() == 3


def test_worklist_shows_ones_own_the_longest_due_first(
    actor: Actor, ben: User, actor_for: Callable[[User], Actor], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    customer = make_customer()
    for n in range(9):
        make_follow_up(actor, customer.pk, f"Thing {n}", due_on=date(2026, 6, 30 - n))
    make_follow_up(actor, customer.pk, "Ben's", owner_id=actor_for(ben).member_id, due_on=LATE)

    with django_assert_max_num_queries(3):
        found = queries.own_worklist(actor)

    assert found
    assert [line.title for line in found.lines][:2] == ["Thing 8", "Thing 7"]
    assert found.number == 9
    late = queries.own_worklist(actor_for(ben))
    assert late
    assert late.lines[0].is_late


def test_pages_follow_each_other_without_gaps(actor: Actor) -> None:
    customer = make_customer()
    for n in range(7):
        make_follow_up(actor, customer.pk, f"Thing {n}", due_on=date(2026, 6, 10 + n // 2))
    seen: list[str] = []
    after = ""
    while True:
        page = queries.follow_ups(actor=actor, after=after, limit=3)
        seen += [line.title for line in page.lines]
        after = page.following
        if not after:
            break

    assert sorted(seen) == [f"Thing {n}" for n in range(7)]
    assert len(seen) == 7


def test_merged_customers_keep_what_waits_for_either(actor: Actor) -> None:
    one, other = make_customer("Marta Oliveira"), make_customer("M. Oliveira")
    make_follow_up(actor, other.pk)

    merge_customers(actor=actor, surviving_id=one.pk, absorbed_id=other.pk)

    assert [line.title for line in queries.of_customer(one)] == ["Ask how the bike rides"]
    (line,) = queries.follow_ups(actor=actor).lines
    assert line.customer_name == "Marta Oliveira"
