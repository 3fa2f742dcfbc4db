"""What views of one customer share: the way back to the page, and saying what was done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from rapport.foundation.records.queries.addresses import undo_url
from rapport.foundation.ui.render import saved
from rapport.foundation.workspace.http import WorkspaceRequest


def page_url(customer_id: UUID) -> str:
    return reverse("customers:detail", args=[customer_id])


def done(request: WorkspaceRequest, customer_id: UUID, text: str, operation: Any = None) -> HttpResponse:
    """Back to the customer's page, with a note and Undo."""
    return saved(request, page_url(customer_id), toast=text, undo_url=undo_url(operation))
