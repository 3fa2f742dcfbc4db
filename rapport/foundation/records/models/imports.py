"""Imports: what was uploaded, how it is to be read, how far it got; and the mappings people chose before."""

from __future__ import annotations

from typing import Any

from django.db import models

from rapport.foundation.lib import clock, ids


class ImportState(models.TextChoices):
    DRAFT = "draft"  # uploaded; columns are being mapped
    CHECKING = "checking"  # dry run under way
    READY = "ready"  # checked; nothing written yet
    RUNNING = "running"
    CANCELLED = "cancelled"  # stopped; what was written by then is there and can be undone
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


class Import(models.Model):
    """One file on its way into the records. Batches are cut by row and committed one by one: see ImportBatch."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    record_type = models.CharField(max_length=40)
    member_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=150)
    name = models.CharField(max_length=240)  # of the file, as it was called
    storage_key = models.CharField(max_length=400)
    size_bytes = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64)  # of the content: the same file again is recognised
    format = models.JSONField(default=dict)
    mapping = models.JSONField(default=list)
    system = models.CharField(max_length=60, blank=True, default="")  # whose export it is
    options = models.JSONField(default=dict)
    fixes = models.JSONField(default=dict)  # {"row": {"column": "text"}}: cells mended on the page
    key_field = models.CharField(max_length=48, blank=True, default="")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.DRAFT)
    batch_rows = models.PositiveIntegerField(default=10_000)
    expected_rows = models.PositiveIntegerField(default=0)
    share = models.FloatField(default=0)  # of the file that is behind
    counts = models.JSONField(default=dict)
    checked_counts = models.JSONField(default=dict)
    problem = models.CharField(max_length=500, blank=True, default="")
    operation_id = models.UUIDField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at"], name="import_newest"),
            models.Index(fields=["operation_id"], name="import_operation"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.state in (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)

    @property
    def is_open(self) -> bool:
        """Whether nothing was written yet, so that columns and format may still change."""
        return self.state in (ImportState.DRAFT, ImportState.READY)


def _no_counts() -> dict[str, Any]:
    return {}


class ImportBatch(models.Model):
    """One batch that is committed, with what it came to. Written in the same transaction as its rows."""

    pk = models.CompositePrimaryKey("import_id", "number")
    import_id = models.UUIDField()
    number = models.PositiveIntegerField()
    counts = models.JSONField(default=_no_counts)

    def __str__(self) -> str:
        return f"{self.import_id} {self.number}"


class ImportProblem(models.Model):
    """Why a row was refused, or what is odd about it. The first thousand; all refused rows are in a file."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    import_id = models.UUIDField()
    batch = models.PositiveIntegerField(default=0)
    row = models.PositiveIntegerField()
    heading = models.CharField(max_length=120, blank=True, default="")
    value = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=500)
    is_warning = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["import_id", "is_warning", "row"], name="import_problem_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"


class RememberedMapping(models.Model):
    """Where the columns of files of one shape went last time."""

    fingerprint = models.CharField(primary_key=True, max_length=32)
    record_type = models.CharField(max_length=40)
    mapping = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    key_field = models.CharField(max_length=48, blank=True, default="")
    used_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.fingerprint


class ExportRun(models.Model):
    """A list on its way into a file, made by the worker; the file waits to be fetched for some days."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    record_type = models.CharField(max_length=40)
    page = models.CharField(max_length=60, blank=True, default="")
    member_id = models.UUIDField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8)  # csv, xlsx, parquet
    columns = models.JSONField(default=list)
    selection = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    storage_key = models.CharField(max_length=400, blank=True, default="")
    problem = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["member_id", "-created_at"], name="export_run_of_member")]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)
