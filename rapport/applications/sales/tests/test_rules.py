"""Which moves are allowed, and how deals age: pure rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.applications.sales.rules.ageing import Age, age, quiet_from, usual_gap
from rapport.applications.sales.rules.presets import preset
from rapport.applications.sales.rules.stages import Pipeline, Pipelines, Stage, Standing, move_refused, refusals
from rapport.applications.sales.rules.worth import worth
from rapport.applications.sales.types import State
from rapport.stores.commerce.rules.rates import Rates

D = Decimal
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
OPEN = ("a", "b", "c", "d")


def pipelines(**rules: Any) -> Pipelines:
    more = rules.pop("stages", {})
    stages = [Stage(key=key, pipeline="p", label=key.upper(), **more.get(key, {})) for key in OPEN]
    stages += [
        Stage(key="won", pipeline="p", label="Won", kind=State.WON, **more.get("won", {})),
        Stage(key="lost", pipeline="p", label="Lost", kind=State.LOST),
    ]
    other = Stage(key="x", pipeline="q", label="X")
    return Pipelines((
        Pipeline(key="p", label="P", stages=tuple(stages), **rules),
        Pipeline(key="q", label="Q", stages=(other,)),
    ))  # fmt: skip


def at(stage: str, **values: Any) -> Standing:
    more = {
        name: values.pop(name)
        for name in ("closed_from", "approved", "approved_currency", "home_amount")
        if name in values
    }
    return Standing(stage=stage, values=values, **more)


def why(before: Standing | None, after: Standing, known: Pipelines) -> dict[str, str]:
    return refusals(before, after, known, today=TODAY)


def test_the_preset_is_a_pipeline_whose_deals_go_anywhere() -> None:
    known = preset()

    assert [stage.key for stage in known.stages()] == ["qualify", "understand", "propose", "agree", "won", "lost"]
    assert why(None, at("agree"), known) == {}
    assert why(at("agree"), at("qualify"), known) == {}


@pytest.mark.parametrize(
    ("was", "to", "closed_from", "is_allowed"),
    [
        ("a", "b", "", True), ("a", "c", "", False), ("b", "a", "", False), ("a", "lost", "", True),
        ("a", "won", "", False), ("d", "won", "", True), ("lost", "b", "b", True), ("lost", "c", "b", True),
        ("lost", "a", "b", False), ("lost", "d", "b", False), ("won", "d", "d", True), ("lost", "a", "", True),
    ],
)  # fmt: skip
def test_a_strict_pipeline_goes_on_step_by_step_and_never_back(
    was: str, to: str, closed_from: str, is_allowed: bool
) -> None:
    known = pipelines(may_skip=False, may_go_back=False)
    to_stage = known.stage(to)
    assert to_stage

    refused = move_refused(at(was, closed_from=closed_from), to_stage, known)

    assert (refused == "") is is_allowed, refused


def test_deals_begin_only_where_they_may_also_when_they_come_from_another_pipeline() -> None:
    known = pipelines(stages={"b": {"may_begin": False}})

    assert "stage" in why(None, at("b"), known)
    assert "stage" in why(at("x"), at("b"), known)
    assert why(None, at("a"), known) == {}
    assert why(at("a"), at("b"), known) == {}
    assert "stage" in why(None, at("nowhere"), known)


def test_won_needs_an_amount_and_lost_a_reason_and_neither_lies_in_the_future() -> None:
    known = pipelines()

    assert set(why(at("a"), at("won"), known)) == {"amount"}
    assert set(why(at("a"), at("lost"), known)) == {"lost_reason"}
    assert set(why(at("a"), at("lost", lost_reason="price", closed_on=TODAY + timedelta(1)), known)) == {"closed_on"}
    assert why(at("a"), at("won", amount=D(5), closed_on=TODAY), known) == {}
    assert set(why(at("a"), at("a", closed_on=TODAY), known)) == {"closed_on"}


def test_a_stage_says_what_it_needs_and_what_it_holds_can_not_be_emptied_there() -> None:
    known = pipelines(stages={"b": {"required": ("amount", "owner")}})

    assert set(why(at("a"), at("b", amount=D(1)), known)) == {"owner"}
    assert set(why(at("b", amount=D(1), owner="x"), at("b", owner="x"), known)) == {"amount"}
    assert why(at("b"), at("b", notes="Set up before anybody asked for an amount"), known) == {}


def test_large_deals_need_approval_that_holds_up_to_what_was_approved() -> None:
    known = pipelines(approval_above=D(1000), stages={"c": {"needs_approval": True}})
    large = {"amount": D(2000), "currency": "EUR", "home_amount": D(2000)}

    assert "stage" in why(at("a"), at("c", **large), known)
    assert why(at("a"), at("b", **large), known) == {}
    assert why(at("a"), at("c", amount=D(1000), currency="EUR", home_amount=D(1000)), known) == {}
    assert why(at("a"), at("c", **large, approved=D(2000), approved_currency="EUR"), known) == {}
    assert "stage" in why(at("a"), at("c", **large, approved=D(2000), approved_currency="USD"), known)
    raised = at("c", amount=D(3000), currency="EUR", home_amount=D(3000), approved=D(2000), approved_currency="EUR")
    assert "amount" in why(at("c", **large, approved=D(2000), approved_currency="EUR"), raised, known)
    unknown = why(at("a"), at("c", amount=D(5), currency="USD", home_amount=None), known)
    assert "USD" in unknown["stage"]


@given(st.lists(st.sampled_from([*OPEN, "won", "lost"]), max_size=12))
def test_no_way_of_moves_leads_round_the_rules(wanted: list[str]) -> None:
    """Whatever is tried, in a strict pipeline the furthest stage a deal was in never lies more than one step on."""
    known = pipelines(may_skip=False, may_go_back=False)
    stage, closed_from, furthest = "a", "", 0

    for key in wanted:
        target = known.stage(key)
        assert target
        if target.key == stage or move_refused(at(stage, closed_from=closed_from), target, known):
            continue
        was = known.stage(stage)
        assert was
        if target.kind is not State.OPEN and was.kind is State.OPEN:
            closed_from = stage
        stage = key
        if key in OPEN:
            assert furthest <= OPEN.index(key) <= furthest + 1
            furthest = OPEN.index(key)


def test_a_deal_is_late_at_what_is_expected_and_overdue_at_half_as_much_again() -> None:
    ages = [age(NOW - timedelta(days=days), NOW, 10) for days in (0, 9.9, 10, 14.9, 15)]

    assert ages == [Age.FINE, Age.FINE, Age.LATE, Age.LATE, Age.OVERDUE]
    assert age(NOW - timedelta(days=999), NOW, None) is Age.FINE


def test_a_deal_is_quiet_by_its_own_rhythm_and_never_before_two_weeks() -> None:
    weekly = [NOW - timedelta(days=7 * n) for n in range(5)]
    monthly = [NOW - timedelta(days=30 * n) for n in range(5)]

    assert usual_gap(weekly) == 7
    assert quiet_from(NOW, usual_gap(weekly)) == NOW + timedelta(days=14)
    assert quiet_from(NOW, usual_gap(monthly)) == NOW + timedelta(days=60)
    assert usual_gap(weekly[:2]) is None
    assert quiet_from(NOW, None) == NOW + timedelta(days=14)


@given(st.lists(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2026, 1, 1)), max_size=30))
def test_the_rhythm_is_the_same_in_whatever_sequence_touches_are_told(moments: list[datetime]) -> None:
    touches = [moment.replace(tzinfo=UTC) for moment in moments]

    gap = usual_gap(touches)

    assert gap == usual_gap(list(reversed(touches)))
    assert gap is None or gap >= 0


def test_amounts_without_a_rate_are_left_out_and_counted() -> None:
    rates = Rates.of("EUR", [("USD", TODAY, D("0.9"))])

    found = worth([(D(100), "EUR", 1), (D(100), "USD", 2), (D(100), "GBP", 3), (None, "CHF", 4)], rates, TODAY)

    assert (found.amount, found.currency, found.without_rate) == (D(190), "EUR", 3)
