"""Which touch points of the ledger were taken up into orders, and how far the worker has looked."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from rapport.foundation.lib import clock
from rapport.stores.commerce.types import Taken


def _nothing() -> list[Any]:
    return []


class TakenTouchpoint(models.Model):
    """One row for each touch point that was dealt with: its key is what keeps it from being dealt with twice."""

    touchpoint_id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    source = models.CharField(max_length=80, blank=True, default="")
    batch_id = models.UUIDField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Taken.choices, default=Taken.DONE)
    number = models.CharField(max_length=200, blank=True, default="")  # of the order or subscription it names
    order_id = models.UUIDField(null=True, blank=True)
    problems = models.JSONField(default=_nothing)  # [[field, reason]] of what was not taken up
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "commerce_taken"
        indexes = [
            models.Index("number", name="taken_number", condition=~Q(number="")),
            models.Index("outcome", "at", name="taken_problems", condition=~Q(outcome=Taken.DONE)),
            models.Index("batch_id", name="taken_batch", condition=Q(batch_id__isnull=False)),
            models.Index("order_id", name="taken_order", condition=Q(order_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.touchpoint_id}: {self.outcome}"


class TakeUpMark(models.Model):
    """How far the ledger was read: everything recorded before is dealt with. One row, locked by who reads on."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    recorded_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "commerce_take_up_mark"

    def __str__(self) -> str:
        return str(self.recorded_until)


class NumberSeries(models.Model):
    """The last number given to orders, or to subscriptions."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "commerce_number_series"

    def __str__(self) -> str:
        return f"{self.name} {self.last}"
