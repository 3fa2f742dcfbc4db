"""Bulk acts that take longer than a request: what was asked, how far it got."""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids


class BulkRun(models.Model):
    """One bulk act over everything that matched, done by the worker batch by batch in the order of the ids.

    `reached` is the last id of the last finished batch: a run that was interrupted goes on after it, and a record that
    no longer matches because the act itself changed it is neither missed nor done twice.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    operation_id = models.UUIDField(null=True, blank=True)
    page = models.CharField(max_length=60)
    record_type = models.CharField(max_length=40)
    member_id = models.UUIDField()
    act = models.JSONField()
    selection = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    reached = models.UUIDField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["member_id", "-created_at"], name="bulk_run_of_member")]

    def __str__(self) -> str:
        return f"{self.state} {self.done}/{self.total}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)
