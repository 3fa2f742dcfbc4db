"""The run from the warehouse to scores on customers, on a workspace that bought."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db.models import Sum

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.insight.value.extension_points import ScoresWritten, after_scores, fit_deferrers
from rapport.insight.value.models import FitState, ModelFit
from rapport.insight.value.services import reading, refreshing
from rapport.insight.value.services.settings import change_settings
from rapport.insight.value.tests.simulated import bg_lives
from rapport.stores.customers.models import Customer, Score, ScoreSnapshot
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import CustomerRef, new_touchpoint
from rapport.stores.warehouse.services.writing import write

pytestmark = pytest.mark.django_db
LIVES = (1.2, 8.0, 0.8, 3.0)


@pytest.fixture(autouse=True)
def alone(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ScoresWritten]:
    """A warehouse of its own, no worker, and nobody listens but this list."""
    settings.WAREHOUSE_PATH = tmp_path / "warehouse"
    heard: list[ScoresWritten] = []
    monkeypatch.setattr(after_scores, "_items", {"test": heard.append})
    monkeypatch.setattr(fit_deferrers, "_items", {"worker": lambda: None})
    return heard


def shop(count: int, *, seed: int = 4) -> list[UUID]:
    """Customers with first purchases over two years, and what they bought since."""
    today = reading.today()
    lives = bg_lives(count, LIVES, seed=seed, ages=(20, 720))
    g = np.random.default_rng(seed)
    people = Customer.objects.bulk_create([Customer(name=f"Customer {n}") for n in range(count)])
    items = []
    for one, x, last, age in zip(people, *lives[:3], strict=True):
        first = today - timedelta(days=int(age))
        inner = g.choice(np.arange(1, int(last)), int(x) - 1, replace=False) if x > 1 else []
        scale = g.gamma(4.0, 20.0)
        items += [
            new_touchpoint(
                customer=CustomerRef(id=one.pk),
                channel="shop",
                kind="order_placed",
                occurred_at=datetime.combine(first + timedelta(days=int(day)), datetime.min.time(), UTC),
                amount=Decimal(str(round(float(g.gamma(5.0, scale / 5)) + 1, 2))),
                currency="EUR",
            )
            for day in [0, *inner, *([int(last)] if x else [])]
        ]
    for begin in range(0, len(items), 500):
        append(actor=SYSTEM, items=items[begin : begin + 500], source="test", batch_id=None)
    write()
    return [one.pk for one in people]


def test_a_run_puts_values_on_customers(workspace: Any, actor: Actor, alone: list[ScoresWritten]) -> None:
    ids = shop(260)

    row = refreshing.refresh()

    assert row is not None
    assert row.state == FitState.DONE, row.problem
    assert not row.reason, row.gates
    assert (row.buyers, row.scored, row.business) == (260, 260, "shop")
    assert row.model in {"bg_nbd", "mbg_nbd", "pareto_nbd"}
    assert {each["model"] for each in row.candidates} == {"bg_nbd", "mbg_nbd", "pareto_nbd"}
    assert len(row.calibration["tenths"]) == 10
    assert row.calibration["customers"] > 100
    assert set(Score.objects.values_list("customer_id", flat=True)) == set(ids)
    total = Score.objects.aggregate(total=Sum("lifetime_value"))["total"]
    assert total == row.total > 0
    assert row.total_low is not None
    assert row.total_high is not None
    assert row.total_low < total < row.total_high
    best = Score.objects.order_by("-lifetime_value").first()
    assert best is not None
    assert best.tier == "platinum"
    assert best.low is not None
    assert best.low <= best.lifetime_value <= best.high
    (said,) = alone
    assert said.run_id == row.pk
    assert len(said.totals) > 10


def test_the_same_data_give_the_same_answer(workspace: Any, actor: Actor) -> None:
    shop(150)
    one = refreshing.refresh()

    other = refreshing.refresh()

    assert one is not None
    assert other is not None
    assert (one.total, one.inputs_hash, one.parameters) == (other.total, other.inputs_hash, other.parameters)
    assert ModelFit.objects.filter(state=FitState.DONE).count() == 2


def test_values_of_an_earlier_day_are_told_by_the_parameters_of_today(
    workspace: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(150)
    then: list[Any] = []
    monkeypatch.setattr(
        after_scores,
        "_items",
        {
            "test": lambda said: then.extend(
                [list(said.values_at(clock.now() - timedelta(days=days))) for days in (0, 200)]
            )
        },
    )

    refreshing.refresh()

    now, earlier = then
    scores = dict(Score.objects.values_list("customer_id", "lifetime_value"))
    assert {one.customer_id: one.lifetime_value for one in now} == scores
    assert 0 < len(earlier) < len(now)


def test_too_little_is_said_and_nothing_is_made_up(workspace: Any, actor: Actor) -> None:
    shop(40)

    row = refreshing.refresh()

    assert row is not None
    assert row.state == FitState.DONE
    assert row.reason == "too_few_buyers"
    assert row.total is None
    (kept,) = Score.objects.values_list("reason", "lifetime_value", "tier").distinct()
    assert kept == ("too_few_buyers", None, "")
    assert Score.objects.filter(frequency__gt=0, last_order_on__isnull=False).exists()


def test_a_run_without_a_warehouse_says_so(workspace: Any, actor: Actor) -> None:
    row = refreshing.refresh()

    assert row is not None
    assert row.state == FitState.FAILED
    assert "warehouse" in row.problem


@pytest.mark.parametrize("where", ["shops.fit_shop", "score_rows.score_rows"])
def test_a_killed_run_leaves_the_last_good_one(
    workspace: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    shop(150)
    good = refreshing.refresh()
    before = list(Score.objects.order_by("customer_id").values_list("customer_id", "lifetime_value", "run_id"))

    def killed(*_: Any, **__: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(f"rapport.insight.value.services.{where}", killed)
        with pytest.raises(SystemExit):
            refreshing.refresh()

    assert list(Score.objects.order_by("customer_id").values_list("customer_id", "lifetime_value", "run_id")) == before
    assert good is not None
    row = refreshing.refresh()
    assert row is not None
    assert row.state == FitState.DONE
    states = list(ModelFit.objects.order_by("started_at").values_list("state", flat=True))
    assert states == [FitState.DONE, FitState.FAILED, FitState.DONE]


def test_cancelling_stops_at_the_next_step_and_keeps_the_scores(
    workspace: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(150)
    good = refreshing.refresh()
    row = refreshing.ask_for_refresh(actor=actor)
    read = reading.buyers

    def asked(*given: Any, **named: Any) -> Any:
        refreshing.cancel(actor=actor, fit_id=row.pk)
        return read(*given, **named)

    monkeypatch.setattr(reading, "buyers", asked)
    refreshing.refresh()

    row.refresh_from_db()
    assert row.state == FitState.CANCELLED
    assert good is not None
    assert set(Score.objects.values_list("run_id", flat=True)) == {good.pk}


def test_a_waiting_run_is_cancelled_at_once(workspace: Any, actor: Actor) -> None:
    row = refreshing.ask_for_refresh(actor=actor)

    refreshing.cancel(actor=actor, fit_id=row.pk)

    row.refresh_from_db()
    assert row.state == FitState.CANCELLED


def test_merges_and_erasures_in_the_middle_leave_one_score_each(
    workspace: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = shop(150)
    read = reading.buyers

    def meanwhile(*given: Any, **named: Any) -> Any:
        found = read(*given, **named)
        if not Customer.objects.filter(merged_into__isnull=False).exists():
            merge_customers(actor=actor, surviving_id=ids[0], absorbed_id=ids[1])
            Customer.objects.filter(pk=ids[2]).delete()
        return found

    monkeypatch.setattr(reading, "buyers", meanwhile)
    row = refreshing.refresh()

    assert row is not None
    assert row.state == FitState.DONE
    assert set(Score.objects.values_list("customer_id", flat=True)) == set(ids) - {ids[1], ids[2]}


def test_dates_in_the_future_count_nowhere_but_are_counted(workspace: Any, actor: Actor) -> None:
    ids = shop(150)
    later = new_touchpoint(
        customer=CustomerRef(id=ids[0]), channel="shop", kind="order_placed", amount=Decimal(10_000), currency="EUR",
        occurred_at=clock.now() + timedelta(hours=20),
    )  # fmt: skip
    append(actor=SYSTEM, items=[later], source="test", batch_id=None)
    write()

    row = refreshing.refresh()

    assert row is not None
    tomorrow = (clock.now() + timedelta(hours=20)).astimezone(UTC).date() > reading.today()
    assert row.settings["later"] == int(tomorrow)


def test_a_month_closes_with_the_scores_it_had(workspace: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(150)
    refreshing.refresh()
    old = datetime(2026, 9, 30, 23, 0, tzinfo=UTC)
    Score.objects.update(at=old)

    refreshing.refresh()

    assert set(ScoreSnapshot.objects.values_list("period", flat=True)) == {date(2026, 9, 1)}
    assert ScoreSnapshot.objects.count() == 150


def test_asking_twice_is_asking_once(workspace: Any, actor: Actor) -> None:
    assert refreshing.ask_for_refresh(actor=actor).pk == refreshing.ask_for_refresh(actor=actor).pk


def test_only_those_who_manage_the_workspace_start_and_set(workspace: Any, ben: Any, actor_for: Any) -> None:
    mate = actor_for(ben)

    with pytest.raises(NotAllowed):
        refreshing.ask_for_refresh(actor=mate)
    with pytest.raises(NotAllowed):
        change_settings(actor=mate, values={"horizon_months": 12})
    assert not ModelFit.objects.exists()


def test_a_shorter_horizon_is_worth_less(workspace: Any, actor: Actor) -> None:
    shop(150)
    long = refreshing.refresh()
    assert change_settings(actor=actor, values={"horizon_months": 6})
    assert not change_settings(actor=actor, values={"horizon_months": 6})

    short = refreshing.refresh()

    assert long is not None
    assert short is not None
    assert short.settings["horizon_months"] == 6
    assert short.total < long.total
