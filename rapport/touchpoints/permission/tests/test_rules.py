"""The rule by itself: whatever rows there are, nothing passes that was not granted, and merging never widens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.touchpoints.permission.rules.caps import Cap, Slot, free_at
from rapport.touchpoints.permission.rules.gate import House, Question, Row, decide
from rapport.touchpoints.permission.rules.quiet import EVERY_DAY, Quiet, next_quiet_at, quiet_until, zone_of
from rapport.touchpoints.permission.types import (
    Basis,
    Cause,
    Channel,
    PointKind,
    Purpose,
    PurposeKind,
    Reason,
    Status,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")
EMAIL = Channel(name="email", label="E-mail", by="by e-mail", icon="mail", point=PointKind.EMAIL)
SERVICE = Purpose(name="service", label="Service", kind=PurposeKind.SERVICE)
OFFERS = Purpose(name="offers", label="Offers", kind=PurposeKind.MARKETING)
ME, FORMER, STRANGER = (UUID(int=number) for number in (1, 2, 3))
HERE, THERE = UUID(int=11), UUID(int=12)

rows = st.builds(
    Row,
    id=st.uuids(),
    at=st.integers(-60, 5).map(lambda hours: NOON + hours * HOUR),
    status=st.sampled_from([status for status in Status.values if status != Status.RETRACTED]),
    customer_id=st.sampled_from([ME, FORMER, STRANGER]),
    point_key=st.sampled_from([None, HERE, THERE]),
    channel=st.sampled_from(["", "email", "sms"]),
    purpose=st.sampled_from(["", "offers", "service", "tips"]),
    basis=st.sampled_from(Basis.values),
    cause=st.sampled_from(["", *Cause.values]),
    expires_at=st.one_of(st.none(), st.integers(-30, 30).map(lambda hours: NOON + hours * HOUR)),
    limit_days=st.sampled_from([None, 1, 7]),
)
ledgers = st.lists(rows, max_size=8)


def question(**values: Any) -> Question:
    asked = Question(purpose=OFFERS, channel=EMAIL, at=NOON, ids=frozenset([ME]), point_key=HERE, zone=UTC_ZONE)
    return replace(asked, **values)


@given(ledgers, st.sampled_from([OFFERS, SERVICE]), st.sampled_from([None, NOON - 20 * HOUR]))
def test_nothing_passes_without_a_grant_that_stands(
    ledger: list[Row], purpose: Purpose, merged_at: datetime | None
) -> None:
    verdict = decide(question(purpose=purpose, ids=frozenset([ME, FORMER]), merged_at=merged_at), ledger, [], House())

    if verdict.allowed:
        (grant,) = [row for row in ledger if row.id == verdict.evidence_id]
        assert grant.status == Status.GRANTED
        assert grant.customer_id in (ME, FORMER)
        assert grant.purpose in ({"offers", ""} if purpose is OFFERS else {"service"})
        assert grant.channel in ("", "email")
        assert grant.point_key in (None, HERE)
        assert grant.at <= NOON
        assert grant.expires_at is None or grant.expires_at > NOON


@given(ledgers)
def test_what_does_not_arrive_is_not_sent_whatever_it_is_for(ledger: list[Row]) -> None:
    bounce = Row(id=UUID(int=99), at=NOON, status=Status.STOPPED, cause=Cause.BOUNCE, point_key=HERE)
    lifts = [row for row in ledger if row.status == Status.LIFTED]

    for purpose in (OFFERS, SERVICE):
        verdict = decide(question(purpose=purpose), [bounce, *(r for r in ledger if r not in lifts)], [], House())

        assert verdict.reason is Reason.BOUNCED


@given(ledgers)
def test_merging_never_widens(ledger: list[Row]) -> None:
    """What is allowed right after a merge was allowed to one of the two, and forbidden to none."""
    ledger = [row for row in ledger if row.at < NOON - HOUR]
    merged = decide(question(ids=frozenset([ME, FORMER]), merged_at=NOON - HOUR), ledger, [], House())

    apart = [decide(question(ids=frozenset([one])), ledger, [], House()) for one in (ME, FORMER)]

    if merged.allowed:
        assert any(each.allowed for each in apart)
        # What one of them never was asked is no refusal; anything else is.
        assert all(each.reason in (Reason.GRANTED, Reason.NOT_ASKED, Reason.PENDING) for each in apart)


@given(ledgers, st.permutations(range(8)))
def test_order_of_rows_does_not_matter(ledger: list[Row], order: list[int]) -> None:
    shuffled = [ledger[place] for place in order if place < len(ledger)]

    assert decide(question(), ledger, [], House()) == decide(question(), shuffled, [], House())


@given(
    st.lists(st.integers(-400, 400), max_size=12),
    st.integers(1, 4),
    st.sampled_from([1, 24, 168]),
)
def test_no_window_ever_holds_more_than_the_cap(starts: list[int], most: int, hours: int) -> None:
    """Permits are asked for in any order and at any time, future ones included; each takes the first free instant."""
    cap = Cap("", "", most, hours)
    slots: list[Slot] = []

    for start in starts:
        at = free_at(cap, slots, NOON + start * HOUR)
        slots.append(Slot(at, "offers", "email", is_service=False))

    for last in slots:
        assert sum(last.at - cap.window < one.at <= last.at for one in slots) <= most


@given(st.lists(st.integers(0, 400), max_size=12), st.integers(1, 4))
def test_cap_never_makes_anybody_wait_without_need(starts: list[int], most: int) -> None:
    cap = Cap("", "", most, 24)
    slots = [Slot(NOON - start * HOUR, "offers", "email", is_service=False) for start in starts]
    recent = sum(start < 24 for start in starts)

    assert (free_at(cap, slots, NOON) == NOON) == (recent < most)


def test_cap_counts_what_it_is_for() -> None:
    sms_offers = Cap("offers", "sms", 1, 24)

    assert sms_offers.counts(Slot(NOON, "offers", "sms", is_service=False))
    assert not sms_offers.counts(Slot(NOON, "tips", "sms", is_service=False))
    assert not sms_offers.counts(Slot(NOON, "offers", "email", is_service=False))
    assert not Cap("", "", 1, 24).counts(Slot(NOON, "service", "sms", is_service=True))
    assert Cap("service", "", 1, 24).counts(Slot(NOON, "service", "sms", is_service=True))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-20T20:59+01:00", None),
        ("2026-11-20T21:00+01:00", "2026-11-21T08:00+01:00"),
        ("2026-11-21T07:59+01:00", "2026-11-21T08:00+01:00"),
        ("2026-11-21T08:00+01:00", None),
        ("2026-11-21T23:00+01:00", "2026-11-23T08:00+01:00"),  # a Saturday night, and a Sunday that is quiet all day
        ("2026-03-29T00:30+01:00", "2026-03-30T08:00+02:00"),  # the night in which the clock goes forward
    ],
)
def test_quiet_hours_pass_midnight_sundays_and_the_change_of_the_clock(at: str, until: str | None) -> None:
    night = Quiet("", 21 * 60, 8 * 60)
    sunday = Quiet("", 0, 0, frozenset([6]))

    found = quiet_until(datetime.fromisoformat(at).astimezone(UTC), ZoneInfo("Europe/Amsterdam"), [night, sunday])

    assert found == (datetime.fromisoformat(until).astimezone(UTC) if until else None)


def test_quiet_that_never_ends_comes_to_an_end_in_the_rule() -> None:
    assert quiet_until(NOON, UTC_ZONE, [Quiet("", 0, 0, EVERY_DAY)]) is not None


def test_next_quiet_period_is_told() -> None:
    night = Quiet("", 21 * 60, 8 * 60)

    assert next_quiet_at(NOON, UTC_ZONE, [night]) == NOON.replace(hour=21)
    assert next_quiet_at(NOON, UTC_ZONE, []) is None


@pytest.mark.parametrize(
    ("timezone", "country", "house", "zone"),
    [
        ("Asia/Tokyo", "NL", "Europe/Berlin", "Asia/Tokyo"),
        ("", "nl", "Europe/Berlin", "Europe/Amsterdam"),
        ("", "US", "Europe/Berlin", "Europe/Berlin"),
        ("Mars/Olympus", "", "Europe/Berlin", "Europe/Berlin"),
        ("../../etc/passwd", "", "nowhere", "UTC"),
    ],
)
def test_zone_is_the_customers_else_the_countrys_else_the_houses(
    timezone: str, country: str, house: str, zone: str
) -> None:
    assert zone_of(timezone, country, house).key == zone
