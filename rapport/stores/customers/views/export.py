"""All data on one customer as a file."""

from __future__ import annotations

import tempfile
from uuid import UUID

from django.http import FileResponse
from django.views.decorators.http import require_safe

from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.services import audit
from rapport.stores.customers.queries.export import everything_about
from rapport.stores.customers.rules.files import clean_name

KEPT_IN_MEMORY = 2 * 1024 * 1024


@require_safe
def export(request: WorkspaceRequest, customer_id: UUID) -> FileResponse:
    """Written out before it is sent: once the answer streams, the connection has left the workspace."""
    found, document = everything_about(actor=request.actor, customer_id=customer_id)
    content = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 (the response closes it)
    for piece in document:
        content.write(piece.encode())
    content.seek(0)
    name = found.values.get("name") or "customer"
    audit.record(
        "customer_exported", actor=request.actor, subject=name, subject_type="customer", subject_id=found.customer.pk
    )
    response = FileResponse(
        content, as_attachment=True, filename=clean_name(f"{name}.json"), content_type="application/json"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
