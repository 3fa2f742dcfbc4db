"""What a workspace says of money: what currencies are worth, and what a meeting costs."""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids


class Rate(models.Model):
    """What one unit of a currency is worth in the workspace's own, from a day on."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint("currency", "valid_from", name="rate_once")]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate}"


class TouchCost(models.Model):
    """What one touch point costs the firm, in the workspace's currency. Empty kind or channel: any."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    channel = models.CharField(max_length=40, blank=True, default="")
    kind = models.CharField(max_length=60, blank=True, default="")
    amount = models.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        constraints = [models.UniqueConstraint("channel", "kind", name="touch_cost_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind} {self.amount}"
