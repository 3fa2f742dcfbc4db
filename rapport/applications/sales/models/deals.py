"""Deals, the stages they went through, the people in them and what they are about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from rapport.applications.sales.types import Interval, LostReason, PersonRole, State
from rapport.foundation.lib import clock, ids

ZERO = Decimal(0)
_LIVE, _OPEN = Q(deleted_at=None), Q(deleted_at=None, state=State.OPEN)


def amount_field(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=4, **options)


def no_values() -> dict[str, Any]:
    return {}


class Deal(models.Model):
    """Something a customer may buy. `state`, `stage_since` and `closed_from` follow from the stage.

    `last_touch_at`, `usual_gap` and `quiet_from` are told from the touch points of its customer (services.rhythm).
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=240)
    customer_id = models.UUIDField()
    pipeline = models.CharField(max_length=40, blank=True, default="")
    stage = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=4, choices=State.choices, default=State.OPEN)
    stage_since = models.DateTimeField(default=clock.now)
    closed_from = models.CharField(max_length=40, blank=True, default="")
    closed_on = models.DateField(null=True, blank=True)
    amount = amount_field(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    recurring = amount_field(null=True, blank=True)  # of it, each year
    expected_close_on = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(
        "workspace.Member",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    source = models.CharField(max_length=80, blank=True, default="")
    lost_reason = models.CharField(max_length=12, choices=LostReason.choices, blank=True, default="")
    lost_note = models.TextField(blank=True, default="")
    competitors: Any = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    approved_amount = amount_field(null=True, blank=True)
    approved_currency = models.CharField(max_length=3, blank=True, default="")
    approved_by = models.CharField(max_length=150, blank=True, default="")
    last_touch_at = models.DateTimeField(null=True, blank=True)
    usual_gap = models.FloatField(null=True, blank=True)  # days
    quiet_from = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(blank=True, default="")
    tags: Any = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    custom = models.JSONField(default=no_values, blank=True)
    search = models.TextField(default="", blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)  # that created it
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [
            models.Index(F("created_at").desc(), F("id").desc(), name="deal_newest", condition=_LIVE),
            models.Index("name", "id", name="deal_name", condition=_LIVE),
            models.Index("expected_close_on", "id", name="deal_expected", condition=_LIVE),
            models.Index("amount", "id", name="deal_amount", condition=_LIVE),
            # A column of the board, in its order.
            models.Index("stage", "expected_close_on", "id", name="deal_board", condition=_LIVE),
            models.Index(
                "stage", F("closed_on").desc(), "id", name="deal_closed", condition=_LIVE & ~Q(state=State.OPEN)
            ),
            models.Index("owner", "stage", name="deal_owner", condition=_LIVE),
            models.Index("customer_id", name="deal_customer"),
            models.Index("quiet_from", name="deal_quiet", condition=_OPEN),
            models.Index("operation_id", name="deal_operation"),
            models.Index(F("deleted_at").desc(), name="deal_bin", condition=Q(deleted_at__isnull=False)),
            GinIndex("tags", name="deal_tags"),
            GinIndex(OpClass(F("custom"), name="jsonb_path_ops"), name="deal_custom"),
            GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="deal_search"),
        ]

    def __str__(self) -> str:
        return self.name


class DealStage(models.Model):
    """A stretch of time that a deal was in a stage. Of each deal one row is open: where it is now."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="stretches", db_constraint=False)
    pipeline = models.CharField(max_length=40)
    stage = models.CharField(max_length=40)
    state = models.CharField(max_length=4, choices=State.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    amount = amount_field(null=True, blank=True)  # when it came here
    currency = models.CharField(max_length=3, blank=True, default="")
    closed_on = models.DateField(null=True, blank=True)
    closed_from = models.CharField(max_length=40, blank=True, default="")
    lost_reason = models.CharField(max_length=12, blank=True, default="")
    by = models.CharField(max_length=150, blank=True, default="")
    operation_id = models.UUIDField(null=True, blank=True, db_index=True)
    touchpoint_id = models.UUIDField(null=True, blank=True)
    customer_id = models.UUIDField(null=True, blank=True)  # whom the touch point was recorded with

    class Meta:
        db_table = "sales_deal_stage"
        indexes = [models.Index("stage", "since", name="deal_stage_since")]
        constraints = [
            models.UniqueConstraint("deal", name="deal_stage_now", condition=Q(until=None)),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.since}"


class DealPerson(models.Model):
    """Somebody who has to do with a deal, and in which role."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="people", db_constraint=False)
    customer_id = models.UUIDField(db_index=True)
    role = models.CharField(max_length=10, choices=PersonRole.choices, default=PersonRole.OTHER)
    note = models.CharField(max_length=240, blank=True, default="")

    class Meta:
        db_table = "sales_deal_person"
        constraints = [models.UniqueConstraint("deal", "customer_id", "role", name="deal_person_once")]

    def __str__(self) -> str:
        return f"{self.role} {self.customer_id}"


class DealLine(models.Model):
    """What the deal is about. `discount` is taken off the whole line, after `discount_percent`."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="lines", db_constraint=False)
    position = models.PositiveIntegerField(default=0)
    product_id = models.UUIDField(null=True, blank=True, db_index=True)
    sku = models.CharField(max_length=80, blank=True, default="")
    name = models.CharField(max_length=240)
    quantity = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(1))
    unit_price = amount_field(default=ZERO)
    discount_percent = models.DecimalField(max_digits=6, decimal_places=3, default=ZERO)
    discount = amount_field(default=ZERO)
    interval = models.CharField(max_length=8, choices=Interval.choices, blank=True, default="")

    class Meta:
        db_table = "sales_deal_line"

    def __str__(self) -> str:
        return self.name
