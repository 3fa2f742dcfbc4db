"""Patterns worth a decision, out of the answers to questions. Facts and evidence only; `sentences` words them.

A finding names its subject in `key`, without numbers, so that the same one is known again the next night.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec

from rapport.insight.mining.rules.curves import SMALLEST
from rapport.insight.mining.rules.questions import months_later
from rapport.insight.mining.rules.rfm import ASLEEP, BEST
from rapport.insight.mining.types import Baskets, Clusters, Cohorts, Funnel, Part, PatternKind, Question, Rfm

FEWEST = 5  # customers, for a pattern to be worth anybody's time
MOST_RULES = 4
MOST_COHORTS = 4
AFTER = 3  # months a cohort is judged by
LOST_ENOUGH = 0.3  # of those who reached a step
REACHED_ENOUGH = 30
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    kind: PatternKind
    subject: tuple[Any, ...]
    facts: Facts
    n: int
    weight: float
    evidence: tuple[tuple[str, float], ...]
    days: int  # it holds, unless found again
    condition: Mapping[str, Any] | None = None
    question: Question | None = None
    part: Part | None = None

    @property
    def key(self) -> str:
        return hashlib.sha256(msgspec.json.encode([self.kind.value, *self.subject])).hexdigest()


def in_rfm(result: Facts) -> list[Finding]:
    """Who fell from among the best, and who rose to them, within the time the answer looked back."""
    found = []
    best, asleep = "+".join(sorted(BEST)), "+".join(sorted(ASLEEP))
    for kind, old, new, parts in (
        (PatternKind.RFM_SLIPPED, BEST, ASLEEP, (best, asleep)),
        (PatternKind.RFM_ROSE, ASLEEP | {"new", "promising", "wavering"}, {"champions"}, None),
    ):
        rows = [row for row in result["moves"] if row["from"] in old and row["to"] in new]
        n, margin = sum(row["customers"] for row in rows), sum(row["margin"] for row in rows)
        were = sum(row["customers"] for row in result["moves"] if row["from"] in old)
        if n >= FEWEST:
            items = parts or ("+".join(sorted(old)), "champions")
            facts = {
                "n": n, "were": were, "margin": round(margin, 2), "currency": result["currency"],
                "since": result["moved_since"],
            }  # fmt: skip
            found.append(
                Finding(
                    kind, (), facts, n, margin, (("customers", n), ("were", were), ("margin", margin)), 14,
                    question=Rfm(), part=Part("moved", items=items),
                )
            )  # fmt: skip
    return found


def in_clusters(result: Facts) -> list[Finding]:
    """Groups that bring much for their size, and those that used to and have gone quiet."""
    total, margin = result["customers"], sum(group["margin"] for group in result["groups"])
    if margin <= 0:
        return []
    found: list[Finding] = []
    for group in result["groups"]:
        share, brings = group["customers"] / total, group["margin"] / margin
        quiet = group["traits"].get("recency_days", 0) > 0.4
        once_good = group["traits"].get("margin", 0) > 0.2
        if group["customers"] < FEWEST or not (brings > 1.5 * share or (quiet and once_good)):
            continue
        facts = {
            "n": group["customers"], "share": share, "brings": brings, "traits": group["traits"],
            "medians": group["medians"], "quiet": bool(quiet), "margin": group["margin"],
            "currency": result["currency"], "number": group["number"],
        }  # fmt: skip
        evidence = (("customers", total), ("stability", result["stability"]), ("groups", len(result["groups"])))
        found.append(
            Finding(
                PatternKind.CLUSTER, (_told(group["traits"]),), facts, group["customers"], group["margin"], evidence, 30,
                question=Clusters(), part=Part("group", row=group["number"]),
            )
        )  # fmt: skip
    return found


def in_baskets(question: Baskets, result: Facts) -> list[Finding]:
    """Rules with enough customers who lack the second half."""
    found: list[Finding] = []
    for rule in result["rules"]:
        if rule["missing"] < FEWEST or len(found) == MOST_RULES:
            continue
        facts = {
            "n": rule["missing"],
            **{name: rule[name] for name in ("having", "also", "n_having", "confidence", "lift")},
        }
        evidence = (
            ("baskets", result["baskets"]), ("together", rule["n"]), ("support", rule["support"]),
            ("confidence", rule["confidence"]), ("lift", rule["lift"]), ("q", rule["q"]),
        )  # fmt: skip
        items = (*rule["having"], rule["also"])
        found.append(
            Finding(
                PatternKind.RULE, (question.item, question.basket, *items), facts, rule["missing"],
                rule["missing"] * (rule["lift"] - 1) * rule["confidence"], evidence, 60,
                question=question, part=Part("without", items=items),
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class CohortTest:
    """A cohort against all others that were watched as long: how many came back by then, of how many."""

    cohort: int
    came: int
    of: int
    others_came: int
    others_of: int


def cohort_tests(result: Facts) -> list[CohortTest]:
    """Cohorts watched for AFTER whole periods and large enough to be compared."""
    closed = result["closed"]
    watched = [i for i in range(len(result["sizes"])) if i + AFTER < closed and result["sizes"][i]]
    all_of = sum(result["sizes"][i] for i in watched)
    all_came = sum(result["by"][i][AFTER] for i in watched)
    return [
        CohortTest(i, came, of, all_came - came, all_of - of)
        for i in watched
        if (of := result["sizes"][i]) >= SMALLEST and (came := result["by"][i][AFTER]) and all_of - of >= SMALLEST
    ]


def in_cohorts(question: Cohorts, result: Facts, tests: Sequence[tuple[CohortTest, float]]) -> list[Finding]:
    """Cohorts that came back more than the others, with q (after correction) at most .05 already."""
    found = []
    for test, q in sorted(tests, key=lambda one: one[1])[:MOST_COHORTS]:
        began = months_later(_day(result["first"]), test.cohort)
        fixed = msgspec.structs.replace(question, since=_day(result["first"]), periods=max(2, result["periods"]))
        share, others = test.came / test.of, test.others_came / test.others_of
        facts = {
            "began": began.isoformat(), "n": test.of, "came": test.came, "share": share,
            "others": others, "after": AFTER,
        }  # fmt: skip
        evidence = (("customers", test.of), ("came", test.came), ("others", test.others_of), ("q", q))
        found.append(
            Finding(
                PatternKind.COHORT, (began.isoformat(),), facts, test.of, test.of * (share - others),
                evidence, 60, question=fixed, part=Part("cohort", row=test.cohort),
            )
        )  # fmt: skip
    return found


def in_funnel(name: str, funnel_id: str, question: Funnel, result: Facts, said: Sequence[str]) -> list[Finding]:
    """The step of a saved funnel at which most are lost. `said` words its steps."""
    counts = [step["n"] for step in result["steps"]]
    drops = [
        ((before - after) / before, place)
        for place, (before, after) in enumerate(pairwise(counts), 1)
        if before >= REACHED_ENOUGH
    ]
    if not drops or max(drops)[0] < LOST_ENOUGH:
        return []
    share, place = max(drops)
    lost = counts[place - 1] - counts[place]
    facts = {
        "funnel": name, "funnel_id": funnel_id, "step": place, "after": said[place - 1], "before": said[place],
        "n": lost, "reached": counts[place - 1], "share": share, "days": question.days,
    }  # fmt: skip
    evidence = (("began", counts[0]), ("reached", counts[place - 1]), ("lost", lost))
    return [
        Finding(
            PatternKind.FUNNEL, (funnel_id, place), facts, lost, float(lost), evidence, 30,
            question=question, part=Part("lost", row=place),
        )
    ]  # fmt: skip


def of_churn(n: int, at_stake: float, currency: str, threshold: float, condition: Facts) -> list[Finding]:
    """Valuable customers who are likely to leave."""
    if n < FEWEST:
        return []
    facts = {"n": n, "at_stake": round(at_stake, 2), "currency": currency, "risk": threshold}
    evidence = (("customers", n), ("at_stake", at_stake), ("risk", threshold))
    return [Finding(PatternKind.CHURN, (), facts, n, at_stake, evidence, 14, condition=condition)]


def strongest(traits: Mapping[str, float], most: int = 3) -> list[tuple[str, int]]:
    """The features a group stands out by, with their direction: at least 0.4 deviations from everybody's mean."""
    order = sorted(traits.items(), key=lambda one: (-abs(one[1]), one[0]))
    return [(name, 1 if value > 0 else -1) for name, value in order if abs(value) >= 0.4][:most]


def _told(traits: Mapping[str, float]) -> list[list[Any]]:
    return [[name, way] for name, way in sorted(strongest(traits))]


def _day(text: str) -> date:
    return date.fromisoformat(text)
