"""Custom fields: a workspace's own, behaving like built-in ones."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.records.types import FieldKind

KINDS = [(kind.value, kind.value) for kind in FieldKind if kind not in (FieldKind.TAGS,)]


class CustomField(models.Model):
    """One field of one record type. Its values lie under `name` in the records' JSON column `custom`."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    record_type = models.CharField(max_length=40)
    name = models.SlugField(max_length=48)
    label = models.CharField(_("label"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=KINDS)
    choices = models.JSONField(default=list)  # [{"value", "label", "tone", "retired"}]
    target = models.CharField(max_length=40, blank=True)
    group = models.CharField(_("group"), max_length=80, blank=True)
    help = models.CharField(_("help"), max_length=200, blank=True)
    is_required = models.BooleanField(default=False)
    in_list = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    operation_id = models.UUIDField(null=True, blank=True)  # the import or demo that made it
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "created_at"]
        constraints = [models.UniqueConstraint(fields=["record_type", "name"], name="custom_field_name")]

    def __str__(self) -> str:
        return self.label
