"""The four numbers month by month, for everyone and for each part of them; and what became of those who were handed over."""

from __future__ import annotations

from django.db import models


class Line(models.Model):
    """One part of the customers in one month: the current month's lines are measured anew until it ends."""

    pk = models.CompositePrimaryKey("period", "dimension", "key")
    period = models.DateField()  # first day of the month
    dimension = models.CharField(max_length=12)
    key = models.CharField(max_length=200)
    customers = models.PositiveIntegerField()
    buyers = models.PositiveIntegerField()
    recency_days = models.FloatField(null=True)
    frequency = models.FloatField(null=True)
    latency_days = models.FloatField(null=True)
    gap_ratio = models.FloatField(null=True)
    valued = models.PositiveIntegerField()
    value = models.DecimalField(max_digits=18, decimal_places=2)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.period} {self.dimension} {self.key}"


class PairLine(models.Model):
    """Those recruited by one source and looked after by one colleague: marketing and service answer for them together."""

    pk = models.CompositePrimaryKey("source", "owner")
    source = models.CharField(max_length=200)
    owner = models.CharField(max_length=36)  # a member's id; empty: nobody
    handed_over = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    valued = models.PositiveIntegerField()
    value_then = models.DecimalField(max_digits=18, decimal_places=2)
    value_now = models.DecimalField(max_digits=18, decimal_places=2)
    since = models.DateField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source} {self.owner}"
