"""What the ledger does in the worker."""

from __future__ import annotations

import logging

from django.db.utils import OperationalError
from django_tenants.utils import schema_context
from procrastinate.contrib.django import app

from rapport.foundation.accounts.models import Workspace
from rapport.stores.ledger.services import partitions

_log = logging.getLogger(__name__)


@app.periodic(cron="17 3 * * *")
@app.task(name="ledger.keep_partitions", queue="ledger", queueing_lock="ledger.keep_partitions", pass_context=False)
def keep_partitions(timestamp: int) -> None:
    """Every night: large ledgers go monthly, monthly ones get the next months. One workspace never hinders the others."""
    for schema in Workspace.objects.order_by("created_at").values_list("schema_name", flat=True):
        with schema_context(schema):
            try:
                made = partitions.keep_partitions()
            except OperationalError:
                _log.warning("The ledger of %s was too busy for its partitions; the next night tries again.", schema)
            else:
                if made:
                    _log.info("The ledger of %s has the partitions %s now.", schema, ", ".join(made))
