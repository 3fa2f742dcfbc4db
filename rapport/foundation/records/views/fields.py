"""Settings: a workspace's own fields."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records.extension_points import record_types
from rapport.foundation.records.forms import fields as forms
from rapport.foundation.records.forms.fields import FieldForm
from rapport.foundation.records.queries.definitions import definition, definitions, groups
from rapport.foundation.records.services import fields
from rapport.foundation.records.types import RecordType
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace import policies
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Power

LIST, EDIT = "records/fields/list.html", "records/fields/edit.html"


@require_safe
def show(request: WorkspaceRequest) -> HttpResponse:
    """Fields of one record type; retired ones below."""
    policies.require(request.actor, Power.MANAGE_FIELDS)
    types = [each for each in record_types.values() if each.custom_fields]
    chosen = _type(request.GET.get("type", "") or types[0].name)
    rows = [(row, forms.kind_said(row.kind)) for row in definitions(actor=request.actor, record_type=chosen.name)]
    context = {
        "types": types,
        "chosen": chosen,
        "rows": [row for row in rows if row[0].retired_at is None],
        "retired": [row for row in rows if row[0].retired_at is not None],
        "built_in": [field for field in chosen.fields if not field.custom],
    }
    return render(request, LIST, context)


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.MANAGE_FIELDS)
    chosen = _type(request.GET.get("type", "customer"))
    form = FieldForm(
        request.POST or None, is_new=True, initial={"kind": "text", "in_list": True, "target": chosen.name}
    )
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, chosen, _sent(request, []), status=_status(request))
    try:
        row = fields.create_field(
            actor=request.actor, record_type=chosen.name, choices=forms.sent_choices(request.POST), **form.cleaned_data
        )
    except Invalid as error:
        form.refuse(error.problems)
        return _page(request, form, chosen, _sent(request, []), status=422)
    return saved(request, _list_url(chosen), toast=_("“%(label)s” added.") % {"label": row.label})


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, field_id: UUID) -> HttpResponse:
    row = definition(actor=request.actor, field_id=field_id)
    chosen = _type(row.record_type)
    form = FieldForm(request.POST or None, is_new=False, initial=vars(row))
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, chosen, _sent(request, row.choices), row, status=_status(request))
    values: dict[str, Any] = {**form.cleaned_data, "choices": forms.sent_choices(request.POST)}
    try:
        fields.update_field(actor=request.actor, field_id=field_id, **values)
    except Invalid as error:
        form.refuse(error.problems)
        return _page(request, form, chosen, _sent(request, row.choices), row, status=422)
    return saved(request, _list_url(chosen), toast=_("Saved."))


@require_POST
def retire(request: WorkspaceRequest, field_id: UUID) -> HttpResponse:
    """Undo is reinstating it."""
    row = fields.retire_field(actor=request.actor, field_id=field_id)
    undo = reverse("records:field-reinstate", args=[field_id])
    said = _("“%(label)s” is retired. Records keep what it holds.") % {"label": row.label}
    return redirect(request, _list_url(_type(row.record_type)), toast=said, undo_url=undo)


@require_POST
def reinstate(request: WorkspaceRequest, field_id: UUID) -> HttpResponse:
    row = definition(actor=request.actor, field_id=field_id)
    try:
        fields.reinstate_field(actor=request.actor, field_id=field_id)
    except Conflict as conflict:
        return redirect(request, _list_url(_type(row.record_type)), toast=str(conflict))
    return redirect(request, _list_url(_type(row.record_type)), toast=_("“%(label)s” is back.") % {"label": row.label})


@require_POST
def move(request: WorkspaceRequest, field_id: UUID) -> HttpResponse:
    """One place up or down."""
    row = definition(actor=request.actor, field_id=field_id)
    rows = definitions(actor=request.actor, record_type=row.record_type)
    order = [each.pk for each in rows if each.retired_at is None]
    if field_id in order:
        at = order.index(field_id)
        to = at - 1 if request.POST.get("to") == "up" else at + 1
        if 0 <= to < len(order):
            order[at], order[to] = order[to], order[at]
            fields.order_fields(actor=request.actor, record_type=row.record_type, ids=order)
    return redirect(request, _list_url(_type(row.record_type)))


def _page(
    request: WorkspaceRequest,
    form: FieldForm,
    chosen: RecordType,
    choices: list[dict[str, Any]],
    row: Any = None,
    *,
    status: int,
) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "chosen": chosen,
        "choices": choices,
        "tones": forms.tones(),
        "groups": groups(chosen.name),
    }
    return render(request, EDIT, context, partial="form", status=status)


def _sent(request: WorkspaceRequest, stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return forms.choice_rows(forms.sent_choices(request.POST) if request.method == "POST" else stored)


def _type(name: str) -> RecordType:
    declared = record_types.get(name)
    if declared is None or not declared.custom_fields:
        raise NotFound(_("These records have no fields of your own."))
    return declared


def _list_url(chosen: RecordType) -> str:
    return f"{reverse('records:fields')}?type={chosen.name}"


def _status(request: WorkspaceRequest) -> int:
    return 200 if request.method == "GET" else 422
