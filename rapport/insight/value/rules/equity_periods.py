"""Which earlier run a later one is compared with, which instants are worked back, and which runs keep their customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.utils.translation import pgettext_lazy


class Period(StrEnum):
    QUARTER = "quarter"
    YEAR = "year"
    THREE_YEARS = "three_years"


PERIOD_LABELS = {
    Period.QUARTER: pgettext_lazy("period", "Quarter"),
    Period.YEAR: pgettext_lazy("period", "Year"),
    Period.THREE_YEARS: pgettext_lazy("period", "3 years"),
}
MONTHS = {Period.QUARTER: 3, Period.YEAR: 12, Period.THREE_YEARS: 36}
OFF_BY_DAYS = {Period.QUARTER: 31, Period.YEAR: 40, Period.THREE_YEARS: 90}  # so far from the wanted day a run may be
WORKED_BACK_MONTHS = (*range(1, 13), 18, 24, 30, 36)
FEW_WORKED_BACK = (3, 12, 36)  # of large workspaces, where each instant costs minutes
LARGE = 200_000
KEPT_MONTHS = 37


@dataclass(frozen=True, slots=True)
class RunAt:
    id: UUID
    at: datetime


def months_before(at: datetime, months: int) -> datetime:
    """The first of the month so many months before, at midnight UTC."""
    there = at.astimezone(UTC)
    count = there.year * 12 + there.month - 1 - months
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def wanted_opening(at: datetime, period: Period) -> datetime:
    """The same day so many months before; the last of the month where it has no such day."""
    first = months_before(at, MONTHS[period])
    there = at.astimezone(UTC)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    last = (following - timedelta(days=1)).day
    return first.replace(day=min(there.day, last), hour=there.hour, minute=there.minute)


def opening_for(at: datetime, period: Period, runs: Iterable[RunAt]) -> RunAt | None:
    """The run nearest to the wanted day, or none that is near enough."""
    wanted = wanted_opening(at, period)
    reach = timedelta(days=OFF_BY_DAYS[period])
    near = [run for run in runs if run.at < at and abs(run.at - wanted) <= reach]
    return min(near, key=lambda run: (abs(run.at - wanted), run.at), default=None)


def ready_from(first: datetime, period: Period) -> date:
    """From when on a period can be shown, if the first run is of `first`."""
    count = first.year * 12 + first.month - 1 + MONTHS[period]
    day = min(first.day, 28)
    return date(count // 12, count % 12 + 1, day) - timedelta(days=OFF_BY_DAYS[period])


def instants_to_work_back(at: datetime, *, customers: int) -> list[datetime]:
    """The oldest first."""
    months = FEW_WORKED_BACK if customers > LARGE else WORKED_BACK_MONTHS
    found = {months_before(at, each) for each in months}
    return sorted(instant for instant in found if instant < at)


def runs_to_clear(runs: Sequence[RunAt], now: datetime) -> list[UUID]:
    """All but the newest run and the first of each month, for a little over three years."""
    ordered = sorted(runs, key=lambda run: run.at)
    oldest = months_before(now, KEPT_MONTHS)
    kept: set[UUID] = {ordered[-1].id} if ordered else set()
    months: set[tuple[int, int]] = set()
    for run in ordered:
        month = (run.at.year, run.at.month)
        if run.at >= oldest and month not in months:
            months.add(month)
            kept.add(run.id)
    return [run.id for run in ordered if run.id not in kept]
