"""What the warehouse does in the worker."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.utils import DatabaseError
from django_tenants.utils import schema_context, tenant_context
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.stores.warehouse.queries.freshness import freshness
from rapport.stores.warehouse.services import heartbeat, writing

_log = logging.getLogger(__name__)


@app.task(name="warehouse.write", queue="warehouse")
def write_warehouse(*, schema: str, rebuild: bool = False) -> None:
    """Bring a workspace's files up to date, or write them anew. Started anew after a crash, it takes up what is missing."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        writing.write(rebuild=rebuild is True)


@app.periodic(cron="* * * * * */30")  # the sixth place is seconds
@app.task(name="warehouse.look", queue="warehouse", queueing_lock="warehouse.look")
def look(timestamp: int) -> None:
    """Every half minute: workspaces with something new are written. One workspace never hinders the others."""
    behind = {}
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        with schema_context(schema):
            try:
                behind[schema] = freshness().behind_seconds
                if writing.has_news():
                    defer_write(rebuild=False)
            except DatabaseError:  # it is being made or erased just now
                _log.warning("The warehouse of %s could not be looked at.", schema)
    heartbeat.beat(behind)


def defer_write(rebuild: bool) -> None:
    """Have the worker write the current workspace, unless that waits already."""
    schema = current_schema()
    job = write_warehouse.configure(
        lock=f"warehouse {schema}", queueing_lock=f"warehouse {schema} {'anew' if rebuild else 'on'}"
    )
    try:
        with transaction.atomic():  # the database refuses a second one: that must not spoil the caller's transaction
            job.defer(schema=schema, rebuild=rebuild)
    except AlreadyEnqueued:
        _log.debug("The warehouse of %s waits to be written already.", schema)
