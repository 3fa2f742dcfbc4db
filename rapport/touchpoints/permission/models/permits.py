"""Permits that were given: what counts against caps, and what a message can be asked about afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from rapport.foundation.lib import ids


class IssuedPermit(models.Model):
    """One permit. `released_at`: the message was not sent after all, so it counts against no cap."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField()
    evidence_id = models.UUIDField()
    purpose = models.CharField(max_length=40)
    channel = models.CharField(max_length=20)
    is_service = models.BooleanField(default=False)
    point_key = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=20)
    at = models.DateTimeField()  # when the message is meant to leave: what caps count by
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    member_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=150)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index("customer_id", "at", name="issued_permit_slots", condition=Q(released_at=None)),
            models.Index("at", name="issued_permit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.channel} {self.at:%Y-%m-%d %H:%M}"
