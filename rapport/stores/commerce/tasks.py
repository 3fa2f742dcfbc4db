"""What commerce does in the worker. Safe to run twice."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.db import transaction
from django.db.utils import OperationalError
from django_tenants.utils import schema_context, tenant_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.models import Workspace
from rapport.stores.commerce.services import renewals, taking_up

_log = logging.getLogger(__name__)


@app.task(name="commerce.take_up", queue="commerce")
def take_up(*, schema: str) -> None:
    """Make orders of the touch points that have arrived."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is not None:
        with tenant_context(workspace):
            taking_up.take_up()


@app.periodic(cron="*/5 * * * *")
@app.task(name="commerce.catch_up", queue="commerce", queueing_lock="commerce.catch_up", pass_context=False)
def catch_up(timestamp: int) -> None:
    """Every five minutes, in every workspace: what nobody woke the worker for. One never hinders the others."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        with schema_context(schema):
            try:
                taking_up.take_up()
            except OperationalError:
                _log.warning("The orders of %s could not be taken up now; the next time tries again.", schema)


@app.task(name="commerce.renew", queue="commerce", retry=RetryStrategy(max_attempts=3, exponential_wait=60))
def renew(*, schema: str) -> None:
    """Renew and end the subscriptions of one workspace whose day has come."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        done = renewals.renew_due()
    _log.info("Subscriptions of %s: %s renewed, %s ended, %s not.", schema, done.renewed, done.ended, done.failed)


@app.periodic(cron="7,37 * * * *")
@app.task(name="commerce.look_for_renewals", queue="commerce", queueing_lock="commerce.renewals", pass_context=False)
def look_for_renewals(timestamp: int) -> None:
    """Twice an hour, since a day begins at another hour in each time zone: one job for each workspace with something due."""
    for workspace in Workspace.objects.order_by("created_at"):
        with tenant_context(workspace):
            due = renewals.has_due()
        if due:
            job = renew.configure(
                lock=f"commerce.renew:{workspace.schema_name}", queueing_lock=f"commerce.renew:{workspace.schema_name}"
            )
            with suppress(AlreadyEnqueued), transaction.atomic():  # so that a refusal spoils no transaction around it
                job.defer(schema=workspace.schema_name)
