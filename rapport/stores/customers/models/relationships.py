"""Typed relationships between customers, readable from both ends."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


class RelationshipType(models.Model):
    """A kind of relationship: "works at" one way, "employs" the other. A symmetric one reads alike from both ends."""

    name = models.SlugField(primary_key=True, max_length=48)
    label = models.CharField(_("label"), max_length=80)
    inverse_label = models.CharField(_("label from the other end"), max_length=80)
    is_symmetric = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "label"]

    def __str__(self) -> str:
        return self.label


class Relationship(models.Model):
    """`from_customer` <type> `to_customer`: Marta works at Pedal & Post."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    type = models.ForeignKey(RelationshipType, on_delete=models.PROTECT, related_name="+", db_index=False)
    from_customer_id = models.UUIDField()
    to_customer_id = models.UUIDField()
    role = models.CharField(_("role"), max_length=120, blank=True, default="")
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["from_customer_id", "type", "to_customer_id"], name="relationship_once")
        ]
        indexes = [models.Index(fields=["to_customer_id", "type"], name="relationship_to")]

    def __str__(self) -> str:
        return f"{self.from_customer_id} {self.type_id} {self.to_customer_id}"
