"""Where every permission stands now, told from the evidence for lists and conditions. The gate itself reads the evidence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from rapport.foundation.lib import clock, ids
from rapport.touchpoints.permission.types import Basis, Source, Status


class Consent(models.Model):
    """One channel, contact point and purpose of a standing customer. Told anew whenever something is recorded."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer_id = models.UUIDField()
    channel = models.CharField(max_length=20, blank=True, default="")
    purpose = models.CharField(max_length=40, blank=True, default="")
    point_key = models.UUIDField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    basis = models.CharField(max_length=20, choices=Basis.choices, blank=True, default="")
    source = models.CharField(max_length=12, choices=Source.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    evidence_id = models.UUIDField()
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)  # lists of records read it

    class Meta:
        db_table = "permission_consent"
        constraints = [
            models.UniqueConstraint(
                fields=["customer_id", "channel", "purpose", "point_key"], name="consent_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index("purpose", "channel", "status", "customer_id", name="consent_answers"),
            models.Index("point_key", name="consent_point", condition=Q(point_key__isnull=False)),
            models.Index("until", name="consent_until", condition=Q(until__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.channel}: {self.status}"


class ConsentsTold(models.Model):
    """Up to when merges and expiries were taken up; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    told_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "consents told"

    def __str__(self) -> str:
        return str(self.told_at)


class LinkRevocation(models.Model):
    """Links to a customer's preference page that were made until then no longer work."""

    customer_id = models.UUIDField(primary_key=True)
    revoked_until = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.customer_id)
