"""What customers do in the worker."""

from __future__ import annotations

import logging

from django_tenants.utils import schema_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rapport.foundation.accounts.models import Workspace
from rapport.stores.customers.services import phases

_log = logging.getLogger(__name__)
SOON_SECONDS = 5  # marks that come one after another are taken together


@app.task(name="customers.tell_phases", queue="customers", retry=RetryStrategy(max_attempts=6, exponential_wait=3))
def tell_phases(*, schema: str, everyone: bool = False) -> None:
    """Tell the phases of customers who are marked, or also of those whose life was told by other rules or whose time came."""
    if not Workspace.objects.filter(schema_name=schema).exists():
        return
    with schema_context(schema):
        told = phases.tell_all_due() if everyone is True else phases.tell_due()
        if told.changed:
            _log.info("Phases of %s customers changed in %s.", told.changed, schema)


@app.periodic(cron="41 2 * * *")
@app.task(name="customers.tell_all_phases", queue="customers", queueing_lock="customers.tell_all_phases")
def tell_all_phases(timestamp: int) -> None:
    """Every night: who lapses because time passes, and whom a killed process forgot to mark. One job for each workspace."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        tell_phases.configure(lock=f"customers.phases:{schema}").defer(schema=schema, everyone=True)
