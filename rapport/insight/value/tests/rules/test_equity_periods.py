from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.insight.value.rules.equity_periods import (
    MONTHS,
    Period,
    RunAt,
    instants_to_work_back,
    months_before,
    opening_for,
    ready_from,
    runs_to_clear,
    wanted_opening,
)

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
instants = st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def at(*day: int) -> RunAt:
    return RunAt(uuid4(), datetime(*day, tzinfo=UTC))  # type: ignore[arg-type]  # year, month and day


def test_the_nearest_run_opens_a_period() -> None:
    near, far = at(2025, 11, 20), at(2025, 11, 1)

    assert opening_for(NOW, Period.YEAR, [far, near, at(2026, 11, 1)]) == near
    assert opening_for(NOW, Period.QUARTER, [far, near]) is None


def test_a_day_that_a_month_does_not_have_is_its_last() -> None:
    assert wanted_opening(datetime(2026, 5, 31, tzinfo=UTC), Period.QUARTER).date() == date(2026, 2, 28)


def test_large_workspaces_work_back_only_what_periods_open_with() -> None:
    assert len(instants_to_work_back(NOW, customers=2_000)) == 16
    assert [each.date() for each in instants_to_work_back(NOW, customers=1_000_000)] == [
        date(2023, 11, 1), date(2025, 11, 1), date(2026, 8, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("period", list(Period))
@given(instant=instants)
def test_what_is_worked_back_opens_every_period(period: Period, instant: datetime) -> None:
    runs = [RunAt(uuid4(), each) for each in instants_to_work_back(instant, customers=10**6)]

    found = opening_for(instant, period, runs)

    assert found is not None
    assert found.at <= instant


@given(instants, st.sampled_from(list(MONTHS.values())))
def test_months_before_is_the_first_of_a_month(instant: datetime, months: int) -> None:
    first = months_before(instant, months)

    assert first.day == 1
    assert (instant.year - first.year) * 12 + instant.month - first.month == months


def test_a_period_is_ready_when_it_has_an_opening() -> None:
    assert ready_from(datetime(2026, 11, 3, tzinfo=UTC), Period.QUARTER) == date(2027, 1, 3)


@given(st.lists(instants, max_size=40, unique=True))
def test_the_newest_run_and_the_first_of_each_month_are_kept(found: list[datetime]) -> None:
    runs = [RunAt(uuid4(), each) for each in found]
    now = max(found, default=NOW) + timedelta(hours=1)

    cleared = set(runs_to_clear(runs, now))

    kept = [run for run in runs if run.id not in cleared]
    if runs:
        assert max(runs, key=lambda run: run.at) in kept
    months = [(run.at.year, run.at.month) for run in kept]
    assert all(months.count(month) <= 2 for month in months)
