"""Saved views: a condition, columns and an order under a name; and what each member does with them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock, ids


class SavedView(models.Model):
    """A list as somebody keeps it. `page` is the list it belongs to: organisations and persons each have their own."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    page = models.CharField(max_length=60)
    record_type = models.CharField(max_length=40)
    name = models.CharField(_("name"), max_length=80)
    member_id = models.UUIDField()  # who made it
    is_shared = models.BooleanField(_("shared with everyone"), default=False)
    condition = models.JSONField(default=dict)
    columns = models.JSONField(default=list)  # names of fields; empty: those the list begins with
    sort = models.CharField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "member_id", "name"], name="saved_view_name")]

    def __str__(self) -> str:
        return self.name


class ViewMark(models.Model):
    """What a member does with a view, be it a saved one (its id) or one that comes with the list (its word)."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    member_id = models.UUIDField()
    page = models.CharField(max_length=60)
    view = models.CharField(max_length=60)
    is_pinned = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member_id", "page", "view"], name="view_mark_once"),
            models.UniqueConstraint(
                fields=["member_id", "page"], condition=models.Q(is_default=True), name="view_mark_one_default"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.view}"
