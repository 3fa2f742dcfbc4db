"""Studies of what drives customer equity: a survey of brands, and what the model of switching says about it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


class DriverStudy(models.Model):
    """One survey file with its assumptions. Fitted anew, it gets a new result; results are never changed."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    file_name = models.CharField(max_length=200)
    made_at = models.DateTimeField(default=clock.now)
    member_id = models.UUIDField(null=True)
    made_by = models.CharField(max_length=150)
    currency = models.CharField(max_length=3, blank=True, default="")
    brand = models.CharField(_("our brand"), max_length=80)
    population = models.PositiveIntegerField(_("customers in the market"))
    margin_rate = models.DecimalField(_("margin of a purchase"), max_digits=5, decimal_places=4)
    discount_rate = models.DecimalField(_("discount rate a year"), max_digits=6, decimal_places=4)
    years = models.PositiveSmallIntegerField(_("years"), null=True)  # none: without end
    survey = models.JSONField()  # rules.drivers.survey_to_json

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="driver_study_newest")]

    def __str__(self) -> str:
        return self.name


class DriverResult(models.Model):
    """What the model said about a study, by which version of it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    study = models.ForeignKey(DriverStudy, on_delete=models.CASCADE, related_name="results")
    state = models.CharField(max_length=10, default="waiting")  # waiting, done, failed
    model_version = models.CharField(max_length=20, blank=True, default="")
    asked_at = models.DateTimeField(default=clock.now)
    made_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    figures = models.JSONField(default=dict)
    improvement = models.JSONField(default=dict)  # {"driver", "points", "cost"}: what was asked for

    class Meta:
        indexes = [models.Index(fields=["study", "-asked_at"], name="driver_result_newest")]

    def __str__(self) -> str:
        return f"{self.study_id} {self.state}"
