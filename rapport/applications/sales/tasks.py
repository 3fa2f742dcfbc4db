"""What sales does in the worker. Safe to run twice."""

from __future__ import annotations

import logging

from django.db.utils import OperationalError
from django_tenants.utils import schema_context
from procrastinate.contrib.django import app

from rapport.applications.sales.services.rhythm import tell_rhythm
from rapport.foundation.accounts.models import Workspace

_log = logging.getLogger(__name__)


@app.periodic(cron="17 * * * *")
@app.task(name="sales.rhythm", queue="sales", queueing_lock="sales.rhythm", pass_context=False)
def tell_all(timestamp: int) -> None:
    """Every hour, in every workspace: which deals have gone quiet. One never hinders the others."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        with schema_context(schema):
            try:
                tell_rhythm()
            except OperationalError:
                _log.warning("The rhythm of the deals of %s could not be told now; the next hour tries again.", schema)
