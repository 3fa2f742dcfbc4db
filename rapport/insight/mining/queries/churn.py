"""Valuable customers who are likely to leave, by the scores everybody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Sum

from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.records.queries.conditions import compile_condition
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.workspace.types import SYSTEM

RISK = 0.5
CONDITION: Mapping[str, Any] = {
    "all": [
        {"field": "value_tier", "op": "any_of", "value": ["platinum", "gold"]},
        {"field": "churn_risk", "op": "at_least", "value": RISK},
    ]
}


@dataclass(frozen=True)
class AtRisk:
    n: int
    at_stake: float
    currency: str
    threshold: float
    condition: Mapping[str, Any]


def valuable_at_risk() -> AtRisk | None:
    """None while nothing is scored."""
    tree = conditions.from_json(dict(CONDITION))
    customers = visible(SYSTEM, "customer").filter(
        compile_condition(tree, record_type("customer"), actor=SYSTEM, now=clock.now())
    )
    sums = customers.aggregate(n=Count("pk"), value=Sum("score__lifetime_value"), currency=Max("score__currency"))
    if not sums["n"]:
        return None
    return AtRisk(sums["n"], float(sums["value"] or 0), sums["currency"] or "", RISK, CONDITION)
