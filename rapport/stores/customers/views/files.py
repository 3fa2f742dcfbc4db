"""Files of a customer: taken in as they stream, given out so that no browser runs them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records import policies as record_policies
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.customers.forms.parts import FileForm
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.detail import standing_customer
from rapport.stores.customers.queries.files import open_file
from rapport.stores.customers.rules.files import LARGEST_BYTES
from rapport.stores.customers.services import files
from rapport.stores.customers.views.answers import done

ADD = "customers/files/add.html"
SLACK = 64 * 1024  # the form around the file


class _Limit(FileUploadHandler):
    """Stops reading a file that is too large, instead of filling the disk first."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > LARGEST_BYTES:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


@csrf_exempt  # the token is checked in _add, once the limit stands: reading it reads the file
@require_http_methods(["GET", "POST"])
def add(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Put a file on a customer."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > LARGEST_BYTES + SLACK:
        return _page(request, customer_id, _refused(), status=413)
    request.upload_handlers.insert(0, _Limit(request))
    response: HttpResponse = _add(request, customer_id)
    return response


@csrf_protect
def _add(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "GET":
        return _page(request, customer_id, form)
    sent = request.FILES.get("file")
    if sent is None or sent.name is None:
        return _page(request, customer_id, _refused(_("Choose a file.")), status=422)
    try:
        row, operation = files.add_file(
            actor=request.actor, customer_id=customer_id, name=sent.name, content=sent, size_bytes=sent.size or 0
        )
    except Invalid as error:
        return _page(request, customer_id, _refused(*error.problems.values()), status=422)
    return done(request, customer_id, _("%(name)s added.") % {"name": row.name}, operation)


@require_safe
def download(request: WorkspaceRequest, customer_id: UUID, file_id: UUID) -> FileResponse:
    """Always as an attachment, with the type its bytes prove, and nothing in it may run."""
    row, content = open_file(actor=request.actor, customer_id=customer_id, file_id=file_id)
    response = FileResponse(content, as_attachment=True, filename=row.name, content_type=row.content_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def remove(request: WorkspaceRequest, customer_id: UUID, file_id: UUID) -> HttpResponse:
    operation = files.remove_file(actor=request.actor, customer_id=customer_id, file_id=file_id)
    return done(request, customer_id, _("File removed."), operation)


def _refused(*reasons: str) -> FileForm:
    form = FileForm({}, {})
    form.errors.clear()
    for reason in reasons or (_("A file may have at most %(number)s MB.") % {"number": LARGEST_BYTES // 1024 // 1024},):
        form.add_error("file", reason)
    return form


def _page(request: WorkspaceRequest, customer_id: UUID, form: FileForm, status: int = 200) -> HttpResponse:
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    context: dict[str, Any] = {"customer": customer, "form": form, "most": LARGEST_BYTES // 1024 // 1024}
    return render(request, ADD, context, partial="form", status=status)
