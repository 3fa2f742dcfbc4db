from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from rapport.foundation.records.queries.saved_views import SavedView
from rapport.insight.value.extension_points import ValueThen
from rapport.insight.value.models import (
    EquityComparison,
    EquityEntry,
    EquityPosition,
    EquityReport,
    EquityRun,
    EquityView,
)
from rapport.insight.value.services import equity
from rapport.insight.value.tests.equity.factories import NOW, make_customer, run, score
from rapport.stores.customers.models import Customer, CustomerAlias, Lifecycle

YEAR_AGO = NOW - timedelta(days=365)

pytestmark = pytest.mark.usefixtures("workspace")


def parts(period: str = "year") -> dict[str, int]:
    comparison = EquityComparison.objects.get(period=period)
    rows = EquityEntry.objects.filter(comparison_id=comparison.pk).values_list("part").annotate(cents=Sum("cents"))
    assert comparison.opening + sum(cents for _, cents in rows) == comparison.closing
    return dict(rows)


def report(view_id: Any = None) -> EquityReport:
    return EquityReport.objects.filter(run__is_worked_back=False, view_id=view_id).order_by("-run__at")[:1].get()


def test_equity_now_is_the_sum_of_all_lifetime_values() -> None:
    anna, bela = make_customer("Anna"), make_customer("Bela")

    run([score(anna, "100.25"), score(bela, "49.50", tier="silver")], totals=["140", "150", "160"])

    found = report()
    assert (found.customers, found.value) == (2, 14975)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 14975 < found.high
    assert found.figures["tier"] == [["gold", 1, 10025], ["silver", 1, 4950]]
    assert [row[:3] for row in found.figures["tenths"]] == [[1, 1, 10025], [2, 1, 4950]]


def test_the_change_of_a_year_falls_into_parts_to_the_cent() -> None:
    kept, lost, weaker, new, gone = (make_customer(name) for name in ("Kept", "Lost", "Weaker", "New", "Gone"))
    Lifecycle.objects.filter(customer_id=new.pk).update(recruited_at=NOW - timedelta(days=30))
    run([score(kept, "100.01"), score(lost, "80"), score(weaker, "60.10"), score(gone, "5.55")], at=YEAR_AGO)
    Lifecycle.objects.filter(customer_id=lost.pk).update(phase="lapsed")
    Customer.objects.filter(pk=gone.pk).update(deleted_at=NOW)

    run([score(kept, "130.02", frequency=3), score(lost, "3"), score(weaker, "50.07"), score(new, "41", frequency=0)])

    assert parts() == {"kept": 3001, "lost": -7700, "weaker": -1003, "recruited": 4100, "erased": -555}
    told = report().figures["periods"]["year"]
    assert (told["opening"], told["closing"]) == (24566, 22409)
    assert told["opening"] + sum(cents for _, cents, _ in told["parts"]) == told["closing"]


def test_new_parameters_are_told_by_valuing_the_past_again() -> None:
    anna = make_customer("Anna")
    run([score(anna, "100")], at=YEAR_AGO, model_key="old")

    def values_at(at: datetime) -> Iterator[ValueThen]:
        if at == YEAR_AGO:
            yield ValueThen(anna.pk, Decimal("120.005"), 0.9, 3)

    run([score(anna, "90")], model_key="new", values_at=values_at)

    assert parts() == {"re_estimate": 2000, "weaker": -3000}
    assert EquityComparison.objects.get(period="year").is_restated


def test_two_customers_who_became_one_are_a_merge() -> None:
    anna, twin = make_customer("Anna"), make_customer("Ana")
    run([score(anna, "100"), score(twin, "30")], at=YEAR_AGO)
    CustomerAlias.objects.create(absorbed_id=twin.pk, surviving_id=anna.pk, reason="merged")
    Customer.objects.filter(pk=twin.pk).update(merged_into=anna.pk)

    run([score(anna, "118", frequency=5)])

    assert parts() == {"merged": -1200}


def test_the_first_run_works_the_past_back_and_says_so() -> None:
    anna = make_customer("Anna", recruited_at=datetime(2025, 1, 10, tzinfo=UTC))

    def values_at(at: datetime) -> Iterator[ValueThen]:
        if at > datetime(2025, 1, 10, tzinfo=UTC):
            yield ValueThen(anna.pk, Decimal(50), 0.8, 1)

    run([score(anna, "70")], values_at=values_at)

    back = EquityRun.objects.filter(is_worked_back=True).order_by("at")
    assert back[0].at == datetime(2025, 5, 1, tzinfo=UTC)
    assert back.count() == 13
    assert parts("quarter") == {"kept": 2000}
    told = report().figures["periods"]
    assert told["quarter"]["is_worked_back"] is True
    assert "ready_from" in told["three_years"]


def test_what_was_worked_back_is_told_anew_with_each_run() -> None:
    anna = make_customer("Anna", recruited_at=datetime(2025, 1, 10, tzinfo=UTC))
    known = {"value": Decimal(50)}

    def values_at(at: datetime) -> Iterator[ValueThen]:
        if at > datetime(2025, 1, 10, tzinfo=UTC):
            yield ValueThen(anna.pk, known["value"], 0.8, 1)

    run([score(anna, "70")], at=NOW - timedelta(days=1), values_at=values_at)
    known["value"] = Decimal(60)

    run([score(anna, "70")], values_at=values_at)

    assert set(EquityReport.objects.filter(run__is_worked_back=True).values_list("value", flat=True)) == {6000}
    assert EquityRun.objects.filter(is_worked_back=True).count() == 13
    assert parts("quarter") == {"kept": 1000}


def test_without_values_the_last_good_run_stays() -> None:
    anna = make_customer("Anna")
    run([score(anna, "100")], at=YEAR_AGO)

    run([score(anna, None)])

    assert EquityRun.objects.get().at == YEAR_AGO


def test_a_run_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = make_customer("Anna")
    run([score(anna, "100")], at=YEAR_AGO)
    monkeypatch.setattr(equity, "_report", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        run([score(anna, "110")])

    assert EquityRun.objects.get().at == YEAR_AGO
    assert set(EquityPosition.objects.values_list("value", flat=True)) == {10000}


def test_running_twice_changes_nothing() -> None:
    anna = make_customer("Anna")
    rows = [score(anna, "100")]

    run(rows)
    run(rows)

    assert EquityRun.objects.count() == 1
    assert EquityPosition.objects.count() == 1


def test_a_segment_has_its_own_report_that_ties_out(actor: Any) -> None:
    anna, bela = make_customer("Anna", city="Utrecht"), make_customer("Bela", city="Gent")
    view = SavedView.objects.create(
        page="customers",
        record_type="customer",
        name="Utrecht",
        member_id=actor.member_id,
        is_shared=True,
        condition={"field": "city", "op": "is", "value": "Utrecht"},
    )
    run([score(anna, "100"), score(bela, "70")], at=YEAR_AGO)
    EquityView.objects.create(view_id=view.pk)

    run([score(anna, "90"), score(bela, "75", frequency=3)], totals=["150", "165", "180"])

    found = report(view.pk)
    assert (found.customers, found.value) == (1, 9000)
    told = found.figures["periods"]["year"]
    assert (told["opening"], told["closing"], told["parts"]) == (10000, 9000, [["weaker", -1000, 1]])


def test_cohorts_show_who_is_still_a_customer() -> None:
    recruited = datetime(2026, 2, 10, tzinfo=UTC)
    stayed = [make_customer(f"S{n}", recruited_at=recruited) for n in range(30)]
    left = recruited + timedelta(days=120)
    gone = [
        make_customer(f"G{n}", recruited_at=recruited, phases=[("loyal", recruited, left), ("lapsed", left, None)])
        for n in range(30)
    ]

    run([score(each, "10") for each in (*stayed, *gone)])

    cohorts = report().figures["cohorts"]
    assert cohorts["unit"] == "month"
    assert cohorts["rows"] == [["2026-02", 60, 60000, [1.0, 1.0, 1.0, 0.5, None, None]]]


def test_positions_that_nothing_is_compared_with_are_cleared_and_their_sums_stay() -> None:
    anna = make_customer("Anna")
    for day in (1, 2, 3):
        run([score(anna, "100")], at=NOW.replace(day=day))

    cleared = equity.clear_positions()

    assert cleared == 0
    assert EquityRun.objects.filter(has_positions=True).count() == 2
    assert EquityReport.objects.filter(value=10000).count() == 3
