"""The scorecard from scores to the page, and from each number to its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import set_urlconf

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.records.models import SavedView
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.models import Role
from rapport.foundation.workspace.rules import BUILT_IN, policy_to_json
from rapport.foundation.workspace.types import Actor
from rapport.insight.scorecards.models import Line, PairLine
from rapport.insight.scorecards.queries.lines import live
from rapport.insight.scorecards.queries.page import Scorecard
from rapport.insight.scorecards.queries.page import scorecard as scorecard_page
from rapport.insight.scorecards.rules.lines import Dimension
from rapport.insight.scorecards.services.keeping import ask_for_refresh, keep
from rapport.insight.scorecards.tasks import keep_scorecard
from rapport.stores.customers.models import Customer, FollowUp, Score, ScoreSnapshot
from rapport.stores.customers.tests.factories import make_customer

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
URL = "/w/kestrel/insight/scorecard/"


@pytest.fixture(autouse=True)
def today(workspace: Workspace) -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def browser(ada: User, client_for: Callable[[User | None], Client]) -> Client:
    return client_for(ada)


def scorecard(*, actor: Actor, by: str = "") -> Scorecard:
    """As a request of the workspace's pages asks for it."""
    set_urlconf(settings.WORKSPACE_URLCONF)
    try:
        return scorecard_page(actor=actor, by=by)
    finally:
        set_urlconf(None)


def page(response: Any) -> str:
    assert response.status_code == 200
    return unescape(str(response.content.decode()))


def buyer(name: str, *, days: int, frequency: int, latency: float | None, value: int, **columns: Any) -> Customer:
    customer = make_customer(name, source=columns.pop("source", "Fair"))
    Customer.objects.filter(pk=customer.pk).update(phase="loyal", recruited_on=date(2026, 3, 3), **columns)
    Score.objects.create(
        customer_id=customer.pk, run_id=uuid4(), at=NOW, currency="EUR", lifetime_value=value, tier="gold", frequency=frequency,
        last_order_on=NOW.date() - timedelta(days=days), latency_days=latency, p_alive=Decimal("0.9"),
    )  # fmt: skip
    return Customer.objects.get(pk=customer.pk)


def crowd(**columns: Any) -> None:
    buyer("One", days=10, frequency=1, latency=20, value=100, **columns)
    buyer("Two", days=20, frequency=3, latency=40, value=300, **columns)
    buyer("Three", days=60, frequency=5, latency=None, value=50, **columns)
    make_customer("Prospect")


def test_four_numbers_are_those_of_the_scores(actor: Actor) -> None:
    crowd()

    (all_,) = live(actor, Dimension.ALL)

    assert (all_.customers, all_.buyers, all_.valued, all_.value) == (4, 3, 3, Decimal(450))
    assert (all_.recency_days, all_.frequency, all_.latency_days) == (20, 3, 30)
    assert all_.gap_ratio == 0.5


@pytest.mark.parametrize("dimension", list(Dimension))
def test_parts_add_up_to_the_whole(actor: Actor, dimension: Dimension) -> None:
    crowd()
    if dimension is Dimension.SEGMENT:
        SavedView.objects.create(
            page="customers", record_type="customer", name="Everyone", is_shared=True, condition={"all": []},
            member_id=actor.member_id,
        )  # fmt: skip

    found = live(actor, dimension)

    assert sum(part.customers for part in found) == 4
    assert sum(part.value for part in found) == 450


def test_keeping_twice_is_the_same(actor: Actor) -> None:
    crowd()
    keep()
    before = (set(Line.objects.values_list("dimension", "key", "customers", "value")), PairLine.objects.count())

    keep()

    after = (set(Line.objects.values_list("dimension", "key", "customers", "value")), PairLine.objects.count())
    assert before == after
    assert before[1] == 1


def test_change_is_that_since_the_month_before(actor: Actor) -> None:
    with clock.frozen(NOW - timedelta(days=35)):
        crowd()
        keep()
    Score.objects.filter(customer__name="One").update(lifetime_value=150)
    keep()

    found = scorecard(actor=actor)

    assert (found.before, found.period) == (date(2026, 5, 1), date(2026, 6, 1))
    assert found.whole
    delta = found.whole.changes["value"]
    assert delta
    assert (delta.by, delta.is_good) == (50, True)
    assert len(found.history) == 2


def test_each_number_leads_to_its_rows(browser: Client, actor: Actor) -> None:
    crowd()
    keep()

    for by in ("phase", "owner", "source", "tier", "segment"):
        found = scorecard(actor=actor, by=by)
        for line in found.lines:
            listed = browser.get(f"/w/kestrel{line.url.removeprefix('/w/kestrel')}")
            rows = page(listed).count('class="form-check-input r-pick"')
            assert rows == line.numbers.customers, (by, line.label)
    (pair,) = scorecard(actor=actor).pairs
    rows = page(browser.get(f"/w/kestrel{pair.url.removeprefix('/w/kestrel')}"))
    assert rows.count('class="form-check-input r-pick"') == pair.pair.handed_over == 3


def test_pair_tells_what_became_of_those_handed_over(actor: Actor) -> None:
    crowd(owner_id=actor.member_id)
    Customer.objects.filter(name="Three").update(phase="lapsed")
    for customer in Customer.objects.filter(name__in=["One", "Two"]):
        for period, value in ((date(2026, 2, 1), 1), (date(2026, 3, 1), 120), (date(2026, 4, 1), 999)):
            ScoreSnapshot.objects.create(customer_id=customer.pk, period=period, lifetime_value=value, tier="gold")

    keep()

    (shown,) = scorecard(actor=actor).pairs
    assert (shown.source, shown.owner) == ("Fair", "Ada")
    assert (shown.pair.handed_over, shown.pair.kept, shown.pair.valued) == (3, 2, 2)
    assert (shown.pair.value_then, shown.pair.value_now) == (240, 400)


def test_page_is_drawn_before_and_after_the_first_measuring(browser: Client) -> None:
    assert "Not worked out yet" in page(browser.get(URL))
    crowd()
    keep()

    shown = page(browser.get(URL, {"by": "tier"}))

    assert "Gold" in shown
    assert "Trip-wires" in shown
    assert "Since hand-over" in shown
    assert "first month that was measured" in shown
    for by in ("", "phase", "owner", "source", "segment", "nonsense", "\x00"):
        page(browser.get(URL, {"by": by}))


def test_number_of_queries_does_not_grow(browser: Client, django_assert_max_num_queries: Callable[..., Any]) -> None:
    for n in range(25):
        buyer(f"Customer {n}", days=n, frequency=1, latency=20, value=n, source=f"Source {n}")
    keep()
    browser.get(URL)  # entering is noted once

    with django_assert_max_num_queries(15):
        page(browser.get(URL, {"by": "source"}))


def test_who_sees_only_their_own_gets_only_theirs(
    ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    policy = policy_to_json(BUILT_IN["member"])
    policy["records"] = {"customer": {"actions": {"read": {"rows": "own"}}, "fields": {}}}
    Role.objects.create(key="own", name="Own", policy=policy)
    set_role(ben, "own")
    bens = actor_for(ben)
    crowd()
    Customer.objects.filter(name="Two").update(owner_id=bens.member_id)
    keep()

    found = scorecard(actor=bens)

    assert found.whole
    assert (found.whole.numbers.customers, found.whole.numbers.value) == (1, 300)
    assert (found.pairs, found.wires, found.period) == ((), (), None)


def test_who_may_not_see_values_sees_no_scorecard(
    ben: User, set_role: Callable[[User, str], None], client_for: Callable[[User | None], Client]
) -> None:
    policy = policy_to_json(BUILT_IN["member"])
    policy["records"] = {"customer": {"actions": {"read": {"rows": "all"}}, "fields": {"lifetime_value": "hidden"}}}
    Role.objects.create(key="blind", name="Blind", policy=policy)
    set_role(ben, "blind")

    assert client_for(ben).get(URL).status_code == 403


def test_refresh_is_for_those_who_see_everyone(
    actor: Actor, ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor], browser: Client
) -> None:
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        ask_for_refresh(actor=actor_for(ben))
    assert browser.post(f"{URL}refresh").status_code == 303


def test_wire_is_set_on_its_page(browser: Client) -> None:
    url = f"{URL}wires/silence"
    values = {"is_on": "on", "threshold": "120", "due_days": "5", "most_a_day": "3", "owner_id": ""}

    page(browser.get(url))
    assert browser.post(url, values).status_code == 303
    assert browser.post(url, {**values, "threshold": "1"}).status_code == 422
    assert browser.get(f"{URL}wires/nonsense").status_code == 404
    page(browser.get(f"{url}/customers"))


def test_those_over_a_wire_are_shown_and_listed(browser: Client, actor: Actor) -> None:
    customer = buyer("Quiet", days=10, frequency=3, latency=20, value=100)
    ScoreSnapshot.objects.create(customer_id=customer.pk, period=date(2026, 5, 1), lifetime_value=900, tier="gold")
    keep(currency="EUR")

    shown = page(browser.get(f"{URL}wires/value_falls/customers"))
    wire = next(each for each in scorecard(actor=actor).wires if each.rule.wire == "value_falls")
    listed = page(browser.get(f"/w/kestrel{wire.url.removeprefix('/w/kestrel')}"))

    assert "Lifetime value fell from €900 to €100." in shown
    assert wire.count.standing == listed.count('class="form-check-input r-pick"') == 1
    assert FollowUp.objects.count() == 1


def test_job_run_twice_opens_nothing_twice(workspace: Workspace) -> None:
    customer = buyer("Quiet", days=10, frequency=3, latency=20, value=100)
    ScoreSnapshot.objects.create(customer_id=customer.pk, period=date(2026, 5, 1), lifetime_value=900, tier="gold")

    for _ in range(2):
        keep_scorecard(schema=workspace.schema_name)
    keep_scorecard(schema="w_deadbeef")

    assert FollowUp.objects.count() == 1
