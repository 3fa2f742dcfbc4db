"""Pipelines and their stages, as a workspace set them up. Without any it has those of rules.presets."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.applications.sales.types import State
from rapport.foundation.lib import clock


class Pipeline(models.Model):
    key = models.CharField(max_length=40, primary_key=True)
    label = models.CharField(max_length=80)
    position = models.PositiveIntegerField(default=0)
    may_skip = models.BooleanField(default=True)
    may_go_back = models.BooleanField(default=True)
    approval_above = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.label


class Stage(models.Model):
    """`required` names fields that a deal must have here; `days_expected` is how long it usually stays."""

    key = models.CharField(max_length=40, primary_key=True)
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    label = models.CharField(max_length=80)
    position = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=4, choices=State.choices, default=State.OPEN)
    probability = models.DecimalField(max_digits=4, decimal_places=3, default=0)
    days_expected = models.PositiveIntegerField(null=True, blank=True)
    required: Any = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    may_begin = models.BooleanField(default=True)
    needs_approval = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.UUIDField(null=True, blank=True)  # the operation, which can be taken back
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.label
