"""Subscriptions: a product that a customer has again and again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from rapport.stores.commerce.models.base import Record, amount_field
from rapport.stores.commerce.rules.subscriptions import Standing, renews_on
from rapport.stores.commerce.types import Interval, SubscriptionStatus


class Subscription(Record):
    """`amount` is due for each interval; `renewals` counts how often it was renewed after the start.

    Its intervals are counted from `anchor_on` and what was renewed until then: from the start, or from the day it went on
    after a pause that lasted longer than what was paid for.
    """

    number = models.CharField(max_length=80)
    customer_id = models.UUIDField()
    product_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=240)
    status = models.CharField(max_length=8, choices=SubscriptionStatus.choices, default=SubscriptionStatus.ACTIVE)
    interval = models.CharField(max_length=8, choices=Interval.choices, default=Interval.MONTH)
    quantity = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(1))
    amount = amount_field()
    currency = models.CharField(max_length=3)
    renews_itself = models.BooleanField(default=False)  # else another system or a person says when it was renewed
    price_list_id = models.UUIDField(null=True, blank=True)  # each renewal costs what this list says on its day
    started_on = models.DateField()
    anchor_on = models.DateField(null=True, blank=True)  # empty: the start
    anchor_renewals = models.PositiveIntegerField(default=0)
    renewed_on = models.DateField(null=True, blank=True)
    renews_on = models.DateField(null=True, blank=True)
    paused_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)  # instead of the next renewal
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=240, blank=True, default="")
    renewals = models.PositiveIntegerField(default=0)
    renewal_problem = models.CharField(max_length=240, blank=True, default="")  # why the worker could not renew it
    renewal_tried_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=80, blank=True, default="")
    batch_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("number", name="subscription_number", condition=Q(deleted_at=None)),
        ]
        indexes = [
            models.Index(
                F("created_at").desc(), F("id").desc(), name="subscription_newest", condition=Q(deleted_at=None)
            ),
            models.Index("customer_id", name="subscription_customer"),
            models.Index("renews_on", "id", name="subscription_renews", condition=Q(deleted_at=None)),
            models.Index("operation_id", name="subscription_operation"),
            models.Index("batch_id", name="subscription_batch", condition=Q(batch_id__isnull=False)),
            GinIndex("tags", name="subscription_tags"),
            GinIndex(OpClass(F("custom"), name="jsonb_path_ops"), name="subscription_custom"),
            GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="subscription_search"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    @property
    def next_renewal(self) -> date:
        """The day after the present interval."""
        return renews_on(self.anchor_on or self.started_on, self.interval, self.renewals - self.anchor_renewals)

    @property
    def standing(self) -> Standing:
        return Standing(
            status=self.status, renews_on=self.renews_on, ends_on=self.ends_on, renews_itself=self.renews_itself
        )
