from __future__ import annotations

from typing import Any

import pytest

from rapport.insight.mining.rules import findings
from rapport.insight.mining.rules.sentences import (
    EVIDENCE,
    FEATURES,
    KINDS,
    TRAITS,
    reason_text,
    sentence,
    suggestion,
    traits_text,
    view_name,
)
from rapport.insight.mining.types import Act, Baskets, Cohorts, Funnel, PatternKind, Reason

CARTS = Funnel((Act(kind="cart_left"), Act(kind="order_placed"), Act(kind="survey_answered")), days=7)


class Plain:
    def number(self, value: float) -> str:
        return f"{value:g}"

    def percent(self, share: float) -> str:
        return f"{share:.0%}"

    def money(self, amount: float, currency: str) -> str:
        return f"{amount:.0f} {currency}"

    def month(self, iso: str) -> str:
        return iso[:7]

    def day(self, iso: str) -> str:
        return iso[:10]


def move(old: str, new: str, customers: int, margin: float = 100.0) -> dict[str, Any]:
    return {"from": old, "to": new, "customers": customers, "margin": margin}


def rfm(*moves: dict[str, Any]) -> dict[str, Any]:
    return {"moves": list(moves), "moved_since": "2026-08-24T00:00:00+00:00", "currency": "EUR"}


def said(finding: findings.Finding) -> str:
    return sentence(finding.kind, finding.facts, Plain())


def test_best_customers_who_fell_asleep_slipped() -> None:
    result = rfm(move("champions", "at_risk", 4), move("loyal", "sleeping", 3), move("champions", "champions", 40))

    (found,) = findings.in_rfm(result)

    assert found.kind is PatternKind.RFM_SLIPPED
    assert (found.n, found.facts["were"]) == (7, 47)
    assert said(found) == "7 of your best customers of 2026-08-24 have slipped away since; they brought 200 EUR."


def test_few_are_no_pattern() -> None:
    assert findings.in_rfm(rfm(move("champions", "sleeping", 4))) == []


def test_rule_speaks_of_those_who_have_only_half_of_it() -> None:
    rule = {
        "having": ["Trailer"], "also": "Rain cover", "n": 40, "n_having": 60, "n_also": 80, "support": 0.1,
        "confidence": 2 / 3, "lift": 3.3, "p": 1e-9, "q": 1e-8, "missing": 20,
    }  # fmt: skip

    (found,) = findings.in_baskets(Baskets(), {"baskets": 400, "rules": [rule, {**rule, "missing": 4}]})

    assert (
        said(found) == "Who buys “Trailer” buys “Rain cover” 3.3 times as often as others; 20 customers have not yet."
    )
    assert suggestion(found.kind, found.facts) == "Offer “Rain cover” to those who have “Trailer” without it."
    assert found.part is not None
    assert found.part.items == ("Trailer", "Rain cover")


def test_funnel_names_the_step_that_loses_most() -> None:
    result = {"steps": [{"n": 200, "wait": None}, {"n": 160, "wait": 1}, {"n": 40, "wait": 1}]}

    (found,) = findings.in_funnel("Carts", "id", CARTS, result, ["Cart left", "Order placed", "Survey answered"])

    assert said(found) == "In “Carts”, 75% stop after “Order placed” and never come to “Survey answered”."
    assert (found.n, found.part and found.part.row) == (120, 2)


@pytest.mark.parametrize("counts", [[29, 0, 0], [100, 80, 60]])
def test_small_or_gentle_funnels_say_nothing(counts: list[int]) -> None:
    result = {"steps": [{"n": n, "wait": None} for n in counts]}

    assert findings.in_funnel("Carts", "id", CARTS, result, ["a", "b", "c"]) == []


def test_cohorts_are_compared_with_all_others_watched_as_long() -> None:
    result = {
        "first": "2025-11-01", "closed": 5, "periods": 6, "sizes": [30, 40, 10, 50, 0, 7],
        "by": [[0, 1, 2, 20], [0, 4, 5, 8], [0, 0, 0, 0], [0, 1, 2], [0, 0], [0]],
    }  # fmt: skip

    tests = findings.cohort_tests(result)
    found = findings.in_cohorts(Cohorts(), result, [(tests[0], 0.01)])

    assert tests == [findings.CohortTest(0, 20, 30, 8, 40), findings.CohortTest(1, 8, 40, 20, 30)]
    assert said(found[0]) == (
        "Those who first bought in 2025-11 stay longer: 67% came back within 3 months, 20% of the others did."
    )


def test_group_that_brings_much_for_its_size_is_told() -> None:
    group = {"number": 2, "customers": 20, "margin": 800.0, "traits": {"orders": 1.2, "visits": -0.1}, "medians": {}}
    other = {"number": 0, "customers": 80, "margin": 200.0, "traits": {"orders": -0.3}, "medians": {}}

    (found,) = findings.in_clusters({"customers": 100, "currency": "EUR", "stability": 0.9, "groups": [group, other]})

    assert said(found) == "20 customers (20%) bring 80% of the margin: they buy often."
    assert found.part is not None
    assert found.part.row == 2


def test_key_knows_the_subject_again_and_not_its_numbers() -> None:
    first, second = (findings.in_rfm(rfm(move("champions", "sleeping", n)))[0] for n in (6, 60))
    other = findings.of_churn(9, 10, "EUR", 0.5, {})[0]

    assert first.key == second.key != other.key


def test_every_word_of_a_finding_has_a_wording() -> None:
    assert set(KINDS) == set(PatternKind)
    assert set(TRAITS) == set(FEATURES)
    churn = findings.of_churn(9, 1000, "EUR", 0.5, {})[0]
    assert {name for name, _ in churn.evidence} <= set(EVIDENCE)
    assert said(churn) == "9 valuable customers are more likely to leave than to buy again; 1000 EUR is at stake."
    assert view_name(churn.kind, churn.facts, Plain()) == "Valuable customers likely to leave"


def test_group_like_all_others_is_called_so() -> None:
    assert traits_text({"orders": 0.1}) == "are like most others"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_said(reason: Reason) -> None:
    assert reason_text(reason, 3, 25, Plain())
