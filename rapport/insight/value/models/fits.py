"""How value is worked out in this workspace, and every fit of a model with what it knew."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.insight.value.types import BUSINESS_LABELS, PERIOD_LABELS


class ValueSettings(models.Model):
    """One row a workspace; without one, the defaults hold."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    business = models.CharField(
        _("How do your customers buy?"), max_length=10, choices=list(BUSINESS_LABELS.items()), default="shop"
    )
    period = models.CharField(
        _("Occasions or renewals every"), max_length=8, choices=list(PERIOD_LABELS.items()), default="year"
    )
    margin_rate = models.DecimalField(
        _("Margin of an order without costs"),
        max_digits=5,
        decimal_places=4,
        default=Decimal("0.35"),
        validators=[MinValueValidator(Decimal("0.0001")), MaxValueValidator(Decimal(1))],
    )
    discount_rate = models.DecimalField(
        _("Discount rate a year"),
        max_digits=5,
        decimal_places=4,
        default=Decimal("0.10"),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
    )
    horizon_months = models.PositiveSmallIntegerField(
        _("Months ahead"), default=36, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    platinum_percent = models.PositiveSmallIntegerField(
        _("Platinum: the best"), default=5, validators=[MinValueValidator(1), MaxValueValidator(98)]
    )
    gold_percent = models.PositiveSmallIntegerField(
        _("Gold: down to the best"), default=20, validators=[MinValueValidator(2), MaxValueValidator(99)]
    )
    silver_percent = models.PositiveSmallIntegerField(
        _("Silver: down to the best"), default=50, validators=[MinValueValidator(3), MaxValueValidator(100)]
    )
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=150, blank=True, default="")

    def __str__(self) -> str:
        return self.business


class FitState(models.TextChoices):
    WAITING = "waiting", _("Waiting for the worker")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ModelFit(models.Model):
    """One run, from the warehouse to scores on customers. Finished ones are never changed: they are the versions."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    state = models.CharField(max_length=10, choices=FitState.choices, default=FitState.WAITING)
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.CharField(max_length=150, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)  # when the job last said that it goes on
    finished_at = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=20, blank=True, default="")
    cancel_asked = models.BooleanField(default=False)
    problem = models.CharField(max_length=500, blank=True, default="")
    # What was looked at
    business = models.CharField(max_length=10, blank=True, default="")
    settings = models.JSONField(default=dict)
    window_from = models.DateField(null=True)
    window_until = models.DateField(null=True)
    buyers = models.PositiveIntegerField(default=0)
    repeaters = models.PositiveIntegerField(default=0)
    purchases = models.PositiveIntegerField(default=0)
    groups = models.PositiveIntegerField(default=0)
    inputs_hash = models.CharField(max_length=64, blank=True, default="")
    # What came of it
    model = models.CharField(max_length=16, blank=True, default="")
    chosen_because = models.CharField(max_length=12, blank=True, default="")
    parameters = models.JSONField(default=dict)
    standard_errors = models.JSONField(default=dict)
    log_likelihood = models.FloatField(null=True)
    spend = models.JSONField(default=dict)  # parameters of the model of spending, its likelihood and errors
    candidates = models.JSONField(default=list)  # every model that was tried, with how it foretold
    calibration = models.JSONField(default=dict)  # of the one chosen
    gates = models.JSONField(default=list)
    reason = models.CharField(max_length=24, blank=True, default="")  # why there is no value; empty: there is
    currency = models.CharField(max_length=3, blank=True, default="")
    scored = models.PositiveIntegerField(default=0)
    total = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    total_low = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    total_high = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    cpu_seconds = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-asked_at"], name="model_fit_newest")]

    def __str__(self) -> str:
        return f"{self.model or self.business} {self.asked_at:%Y-%m-%d %H:%M}"
