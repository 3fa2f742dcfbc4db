"""Part of the customer page: records of the workspace's own types that belong to the customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from rapport.foundation.records.queries.record_pages import related_groups
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.extension_points import Panel
from rapport.stores.customers.policies import RECORD_TYPE


def own_records_panel(request: HttpRequest, actor: Actor, customer: Any, ids: Sequence[UUID]) -> Panel | None:
    """A list for each type and field that names customers; two queries."""
    groups = related_groups(actor=actor, record_type_name=RECORD_TYPE, ids=ids, only_own=True)
    if not groups:
        return None
    return Panel("records/records/related_groups.html", {"related": groups})
