"""What permission does in the worker."""

from __future__ import annotations

import logging

from django_tenants.utils import schema_context
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from rapport.foundation.accounts.models import Workspace
from rapport.touchpoints.permission.services.standing import tell_due

_log = logging.getLogger(__name__)


@app.task(name="permission.tell_consents", queue="customers", retry=RetryStrategy(max_attempts=4, exponential_wait=5))
def tell_consents(*, schema: str) -> None:
    """Tell anew where permissions stand that expired or whose customers were merged."""
    if not Workspace.objects.filter(schema_name=schema).exists():
        return
    with schema_context(schema):
        if changed := tell_due():
            _log.info("Permissions of %s customers were told anew in %s.", changed, schema)


@app.periodic(cron="*/10 * * * *")
@app.task(name="permission.tell_all_consents", queue="customers", queueing_lock="permission.tell_all_consents")
def tell_all_consents(timestamp: int) -> None:
    """One job for each workspace."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        tell_consents.configure(lock=f"permission.consents:{schema}").defer(schema=schema)
