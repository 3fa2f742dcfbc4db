"""What conversations do in the worker. Safe to run twice, side by side, and to kill."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.utils import OperationalError
from django_tenants.utils import schema_context, tenant_context
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.models import Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.lib import clock
from rapport.touchpoints.conversations.queries.outbox import has_work
from rapport.touchpoints.conversations.services import delivery

_log = logging.getLogger(__name__)
TURN_SECONDS = 8.0  # a worker that is asked to end has fifteen: none is killed with a message in hand
SOON = timedelta(seconds=70)  # what is due later, the look of every minute finds


@app.task(name="conversations.deliver", queue="outbox")
def deliver(*, schema: str) -> None:
    """Hand over what is due in a workspace, and ask to be called again for what is due soon."""
    workspace = Workspace.objects.filter(schema_name=schema).first()
    if workspace is None:
        return
    with tenant_context(workspace):
        following = delivery.deliver(seconds=TURN_SECONDS)
        if following is not None and following < clock.now() + SOON:
            wake(following)


@app.periodic(cron="* * * * *")
@app.task(name="conversations.look", queue="outbox", queueing_lock="conversations.look", pass_context=False)
def look(timestamp: int) -> None:
    """Every minute, in every workspace: what is due, what was claimed by a worker that died. One never hinders the others."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        with schema_context(schema):
            try:
                if has_work():
                    wake(clock.now())
            except OperationalError:
                _log.warning("The outbox of %s could not be looked at now; the next minute tries again.", schema)


def wake(at: datetime) -> None:
    """One job for each second and workspace is enough."""
    schema = current_schema()
    second = at.replace(microsecond=0) + timedelta(seconds=1)
    lock = f"conversations.deliver:{schema}:{int(second.timestamp())}"
    with suppress(AlreadyEnqueued), transaction.atomic():
        deliver.configure(queueing_lock=lock, schedule_at=second).defer(schema=schema)
