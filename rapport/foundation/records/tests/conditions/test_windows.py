from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules.conditions import Between, Last, Span, windows
from rapport.foundation.records.tests.conditions.strategies import spans

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 9, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("span", "start"),
    [
        (Span(90, "minutes"), datetime(2026, 3, 31, 6, 0, tzinfo=UTC)),
        (Span(1, "days"), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),
        (Span(2, "weeks"), datetime(2026, 3, 16, 23, 0, tzinfo=UTC)),  # before summer time
        (Span(1, "months"), datetime(2026, 2, 27, 23, 0, tzinfo=UTC)),  # February has no 31st
        (Span(2, "years"), datetime(2024, 3, 30, 23, 0, tzinfo=UTC)),
    ],
)
def test_the_last_days_begin_at_local_midnight(span: Span, start: datetime) -> None:
    assert windows.last(span, NOW) == (start, NOW)


def test_the_coming_days_end_with_their_last_one() -> None:
    assert windows.coming(Span(1, "days"), NOW) == (NOW, datetime(2026, 4, 1, 22, 0, tzinfo=UTC))


def test_a_day_covers_its_local_day_and_a_minute_its_minute() -> None:
    assert windows.moment("2026-03-29", NOW) == (  # 23 hours
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    )
    assert windows.moment("2026-03-29T12:30Z", NOW) == (
        datetime(2026, 3, 29, 12, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 12, 31, tzinfo=UTC),
    )
    assert windows.moment("one day", NOW) is None


def test_a_window_includes_both_days_and_may_be_open() -> None:
    assert windows.span_of(Between("2026-01-01", "2026-01-31"), NOW) == (
        datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        datetime(2026, 1, 31, 23, 0, tzinfo=UTC),
    )
    assert windows.span_of(Between("", "2026-01-31"), NOW)[0] is None


@given(spans, st.datetimes(datetime(2, 1, 1), datetime(9990, 1, 1)))
def test_no_span_falls_out_of_the_calendar(span: Span, at: datetime) -> None:
    now = at.replace(tzinfo=UTC)

    start, end = windows.last(span, now)
    assert start <= end == now
    assert windows.span_of(Last(span), now)[0] == start
    assert windows.coming(span, now)[1] > now
