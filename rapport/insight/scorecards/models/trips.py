"""Trip-wires as the workspace set them, and the customers who tripped them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from rapport.foundation.lib import ids


def _no_facts() -> dict[str, Any]:
    return {}


class WireSetting(models.Model):
    """One trip-wire where the workspace changed it."""

    wire = models.CharField(max_length=16, primary_key=True)
    is_on = models.BooleanField(default=True)
    threshold = models.DecimalField(max_digits=10, decimal_places=4)
    due_days = models.PositiveSmallIntegerField()
    most_a_day = models.PositiveSmallIntegerField()
    owner_id = models.UUIDField(null=True, blank=True)

    def __str__(self) -> str:
        return self.wire


class Trip(models.Model):
    """One time that a customer tripped a wire. It stands until they recover; only then can they trip it again."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    wire = models.CharField(max_length=16)
    customer_id = models.UUIDField()
    tripped_at = models.DateTimeField()
    recovered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)  # when its follow-up was opened
    worth = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    facts = models.JSONField(default=_no_facts)

    class Meta:
        constraints = [
            models.UniqueConstraint("wire", "customer_id", name="trip_once_at_a_time", condition=Q(recovered_at=None))
        ]
        indexes = [
            models.Index("wire", F("worth").desc(), F("id"), name="trip_standing", condition=Q(recovered_at=None)),
            models.Index("customer_id", name="trip_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.wire} {self.customer_id}"
