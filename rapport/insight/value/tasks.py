"""What value does in the worker."""

from __future__ import annotations

import logging
from contextlib import suppress
from uuid import UUID

from django_tenants.utils import tenant_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.insight.value.services import drivers, equity, refreshing

_log = logging.getLogger(__name__)


@app.task(name="value.refresh", queue="insight", retry=RetryStrategy(max_attempts=3, exponential_wait=60))
def refresh(*, schema: str) -> None:
    """Fit and score one workspace. Whoever is at it already goes on; a killed run is begun anew."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        done = refreshing.refresh()
        if done is None:
            return
        _log.info("Values of %s: %s, %s customers.", schema, done.state, done.scored)
        if done.state == "failed":  # the warehouse was not written yet: a little later it will be
            raise refreshing.NotYet(done.problem)


@app.periodic(cron="11 3 * * *")
@app.task(name="value.refresh_all", queue="insight", queueing_lock="value.refresh_all", pass_context=False)
def refresh_all(timestamp: int) -> None:
    """Every night, in every workspace: one job each."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        _defer(schema)


def defer_refresh() -> None:
    """Have the worker refresh the current workspace, unless that waits already."""
    _defer(current_schema())


def _defer(schema: str) -> None:
    job = refresh.configure(lock=f"value {schema}", queueing_lock=f"value {schema}")
    with suppress(AlreadyEnqueued):
        job.defer(schema=schema)


@app.task(name="value.equity_of_view", queue="insight", retry=RetryStrategy(max_attempts=3, exponential_wait=10))
def equity_of_view(*, schema: str, view_id: str) -> None:
    """Work the newest equity out for the customers of a saved view; done already, it does nothing."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is not None:
        with tenant_context(workspace):
            equity.keep_view(UUID(view_id))


def defer_equity_of_view(view_id: UUID) -> None:
    with suppress(AlreadyEnqueued):
        equity_of_view.configure(queueing_lock=f"value.equity:{current_schema()}:{view_id}").defer(
            schema=current_schema(), view_id=str(view_id)
        )


@app.task(name="value.fit_drivers", queue="insight", retry=RetryStrategy(max_attempts=3, exponential_wait=10))
def fit_drivers(*, schema: str, result_id: str) -> None:
    """Fit the model of a study of drivers; a result that is there stays as it is."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is not None:
        with tenant_context(workspace):
            drivers.fit_study(UUID(result_id))


def defer_fit_of_drivers(result_id: UUID) -> None:
    fit_drivers.defer(schema=current_schema(), result_id=str(result_id))
