"""The ledger: every meeting of customer and firm, appended once and never changed.

`touchpoint` is partitioned by month of `occurred_at` (one open partition until it is large). The application's role has
no UPDATE or DELETE on it; a correction is a new row. What people wrote lies in `touchpoint_content`, which can be erased.
"""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids


class Direction(models.TextChoices):
    IN = "in"
    OUT = "out"
    NONE = "none"


class Touchpoint(models.Model):
    """One touch point. `batch_id` names the import or load it came with, so that the whole can be retracted."""

    pk = models.CompositePrimaryKey("customer_id", "occurred_at", "id")
    customer_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    id = models.UUIDField(default=ids.new_id)
    recorded_at = models.DateTimeField(default=clock.now)
    channel = models.CharField(max_length=40)
    kind = models.CharField(max_length=60)
    direction = models.CharField(max_length=4, choices=Direction.choices, default=Direction.NONE)
    source = models.CharField(max_length=80)
    source_id = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=500, blank=True, default="")
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    properties = models.JSONField(default=dict)
    batch_id = models.UUIDField(null=True, blank=True)
    member_id = models.UUIDField(null=True, blank=True)  # the colleague who logged or did it
    corrects_id = models.UUIDField(null=True, blank=True)  # the touch point this row replaces

    class Meta:
        managed = False  # made by migration 0001 in SQL, because Django can't declare partitions
        db_table = "touchpoint"

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"


class TouchpointInbox(models.Model):
    """One row for each (source, source_id) ever accepted; its key is lib.ids.key_id of the two. Sending twice is harmless."""

    key = models.UUIDField(primary_key=True)
    touchpoint_id = models.UUIDField()
    batch_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "touchpoint_inbox"

    def __str__(self) -> str:
        return str(self.key)


class TouchpointContent(models.Model):
    """The personal words of a touch point: note, call summary, message. Erasable without touching the ledger."""

    pk = models.CompositePrimaryKey("customer_id", "touchpoint_id")
    customer_id = models.UUIDField()
    touchpoint_id = models.UUIDField()
    body = models.TextField(blank=True, default="")
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "touchpoint_content"

    def __str__(self) -> str:
        return str(self.touchpoint_id)


class Retraction(models.Model):
    """Takes back one touch point or a whole batch: a new row that names the old ones. Reads leave them out."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    batch_id = models.UUIDField(null=True, blank=True, unique=True)
    customer_id = models.UUIDField(null=True, blank=True)
    touchpoint_id = models.UUIDField(null=True, blank=True, unique=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    actor_name = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.batch_id or self.touchpoint_id}"


class Pin(models.Model):
    """A touch point kept at the top of a customer's timeline."""

    pk = models.CompositePrimaryKey("customer_id", "touchpoint_id")
    customer_id = models.UUIDField()
    touchpoint_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    member_id = models.UUIDField(null=True, blank=True)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return str(self.touchpoint_id)


class WriteKey(models.Model):
    """A public key that a website's beacon writes with; it can only append."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    key = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    allowed_origins = models.JSONField(default=list)
    create_customers = models.BooleanField(default=True)  # whether identify() may begin a customer
    created_at = models.DateTimeField(default=clock.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
