"""What every record that people work on has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rapport.foundation.lib import clock, ids

ZERO = Decimal(0)


def no_values() -> dict[str, Any]:
    return {}


class Record(models.Model):
    """The columns that foundation.records relies on."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    notes = models.TextField(blank=True, default="")
    tags = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    custom = models.JSONField(default=no_values, blank=True)
    search = models.TextField(default="", blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)  # that created it
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def amount_field(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=4, **options)
