"""Customer equity as it was worked out: runs, what each customer was worth in them, and where changes came from.

Everything here is written by services.equity after scores were refreshed, and read by pages. Money is in whole cents.
"""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids


class EquityRun(models.Model):
    """Equity at one instant. `is_worked_back`: told later, from the histories up to then and the parameters of later."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    at = models.DateTimeField(unique=True)
    made_at = models.DateTimeField(default=clock.now)
    scores_run_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    model_key = models.CharField(max_length=64, blank=True, default="")
    is_worked_back = models.BooleanField(default=False)
    is_ready = models.BooleanField(default=False)  # False while it is being worked out; pages pass over it
    has_positions = models.BooleanField(default=False)  # False once they were cleared away
    draws = models.JSONField(default=list)  # totals in cents under draws of the parameters

    class Meta:
        indexes = [models.Index(fields=["is_ready", "-at"], name="equity_run_newest")]

    def __str__(self) -> str:
        return f"Equity of {self.at:%Y-%m-%d %H:%M}"


class EquityPosition(models.Model):
    """One customer in one run."""

    pk = models.CompositePrimaryKey("customer_id", "run_id")
    customer_id = models.UUIDField()
    run_id = models.UUIDField()
    value = models.BigIntegerField()
    spread = models.BigIntegerField(default=0)  # from the low to the high end of eight in ten
    p_alive = models.FloatField(null=True)
    purchases = models.IntegerField(default=0)
    products = models.IntegerField(default=0)
    phase = models.CharField(max_length=12, blank=True, default="")
    tier = models.CharField(max_length=10, blank=True, default="")
    source = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=12, blank=True, default="")
    recruited_on = models.DateField(null=True)
    tenth = models.PositiveSmallIntegerField()  # 1: the best tenth of this run

    class Meta:
        indexes = [models.Index("run_id", "tenth", name="equity_position_run")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.value}"


class EquityComparison(models.Model):
    """An earlier run beside a later one. Only the newest of each period is kept."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    period = models.CharField(max_length=12)
    opening_run_id = models.UUIDField()
    run_id = models.UUIDField()
    is_restated = models.BooleanField(default=False)  # whether the opening was valued again by today's parameters
    opening = models.BigIntegerField()
    closing = models.BigIntegerField()
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["period", "-made_at"], name="equity_comparison_newest")]

    def __str__(self) -> str:
        return f"{self.period}: {self.opening} to {self.closing}"


class EquityEntry(models.Model):
    """What one customer adds to one part of a comparison. All entries add up to closing minus opening."""

    pk = models.CompositePrimaryKey("customer_id", "comparison_id", "part")
    customer_id = models.UUIDField()
    comparison_id = models.UUIDField()
    part = models.CharField(max_length=12)
    cents = models.BigIntegerField()

    class Meta:
        indexes = [models.Index("comparison_id", "part", name="equity_entry_part")]
        verbose_name_plural = "equity entries"

    def __str__(self) -> str:
        return f"{self.customer_id} {self.part} {self.cents}"


class EquityReport(models.Model):
    """All figures of the page for everyone (no view) or the customers of a saved view, ready to be shown."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    run = models.ForeignKey(EquityRun, on_delete=models.CASCADE, related_name="+")
    view_id = models.UUIDField(null=True)
    customers = models.IntegerField()
    value = models.BigIntegerField()
    low = models.BigIntegerField(null=True)
    high = models.BigIntegerField(null=True)
    figures = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "view_id"], name="equity_report_view", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.view_id or 'all'}: {self.value}"


class EquityView(models.Model):
    """A saved view that somebody asked equity for; it is worked out with every run from then on."""

    view_id = models.UUIDField(primary_key=True)
    asked_by = models.UUIDField(null=True)
    asked_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return str(self.view_id)


class EquityPart(models.Model):
    """A group of customers that a figure counts, as a set that conditions can name. It follows the newest run."""

    id = models.UUIDField(primary_key=True, editable=False)  # made from kind and key: links need no look-up
    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=220)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="equity_part_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
