"""The life of a customer, from evidence alone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.stores.customers.rules.phases import ByHand, Life, PhaseRules, life, rhythm, spans
from rapport.stores.customers.types import Cause, Evidence, Phase

KNOWN = datetime(2024, 1, 1, 9, tzinfo=UTC)
RULES = PhaseRules(
    risk_factor=Decimal(2),
    lapse_factor=Decimal(4),
    least_gaps=3,
    least_days=20,
    risk_days=100,
    lapse_days=200,
    growing_days=90,
)
PROSPECT, ONBOARDING, LOYAL, GROWING = Phase.PROSPECT, Phase.ONBOARDING, Phase.LOYAL, Phase.GROWING
AT_RISK, LAPSED, WON_BACK, ENDED = Phase.AT_RISK, Phase.LAPSED, Phase.WON_BACK, Phase.ENDED


def at(day: float) -> datetime:
    return KNOWN + timedelta(days=day)


def evidence(day: float, kind: str = "order_placed", *products: str, reference: str = "", n: int = 0) -> Evidence:
    return Evidence(
        id=UUID(int=int((day + 1000) * 1000) * 100 + n),
        at=at(day),
        kind=kind,
        channel="web",
        products=products,
        reference=reference,
    )


def by_hand(phase: Phase, since: float, decided: float | None = None, n: int = 0) -> ByHand:
    decided_at = at(since if decided is None else decided)
    return ByHand(id=UUID(int=n), phase=phase, since=at(since), decided_at=decided_at, reason="told us", by="Ada")


def told(*events: Evidence, day: float, hands: tuple[ByHand, ...] = (), rules: PhaseRules = RULES) -> Life:
    return life(events, hands, known_since=KNOWN, rules=rules, now=at(day))


def path(found: Life) -> list[tuple[Phase, float]]:
    return [(step.phase, (step.since - KNOWN).total_seconds() / 86_400) for step in found.steps]


def test_without_evidence_somebody_is_a_prospect_since_they_are_known() -> None:
    found = told(day=400)

    assert path(found) == [(PROSPECT, 0)]
    assert found.next_change_at is None
    assert found.recruited_at is None


def test_first_purchase_recruits() -> None:
    found = told(evidence(10, "order_placed", "Bikes"), day=20)

    assert path(found) == [(PROSPECT, 0), (ONBOARDING, 10)]
    assert (found.recruited_at, found.recruited_through) == (at(10), "web")
    assert found.first_products == ("Bikes",)
    assert found.next_change_at == at(110)


def test_purchase_from_before_somebody_was_written_down_begins_their_history() -> None:
    found = told(evidence(-30), day=1)

    assert path(found) == [(ONBOARDING, -30)]


def test_second_purchase_retains_and_something_new_extends() -> None:
    events = (
        evidence(10, "order_placed", "Bikes"),
        evidence(40, "order_placed", "Bikes"),
        evidence(60, "order_placed", "Locks"),
    )

    found = told(*events, day=70)

    assert path(found) == [(PROSPECT, 0), (ONBOARDING, 10), (LOYAL, 40), (GROWING, 60)]
    assert found.extensions == (("Locks", at(60)),)
    assert found.steps[-1].reason == "Locks"


def test_growing_ends_when_nothing_new_is_bought_for_long_enough() -> None:
    days = (0.5, 20, 40, 60, 80, 100, 120, 140)
    events = [evidence(day, "order_placed", "Locks" if day == 20 else "Bikes") for day in days]

    found = told(*events, day=141)

    assert path(found)[-2:] == [(GROWING, 20), (LOYAL, 110)]


def test_without_a_rhythm_days_decide() -> None:
    found = told(evidence(10), day=1000)

    assert path(found) == [(PROSPECT, 0), (ONBOARDING, 10), (AT_RISK, 110), (LAPSED, 210)]
    assert found.lapsed == (at(210),)
    assert found.spells == ((at(10), at(210)),)
    assert found.next_change_at is None


def test_own_rhythm_decides_once_it_is_known() -> None:
    events = [evidence(day) for day in (0.5, 30.5, 60.5, 90.5)]

    found = told(*events, day=1000)

    assert path(found)[-2:] == [(AT_RISK, 150.5), (LAPSED, 210.5)]
    assert found.median_gap_days == 30


def test_nobody_lapses_before_the_least_days() -> None:
    assert spans([1, 1, 1], RULES) == (timedelta(days=10), timedelta(days=20))


def test_purchase_after_a_lapse_wins_back_and_begins_a_new_spell() -> None:
    found = told(evidence(10), evidence(300), evidence(310), day=320)

    assert path(found)[3:] == [(LAPSED, 210), (WON_BACK, 300), (LOYAL, 310)]
    assert found.regained == (at(300),)
    assert found.spells == ((at(10), at(210)), (at(300), None))


def test_purchase_at_risk_is_no_return() -> None:
    found = told(evidence(10), evidence(150), day=160)

    assert path(found)[2:] == [(AT_RISK, 110), (LOYAL, 150)]
    assert found.regained == ()


def test_ending_holds_until_the_next_purchase() -> None:
    ended = told(evidence(10), evidence(50, "account_closed"), day=900)
    back = told(evidence(10), evidence(50, "account_closed"), evidence(901), day=902)

    assert path(ended)[-1] == (ENDED, 50)
    assert (ended.ended_at, ended.next_change_at) == (at(50), None)
    assert ended.steps[-1].reason == "account_closed"
    assert path(back)[-1] == (WON_BACK, 901)
    assert back.ended_at is None


def test_orders_of_one_day_are_one_decision_to_buy() -> None:
    found = told(evidence(10.1, "order_placed", "Bikes"), evidence(10.2, "order_placed", "Locks"), day=20)

    assert path(found)[-1] == (ONBOARDING, 10.1)
    assert (found.occasions, found.first_products, found.extensions) == (1, ("Bikes", "Locks"), ())


def test_order_told_twice_counts_once_and_a_cancelled_one_never() -> None:
    twice = (evidence(10, reference="K-1"), evidence(12, reference="K-1"))
    cancelled = (evidence(10, reference="K-1"), evidence(14, "order_cancelled", reference="K-1"))

    assert told(*twice, day=20).occasions == 1
    assert path(told(*cancelled, day=20)) == [(PROSPECT, 0)]


def test_what_is_still_to_come_waits() -> None:
    found = told(evidence(10), day=9.5)

    assert path(found) == [(PROSPECT, 0)]
    assert found.next_change_at == at(10)


# By hand


def test_phase_set_by_hand_does_not_lapse_by_itself() -> None:
    found = told(evidence(10), day=1000, hands=(by_hand(LOYAL, 20),))

    assert path(found)[-1] == (LOYAL, 20)
    assert (found.steps[-1].cause, found.steps[-1].by, found.next_change_at) == (Cause.BY_HAND, "Ada", None)


def test_evidence_from_after_the_decision_ends_what_was_set() -> None:
    found = told(evidence(10), evidence(40), day=50, hands=(by_hand(ENDED, 20),))

    assert path(found)[-2:] == [(ENDED, 20), (WON_BACK, 40)]


def test_old_evidence_does_not_end_what_was_set() -> None:
    """It was set for the time since day 20, knowing what was known on day 60."""
    found = told(evidence(10), evidence(40), day=70, hands=(by_hand(LAPSED, 20, decided=60),))

    assert path(found)[-1] == (LAPSED, 20)
    assert found.occasions == 2


def test_later_decision_takes_the_place_of_an_earlier_one() -> None:
    found = told(day=70, hands=(by_hand(LOYAL, 20, 30, n=1), by_hand(ENDED, 10, 40, n=2)))

    assert path(found) == [(PROSPECT, 0), (ENDED, 10)]


# What holds for every life

KINDS = ("order_placed", "subscription_renewed", "account_closed", "order_cancelled", "page_viewed")
DAYS = st.integers(min_value=-900, max_value=900).map(lambda n: n / 2)
EVENTS = st.lists(
    st.tuples(
        DAYS, st.sampled_from(KINDS), st.sampled_from(("", "K-1", "K-2")), st.lists(st.sampled_from("ABC"), max_size=2)
    ),
    max_size=14,
).map(
    lambda rows: [
        evidence(day, kind, *products, reference=reference, n=n)
        for n, (day, kind, reference, products) in enumerate(rows)
    ]
)
HANDS = st.lists(st.tuples(st.sampled_from(list(Phase)), DAYS, st.integers(0, 200)), max_size=3).map(
    lambda rows: tuple(by_hand(phase, since, since + later, n) for n, (phase, since, later) in enumerate(rows))
)
PURCHASES = st.lists(DAYS, max_size=10).map(lambda days: [evidence(day, n=n) for n, day in enumerate(days)])


@given(events=EVENTS, hands=HANDS, seed=st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(
    events: list[Evidence], hands: tuple[ByHand, ...], seed: random.Random
) -> None:
    shuffled, hands_shuffled = list(events), list(hands)
    seed.shuffle(shuffled)
    seed.shuffle(hands_shuffled)

    assert told(*events, day=460, hands=hands) == told(*shuffled, day=460, hands=tuple(hands_shuffled))


@given(events=EVENTS, hands=HANDS, day=st.integers(0, 500))
def test_history_has_no_gaps_and_ends_today(events: list[Evidence], hands: tuple[ByHand, ...], day: int) -> None:
    found = told(*events, day=day, hands=hands)

    assert found.steps[-1].until is None
    assert all(step.until == following.since for step, following in zip(found.steps, found.steps[1:], strict=False))
    assert all(step.until is None or step.since < step.until for step in found.steps)
    assert all(step.since <= at(day) for step in found.steps)
    assert found.next_change_at is None or found.next_change_at > at(day)


@given(events=EVENTS, hands=HANDS)
def test_spells_follow_each_other(events: list[Evidence], hands: tuple[ByHand, ...]) -> None:
    found = told(*events, day=460, hands=hands)

    ends = [end for _start, end in found.spells[:-1]]
    assert None not in ends
    assert all(start <= (end or at(460)) for start, end in found.spells)
    assert all(end <= start for end, (start, _end) in zip(ends, found.spells[1:], strict=True) if end)
    active = found.phase in (ONBOARDING, LOYAL, GROWING, AT_RISK, WON_BACK)
    assert active == bool(found.spells and found.spells[-1][1] is None)


@given(events=EVENTS, hands=HANDS, day=st.integers(0, 400))
def test_telling_later_only_adds(events: list[Evidence], hands: tuple[ByHand, ...], day: int) -> None:
    """Until the next change is due, nothing changes; what was told before that stays true."""
    known = tuple(one for one in hands if one.decided_at <= at(day))
    past = [one for one in events if one.at <= at(day)]
    now, later = told(*past, day=day, hands=known), told(*past, day=day + 60, hands=known)

    if now.next_change_at is None or now.next_change_at > at(day + 60):
        assert now.steps == later.steps
    else:
        assert later.steps[: len(now.steps) - 1] == now.steps[:-1]
        assert len(later.steps) > len(now.steps)


@given(known=PURCHASES, old=PURCHASES)
def test_import_of_old_purchases_never_moves_anybody_backwards(known: list[Evidence], old: list[Evidence]) -> None:
    """From customer to prospect, from one who came back to a first-time buyer; nor is anything bought forgotten."""
    before, after = told(*known, day=500), told(*known, *old, day=500)

    assert not (before.phase is not PROSPECT and after.phase is PROSPECT)
    if before.occasions > 1:
        assert after.phase is not ONBOARDING
    assert after.occasions >= before.occasions
    assert before.recruited_at is None or (after.recruited_at is not None and after.recruited_at <= before.recruited_at)
    assert before.last_at is None or (after.last_at is not None and after.last_at >= before.last_at)


@given(events=EVENTS, set_on=st.integers(0, 400), phase=st.sampled_from(list(Phase)))
def test_import_of_old_evidence_leaves_what_was_set_by_hand(events: list[Evidence], set_on: int, phase: Phase) -> None:
    old = [one for one in events if one.at <= at(set_on)]

    assert told(*old, day=460, hands=(by_hand(phase, set_on),)).phase is phase


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([], (None, None)),
        ([10], (10, None)),
        ([10, 20, 30], (20, None)),
        ([10, 20, 30, 40], (25, 15)),
        ([7, 7, 7, 7, 7], (7, 0)),
    ],
)
def test_rhythm_is_the_median_and_the_range_between_quartiles(
    gaps: list[float], expected: tuple[float | None, float | None]
) -> None:
    assert rhythm(gaps) == expected


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (PhaseRules(purchase_kinds=()), "purchase_kinds"),
        (PhaseRules(ended_kinds=("order_placed",)), "ended_kinds"),
        (PhaseRules(lapse_factor=Decimal(1)), "lapse_factor"),
        (PhaseRules(lapse_days=10), "lapse_days"),
    ],
)
def test_rules_that_contradict_each_other_are_named(rules: PhaseRules, field: str) -> None:
    assert field in rules.problems()
    assert PhaseRules().problems() == {}
