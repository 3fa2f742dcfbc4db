"""What commerce does in the worker. Safe to run twice."""

from __future__ import annotations

import logging

from django.db.utils import OperationalError
from django_tenants.utils import schema_context, tenant_context
from procrastinate.contrib.django import app

from rapport.foundation.accounts.models import Workspace
from rapport.stores.commerce.services import taking_up

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
