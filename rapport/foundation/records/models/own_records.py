"""Record types that a workspace defined itself, and their records: all in one table, so that defining one moves nothing."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


def _no_custom_values() -> dict[str, Any]:
    return {}


class OwnType(models.Model):
    """One record type of the workspace. Its fields, beside the few that every type has, are CustomFields."""

    class Link(models.TextChoices):
        NONE = "none", _("No")
        MAY = "may", _("Yes, each can belong to a customer")
        MUST = "must", _("Yes, each must belong to a customer")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=40, unique=True)  # "x_boat", for programs, conditions and addresses
    label = models.CharField(_("name"), max_length=60)
    plural = models.CharField(_("plural"), max_length=60)
    icon = models.CharField(_("icon"), max_length=40)
    title_label = models.CharField(_("title field"), max_length=60)
    link = models.CharField(_("belongs to a customer"), max_length=4, choices=Link.choices, default=Link.MAY)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    records: int  # how many live ones there are; known where the types are listed

    class Meta:
        db_table = "custom_type"
        ordering = ["position", "created_at"]

    def __str__(self) -> str:
        return self.label


class OwnRecord(models.Model):
    """One record of a type the workspace defined."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    type = models.CharField(max_length=40)  # the name of its OwnType
    title = models.CharField(max_length=500)
    customer_id = models.UUIDField(null=True, blank=True)
    owner_id = models.UUIDField(null=True, blank=True)
    tags = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    custom = models.JSONField(default=_no_custom_values, blank=True)
    search = models.TextField(default="", blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)  # that created it
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "custom_record"
        # Every question begins with the type; lists page by (column, id) over live rows.
        indexes = [
            models.Index(
                "type",
                F("created_at").desc(),
                F("id").desc(),
                name="custom_record_newest",
                condition=Q(deleted_at=None),
            ),
            models.Index("type", "title", "id", name="custom_record_title", condition=Q(deleted_at=None)),
            models.Index(
                "type",
                "customer_id",
                F("created_at").desc(),
                name="custom_record_customer",
                condition=Q(customer_id__isnull=False),
            ),
            models.Index("type", "owner_id", "id", name="custom_record_owner", condition=Q(deleted_at=None)),
            models.Index(
                "type", F("deleted_at").desc(), name="custom_record_bin", condition=Q(deleted_at__isnull=False)
            ),
            models.Index("operation_id", name="custom_record_operation"),
            GinIndex("tags", name="custom_record_tags"),
            GinIndex(OpClass(F("custom"), name="jsonb_path_ops"), name="custom_record_custom"),
            GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="custom_record_search"),
        ]

    def __str__(self) -> str:
        return self.title
