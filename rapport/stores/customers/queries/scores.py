"""What customers are worth, as it was last worked out. No page computes a value of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, Sum

from rapport.foundation.records import policies
from rapport.foundation.records.types import Label
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Score, ScoreChange, ScoreSnapshot
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.stores.customers.rules.scores import TIER_BARS, TIER_LABELS, Tier, no_value_words


@dataclass(frozen=True)
class CustomerScore:
    """The score of one customer."""

    customer_id: UUID
    run_id: UUID
    at: datetime
    currency: str
    lifetime_value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    spent: Decimal
    p_alive: Decimal | None
    churn_risk: Decimal | None
    expected_orders: Decimal | None
    next_order_on: date | None
    tier: str
    last_order_on: date | None
    frequency: int
    latency_days: Decimal | None
    monetary: Decimal | None
    rfm: str
    reason: str
    model: str

    @property
    def purchases(self) -> int:
        return self.frequency + 1

    @property
    def recency_days(self) -> int | None:
        """Days since the last order, on the day of the score."""
        return (self.at.date() - self.last_order_on).days if self.last_order_on else None

    @property
    def tier_label(self) -> Label:
        return TIER_LABELS[Tier(self.tier)] if self.tier else ""

    @property
    def bars(self) -> int:
        return TIER_BARS[Tier(self.tier)] if self.tier else 0

    @property
    def why_none(self) -> Label:
        return no_value_words(self.reason)


@dataclass(frozen=True)
class TierTotal:
    """One tier of the visible customers."""

    tier: str
    customers: int
    value: Decimal


@dataclass(frozen=True)
class Freshness:
    """Of which run the scores are."""

    run_id: UUID
    at: datetime
    customers: int


_FIELDS = tuple(CustomerScore.__dataclass_fields__)


def score_of(*, actor: Actor, customer_ids: Sequence[UUID]) -> CustomerScore | None:
    """The score of one visible customer, given all its ids. None where the role hides values, or there is none."""
    if not may_see_values(actor) or not customer_ids:
        return None
    row = Score.objects.filter(customer_id__in=customer_ids).values(*_FIELDS).order_by("-at").first()
    return CustomerScore(**row) if row else None


def scores_of(*, actor: Actor, customer_ids: Iterable[UUID]) -> dict[UUID, CustomerScore]:
    """By the ids asked for, merged ones answered by the survivor; the caller has checked that they are visible."""
    if not may_see_values(actor):
        return {}
    standing = surviving_ids(customer_ids)
    rows = {row["customer_id"]: CustomerScore(**row) for row in _rows(set(standing.values()))}
    return {asked: rows[one] for asked, one in standing.items() if one in rows}


def history_of(*, actor: Actor, customer_ids: Sequence[UUID]) -> list[ScoreSnapshot]:
    """Values of one customer month by month, the newest first. Of months before a merge each id brings its own."""
    if not may_see_values(actor):
        return []
    return list(ScoreSnapshot.objects.filter(customer_id__in=customer_ids).order_by("-period"))


def changes_of(*, actor: Actor, customer_ids: Sequence[UUID], limit: int = 20) -> list[ScoreChange]:
    """Rises and falls between tiers, the newest first."""
    if not may_see_values(actor):
        return []
    return list(ScoreChange.objects.filter(customer_id__in=customer_ids).order_by("-at")[:limit])


def tier_totals(*, actor: Actor) -> list[TierTotal]:
    """How many of the visible customers are in each tier, and what they are worth together; one query."""
    if not may_see_values(actor):
        return []
    rows = policies.visible(actor, RECORD_TYPE).filter(score__tier__gt="").order_by()
    found = {
        row["score__tier"]: TierTotal(row["score__tier"], row["n"], row["value"] or Decimal(0))
        for row in rows.values("score__tier").annotate(n=Count("pk"), value=Sum("score__lifetime_value"))
    }
    return [found[tier] for tier in Tier if tier in found]


def freshness() -> Freshness | None:
    """Of the scores of this workspace; one query."""
    row = Score.objects.aggregate(at=Max("at"), customers=Count("pk", filter=Q(lifetime_value__isnull=False)))
    if row["at"] is None:
        return None
    run_id = Score.objects.filter(at=row["at"]).values_list("run_id", flat=True)[:1].get()
    return Freshness(run_id, row["at"], row["customers"])


def may_see_values(actor: Actor) -> bool:
    """Field rules hide a value wherever it stands."""
    from rapport.foundation.records.extension_points import record_types

    return policies.may_read_field(actor, record_types[RECORD_TYPE], "lifetime_value")


def _rows(ids: Iterable[UUID]) -> Iterable[dict[str, Any]]:
    return Score.objects.filter(customer_id__in=list(ids)).values(*_FIELDS)
