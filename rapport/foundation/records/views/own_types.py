"""Settings: record types of the workspace's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records.forms.own_types import OwnTypeForm
from rapport.foundation.records.queries.own_types import records_in, type_definition, type_definitions
from rapport.foundation.records.services import own_types
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Power

LIST, EDIT, REMOVE = (f"records/own_types/{name}.html" for name in ("list", "edit", "remove"))


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    """Those in use, and below those that were retired."""
    rows = type_definitions(actor=request.actor)
    context = {
        "rows": [row for row in rows if row.retired_at is None],
        "retired": [row for row in rows if row.retired_at is not None],
    }
    return render(request, LIST, context)


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    """Define a type, then go on to its fields."""
    policies.require(request.actor, Power.MANAGE_FIELDS)
    form = OwnTypeForm(request.POST or None, is_new=True, initial={"link": "may"})
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, status=_status(request))
    try:
        row = own_types.create_type(actor=request.actor, **form.cleaned_data)
    except Invalid as error:
        form.refuse(error.problems)
        return _page(request, form, status=422)
    fields = f"{reverse('records:fields')}?type={row.name}"
    return redirect(request, fields, toast=_("“%(plural)s” are there. Add their fields.") % {"plural": row.plural})


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    row = type_definition(actor=request.actor, type_id=type_id)
    form = OwnTypeForm(request.POST or None, is_new=False, initial=vars(row))
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, row, status=_status(request))
    try:
        own_types.update_type(actor=request.actor, type_id=type_id, **form.cleaned_data)
    except Invalid as error:
        form.refuse(error.problems)
        return _page(request, form, row, status=422)
    return saved(request, reverse("records:own-types"), toast=_("Saved."))


@require_POST
def retire(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    """Undo is reinstating it."""
    row = own_types.retire_type(actor=request.actor, type_id=type_id)
    undo = reverse("records:own-type-reinstate", args=[type_id])
    said = _("“%(plural)s” are retired. The records stay as they are.") % {"plural": row.plural}
    return redirect(request, reverse("records:own-types"), toast=said, undo_url=undo)


@require_POST
def reinstate(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    row = own_types.reinstate_type(actor=request.actor, type_id=type_id)
    said = _("“%(plural)s” are back.") % {"plural": row.plural}
    return redirect(request, reverse("records:own-types"), toast=said)


@require_http_methods(["GET", "POST"])
def remove(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    """For good, once its name was typed."""
    row = type_definition(actor=request.actor, type_id=type_id)
    context: dict[str, Any] = {"row": row, "count": records_in(row.name), "typed": request.POST.get("confirmation", "")}
    if request.method == "GET":
        return render(request, REMOVE, context, partial="form")
    try:
        number = own_types.remove_type(actor=request.actor, type_id=type_id, confirmation=context["typed"])
    except Invalid as error:
        context["problem"] = " ".join(error.problems.values())
        return render(request, REMOVE, context, partial="form", status=422)
    said = ngettext("“%(plural)s” and %(n)s record are gone.", "“%(plural)s” and %(n)s records are gone.", number) % {
        "plural": row.plural,
        "n": number,
    }
    return redirect(request, reverse("records:own-types"), toast=said)


def _page(request: WorkspaceRequest, form: OwnTypeForm, row: Any = None, *, status: int) -> HttpResponse:
    return render(request, EDIT, {"form": form, "row": row}, partial="form", status=status)


def _status(request: WorkspaceRequest) -> int:
    return 200 if request.method == "GET" else 422
