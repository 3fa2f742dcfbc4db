"""Operations and changes: the history of every record, and what undo reads.

An operation is one act of one actor: an edit, a bulk edit, a deletion, a merge, an import. A change is what it did to
one record. Creating a record needs no change row: the record names its operation, and its fields are the "after".
"""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids


class Operation(models.Model):
    """One act. `counts` says how many records it created, updated and so on; `undone_at` is set when it was taken back."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=40)  # edit, bulk_edit, delete, restore, merge, unmerge, import, create, demo
    label = models.CharField(max_length=200, blank=True)
    record_type = models.CharField(max_length=40, blank=True)
    member_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now)
    counts = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_name = models.CharField(max_length=150, blank=True)
    undoes_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="operation_at")]

    def __str__(self) -> str:
        return self.label or self.kind


class Change(models.Model):
    """What one operation did to one record: only the fields that changed, before and after, in their JSON form."""

    pk = models.CompositePrimaryKey("record_id", "id")
    record_id = models.UUIDField()
    id = models.UUIDField(default=ids.new_id)
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="changes", db_constraint=False)
    record_type = models.CharField(max_length=40)
    action = models.CharField(max_length=20)  # updated, deleted, restored, merged, unmerged
    at = models.DateTimeField(default=clock.now)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.action} {self.record_type} {self.record_id}"
