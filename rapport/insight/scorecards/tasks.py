"""What the scorecard does in the worker."""

from __future__ import annotations

from contextlib import suppress

from django_tenants.utils import tenant_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.insight.scorecards.services.keeping import keep


@app.task(name="scorecards.keep", queue="insight", retry=RetryStrategy(max_attempts=3, exponential_wait=30))
def keep_scorecard(*, schema: str) -> None:
    """Measure the month and look at the wires. Doing it twice opens nothing twice."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is not None:
        with tenant_context(workspace):
            keep(currency=workspace.currency)


@app.periodic(cron="23 5 * * *")
@app.task(name="scorecards.keep_all", queue="insight", queueing_lock="scorecards.keep_all", pass_context=False)
def keep_all(timestamp: int) -> None:
    """Every morning, once phases and values are told: one job for each workspace."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        _defer(schema)


def defer_keeping() -> None:
    """For the current workspace, unless that waits already."""
    _defer(current_schema())


def _defer(schema: str) -> None:
    job = keep_scorecard.configure(lock=f"scorecards {schema}", queueing_lock=f"scorecards {schema}")
    with suppress(AlreadyEnqueued):
        job.defer(schema=schema)
