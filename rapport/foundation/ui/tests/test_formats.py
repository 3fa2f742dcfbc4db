from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from babel import dates
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.lib import clock
from rapport.foundation.ui import formats


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [
        ("en", "1234.5", "EUR", "€1,234.50"),
        ("en", "1234", "EUR", "€1,234"),
        ("en", "-12", "USD", "-US$12"),
        ("en", "-0.001", "EUR", "€0.00"),
        ("de", "1234.5", "EUR", "1.234,50\xa0€"),
        ("de", "1500", "JPY", "1.500\xa0¥"),
        ("fr", "1234.5", "EUR", "1\u202f234,50\xa0€"),
        ("en", "NaN", "EUR", "–"),
        ("tlh", "5", "EUR", "€5"),
    ],
)
def test_money(language: str, amount: str, currency: str, text: str) -> None:
    with translation.override(language):
        assert formats.money(Decimal(amount), currency) == text


def test_sums_of_millions_are_short() -> None:
    with translation.override("en"):
        assert formats.short_money(1_010_000, "EUR") == "€1.01M"
        assert formats.short_money(347_123, "EUR") == "€347,123"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=2))
def test_a_number_written_in_german_reads_back_as_itself(value: Decimal) -> None:
    with translation.override("de"):
        text = formats.number(value, 2)

    assert Decimal(text.replace(".", "").replace(",", ".")) == value


def test_a_year_shows_when_it_is_not_this_one() -> None:
    with clock.frozen(datetime(2026, 11, 19, 12, tzinfo=UTC)), translation.override("en"):
        assert formats.short_date(date(2026, 11, 18)) == "18 Nov"
        assert formats.short_date(date(2025, 11, 18)) == "18 Nov 2025"


def test_headings_of_days() -> None:
    with clock.frozen(datetime(2026, 11, 19, 12, tzinfo=UTC)), translation.override("en"):
        headings = [formats.day_heading(date(2026, 11, 19) - timedelta(days=days)) for days in (0, 1, 2)]

    assert headings == ["Today", "Yesterday", "Tuesday 17 November"]


def test_spans_have_a_direction() -> None:
    now = datetime(2026, 11, 19, 12, tzinfo=UTC)

    with clock.frozen(now), translation.override("de"):
        assert formats.ago(now - timedelta(hours=2)) == "vor 2 Stunden"
        assert formats.ago(now + timedelta(days=3)) == "in 3 Tagen"


@given(
    st.timedeltas(min_value=timedelta(days=-4000), max_value=timedelta(days=4000)), st.sampled_from(["en", "de", "ar"])
)
def test_spans_are_said_as_babel_says_them(span: timedelta, language: str) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    with translation.override(language), clock.frozen(now):
        if abs(span.total_seconds()) >= 46:
            assert formats.ago(now + span) == dates.format_timedelta(span, add_direction=True, locale=formats.locale())
