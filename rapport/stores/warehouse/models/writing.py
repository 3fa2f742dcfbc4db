"""What the writer keeps in the database: which touch points wait, who must not come back, and what it did."""

from __future__ import annotations

from django.db import models

from rapport.foundation.lib import clock, ids


class Arrival(models.Model):
    """A batch of touch points that waits to be taken up; written in the transaction that wrote the batch.

    This is how nothing is missed. A watermark on a time would have to guess: rows are stamped before they are committed,
    by several clocks, and a slow transaction commits rows with old stamps after later ones were exported. Waiting for the
    oldest open transaction (min(xact_start) of pg_stat_activity) bounds that only for stamps taken after BEGIN on the
    database's own clock, and holds everything back while somebody's import runs. A row here becomes visible in the very
    moment its touch points do, however late, and is deleted once a manifest that holds them is on disk.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    recorded_at = models.DateTimeField()
    first_id = models.UUIDField()
    last_id = models.UUIDField()
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "warehouse_arrival"

    def __str__(self) -> str:
        return f"{self.count} of {self.recorded_at}"


class Erased(models.Model):
    """A customer whose record is gone for good. The ledger keeps its rows; the warehouse must not write them again."""

    customer_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "warehouse_erased"

    def __str__(self) -> str:
        return str(self.customer_id)


class Run(models.Model):
    """One time the writer had something to do."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    is_rebuild = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    touchpoints = models.PositiveBigIntegerField(default=0)  # taken up
    tables = models.CharField(max_length=400, blank=True, default="")  # written anew
    erased = models.PositiveIntegerField(default=0)  # customers taken out
    problem = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        db_table = "warehouse_run"

    def __str__(self) -> str:
        return f"{self.state} {self.started_at}"
