"""The history of one customer, with what was merged into it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from rapport.foundation.records.views.history import history_page
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.detail import standing_customer


@require_safe
def show(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    customer, ids = standing_customer(actor=request.actor, customer_id=customer_id)
    return history_page(request, record_type=RECORD_TYPE, record=customer, ids=ids)
