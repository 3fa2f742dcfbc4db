"""The life cycle: phases with their dates, the facts behind them, what people set by hand, and the workspace's rules."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.stores.customers.types import Cause, CostBasis, Phase


def _nothing() -> list[Any]:
    return []


class CustomerPhase(models.Model):
    """One phase of one customer, in order. All of a customer's are told anew from the evidence; none is ever edited."""

    pk = models.CompositePrimaryKey("customer_id", "position")
    customer_id = models.UUIDField()
    position = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=12, choices=Phase.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=16, choices=Cause.choices)
    by = models.CharField(max_length=150, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    evidence_id = models.UUIDField(null=True, blank=True)  # a touch point, or what was set by hand

    def __str__(self) -> str:
        return f"{self.phase} since {self.since:%Y-%m-%d}"


class Lifecycle(models.Model):
    """What a customer's life comes to: when recruited, for how long retained, extended with what, and what comes next."""

    customer_id = models.UUIDField(primary_key=True)
    phase = models.CharField(max_length=12, choices=Phase.choices)
    since = models.DateTimeField()
    next_change_at = models.DateTimeField(null=True, blank=True)  # when silence alone will change the phase
    recruited_at = models.DateTimeField(null=True, blank=True)
    recruited_through = models.CharField(max_length=40, blank=True, default="")
    recruited_campaign = models.CharField(max_length=200, blank=True, default="")
    occasions = models.PositiveIntegerField(default=0)
    last_purchase_at = models.DateTimeField(null=True, blank=True)
    median_gap_days = models.FloatField(null=True, blank=True)
    gap_spread_days = models.FloatField(null=True, blank=True)
    first_products = ArrayField(models.CharField(max_length=200), default=_nothing)
    extensions = models.JSONField(default=_nothing)  # [{"product", "at"}]
    spells = models.JSONField(default=_nothing)  # [{"from", "until"}]
    lapsed = ArrayField(models.DateTimeField(), default=_nothing)
    regained = ArrayField(models.DateTimeField(), default=_nothing)
    ended_at = models.DateTimeField(null=True, blank=True)
    digest = models.UUIDField()  # of everything above and the phases, so that what did not change is not written
    rules_version = models.PositiveIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index("next_change_at", name="lifecycle_due", condition=Q(next_change_at__isnull=False)),
            models.Index("rules_version", "customer_id", name="lifecycle_rules"),
            models.Index("recruited_at", name="lifecycle_recruited", condition=Q(recruited_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.phase}"


class PhaseByHand(models.Model):
    """A phase somebody set, with the reason. Holds until there is evidence from after `decided_at`."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField(db_index=True)
    phase = models.CharField(max_length=12, choices=Phase.choices)
    since = models.DateTimeField()
    decided_at = models.DateTimeField(default=clock.now)
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150)

    class Meta:
        verbose_name_plural = "phases by hand"

    def __str__(self) -> str:
        return f"{self.phase} since {self.since:%Y-%m-%d}"


class PhaseDue(models.Model):
    """A customer whose phase is to be told anew. Rows are only added and taken, so that marking never waits for anybody."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField()
    marked_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "phases due"

    def __str__(self) -> str:
        return str(self.customer_id)


class PhaseSettings(models.Model):
    """The workspace's rules; one row, or none while nobody changed them. `version` says by which rules a life was told."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.PositiveIntegerField(default=1)
    rules = models.JSONField(default=dict)
    source_field = models.CharField(
        max_length=60, default="source"
    )  # field of the customer that says who recruited them
    swept_at = models.DateTimeField(null=True, blank=True)  # up to then no evidence was missed

    class Meta:
        verbose_name_plural = "phase settings"

    def __str__(self) -> str:
        return f"rules {self.version}"


class SourceCost(models.Model):
    """What it costs to recruit through a source: for each customer, or in total over a time."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    source = models.CharField(_("source"), max_length=200)
    basis = models.CharField(_("is"), max_length=10, choices=CostBasis.choices, default=CostBasis.TOTAL)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    since = models.DateField(_("from"))
    until = models.DateField(_("to"), null=True, blank=True)
    by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        indexes = [models.Index("source", "since", name="source_cost_source")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="source_cost_not_negative"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=models.F("since")), name="source_cost_order"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.amount}"
