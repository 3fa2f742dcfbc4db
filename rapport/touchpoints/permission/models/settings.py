"""What a workspace sets: purposes of its own, what customers are shown, when they are left in peace and how often they hear."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.touchpoints.permission.types import PurposeKind


def _every_day() -> list[int]:
    return list(range(7))


class OwnPurpose(models.Model):
    """A purpose the workspace added. Never removed, because evidence names it; retired instead."""

    name = models.SlugField(max_length=40, primary_key=True)
    label = models.CharField(_("name"), max_length=80)
    help = models.CharField(_("what customers get"), max_length=200, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=12, choices=PurposeKind.choices, default=PurposeKind.MARKETING)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "name"]

    def __str__(self) -> str:
        return self.label


class Wording(models.Model):
    """What customers are shown when they are asked, word by word. A version that evidence names never changes."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    purpose = models.CharField(max_length=40)
    language = models.CharField(_("language"), max_length=10, default="en")
    version = models.PositiveIntegerField(default=1)
    text = models.TextField(_("text"), max_length=2000)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="wording_version"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} {self.version}"


class QuietHours(models.Model):
    """A time of day and days of the week in which nothing is sent, by the customer's clock."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    channel = models.CharField(_("channel"), max_length=20, blank=True, default="")
    start = models.PositiveSmallIntegerField(_("from"))  # minutes of the day
    end = models.PositiveSmallIntegerField(_("to"))
    days = ArrayField(models.PositiveSmallIntegerField(), default=_every_day)  # 0 is Monday
    covers_service = models.BooleanField(_("service messages too"), default=False)

    class Meta:
        verbose_name_plural = "quiet hours"
        constraints = [
            models.CheckConstraint(condition=Q(start__lt=1440) & Q(end__lt=1440), name="quiet_hours_of_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.start // 60:02}:{self.start % 60:02}–{self.end // 60:02}:{self.end % 60:02}"


class FrequencyCap(models.Model):
    """At most so many messages in any window of so many hours. Without a purpose: for every one but service."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    purpose = models.CharField(_("purpose"), max_length=40, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=20, blank=True, default="")
    most = models.PositiveSmallIntegerField(_("at most"))
    hours = models.PositiveIntegerField(_("within hours"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "channel", "hours"], name="frequency_cap_once"),
            models.CheckConstraint(condition=Q(most__gte=1) & Q(hours__gte=1), name="frequency_cap_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.most} in {self.hours} h"
