"""What customers are worth. Written by services.scores alone, and read by everyone from here: nothing else computes it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from rapport.stores.customers.models.customers import Customer


class Score(models.Model):
    """The newest value of a customer who bought. Of several ids that were merged the surviving one has it.

    It stands beside the customer and not on it: a million rows are exchanged every night.
    """

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.DO_NOTHING, related_name="score", db_constraint=False
    )
    run_id = models.UUIDField()
    at = models.DateTimeField()
    currency = models.CharField(max_length=3, default="")
    lifetime_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    low = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    high = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    spent = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    p_alive = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    churn_risk = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    expected_orders = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    next_order_on = models.DateField(null=True)
    tier = models.CharField(max_length=10, default="")
    last_order_on = models.DateField(null=True)
    frequency = models.IntegerField(default=0)
    latency_days = models.DecimalField(max_digits=8, decimal_places=1, null=True)
    monetary = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    rfm = models.CharField(max_length=3, default="")
    reason = models.CharField(max_length=24, default="")
    model = models.CharField(max_length=16, default="")

    class Meta:
        # Lists page by (value, customer); customers without a value are found from the other side.
        indexes = [
            models.Index(
                "lifetime_value", "customer", name="score_lifetime_value", condition=Q(lifetime_value__isnull=False)
            ),
            models.Index("churn_risk", "customer", name="score_churn_risk", condition=Q(churn_risk__isnull=False)),
            models.Index(
                "next_order_on", "customer", name="score_next_order", condition=Q(next_order_on__isnull=False)
            ),
            models.Index("tier", "customer", name="score_tier"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.lifetime_value}"


class ScoreSnapshot(models.Model):
    """What a customer was worth when a month closed: the history of a value, and what the waterfall compares."""

    pk = models.CompositePrimaryKey("customer_id", "period")
    customer_id = models.UUIDField()
    period = models.DateField()  # first day of the month that closed
    lifetime_value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    p_alive = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    tier = models.CharField(max_length=10, default="")

    class Meta:
        indexes = [models.Index("period", "customer_id", name="score_snapshot_period")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.period}: {self.lifetime_value}"


class ScoreChange(models.Model):
    """That a customer rose or fell from one tier to another."""

    pk = models.CompositePrimaryKey("customer_id", "at")
    customer_id = models.UUIDField()
    at = models.DateTimeField()
    run_id = models.UUIDField()
    tier_before = models.CharField(max_length=10, default="")
    tier_after = models.CharField(max_length=10, default="")
    value_before = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    value_after = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        indexes = [models.Index("at", name="score_change_at")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.tier_before or '-'} > {self.tier_after or '-'}"
