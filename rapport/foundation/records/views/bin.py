"""The bin of the workspace: looking through it and taking records out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from rapport.foundation.records.queries.bin import Binned, binned, binned_types
from rapport.foundation.records.services.records import restore_records
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.http import WorkspaceRequest

PAGE = 50


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    """One record type at a time, latest first, with a search."""
    types = binned_types(actor=request.actor)
    if not types:
        raise NotAllowed(_("Your role does not let you look into the bin."))
    chosen = next((each for each in types if each.name == request.GET.get("type")), types[0])
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    rows = binned(actor=request.actor, record_type=chosen.name, words=words, before=_cursor(request), limit=PAGE + 1)
    context: dict[str, Any] = {
        "types": types,
        "chosen": chosen,
        "words": words,
        "rows": rows[:PAGE],
        "earlier": _after(rows[PAGE - 1]) if len(rows) > PAGE else "",
    }
    return render(request, "records/bin/list.html", context, partial="rows")


@require_POST
def restore(request: WorkspaceRequest, record_type: str) -> HttpResponse:
    ids = [one for text in request.POST.getlist("ids") if (one := _id(text))]
    operation = restore_records(actor=request.actor, record_type=record_type, ids=ids) if ids else None
    number = operation.counts.get("restored", 0) if operation else 0
    said = ngettext("%(n)s record is back.", "%(n)s records are back.", number) % {"n": number}
    undo = reverse("records:undo", args=[operation.id]) if operation else ""
    back = f"{reverse('records:bin')}?type={record_type}"
    return redirect(request, back, toast=said if number else _("Nothing was taken out."), undo_url=undo)


def _cursor(request: WorkspaceRequest) -> tuple[datetime, UUID] | None:
    at, _mark, pk = request.GET.get("before", "").partition("_")
    one = _id(pk)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, one) if one and moment.tzinfo else None


def _after(row: Binned) -> str:
    return f"{row.deleted_at.isoformat()}_{row.id}"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
