"""Relationships of a customer, and the kinds of them a workspace knows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.forms.records import Option
from rapport.foundation.records.queries.search import find_records
from rapport.foundation.ui.render import redirect, render, saved
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Power
from rapport.stores.customers.forms.parts import RelationshipDetailsForm, RelationshipForm, RelationshipTypeForm
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import names_of
from rapport.stores.customers.queries.detail import standing_customer
from rapport.stores.customers.queries.relationships import related_to, types_in_use
from rapport.stores.customers.services import relationships
from rapport.stores.customers.views.answers import done

ADD, EDIT = "customers/relationships/add.html", "customers/relationships/edit.html"
TYPES, TYPE = "customers/relationships/types.html", "customers/relationships/type.html"


@require_http_methods(["GET", "POST"])
def add(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    form = _add_form(request)
    context = {"customer": customer, "form": form}
    if request.method == "GET" or not form.is_valid():
        return render(request, ADD, context, partial="form", status=_status(request))
    type_name, inverse = form.direction()
    ends = (form.cleaned_data["to"], customer.pk) if inverse else (customer.pk, form.cleaned_data["to"])
    try:
        _row, operation = relationships.add_relationship(
            actor=request.actor, from_id=ends[0], type_name=type_name, to_id=ends[1],
            **{name: form.cleaned_data[name] for name in ("role", "since", "until")},
        )  # fmt: skip
    except (Invalid, NotFound) as error:
        form.refuse(error.problems if isinstance(error, Invalid) else {"to": str(error)})
        return render(request, ADD, context, partial="form", status=422)
    return done(request, customer.pk, _("Relationship added."), operation)


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, customer_id: UUID, relationship_id: UUID) -> HttpResponse:
    customer, ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    related = next((each for each in related_to(actor=request.actor, ids=ids) if each.id == relationship_id), None)
    if related is None:
        raise NotFound(_("There is no such relationship."))
    form = RelationshipDetailsForm(request.POST or None, initial=vars(related))
    context = {"customer": customer, "related": related, "form": form}
    if request.method == "GET" or not form.is_valid():
        return render(request, EDIT, context, partial="form", status=_status(request))
    try:
        operation = relationships.update_relationship(
            actor=request.actor, customer_id=customer.pk, relationship_id=relationship_id, **form.cleaned_data
        )
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, EDIT, context, partial="form", status=422)
    return done(request, customer.pk, _("Relationship changed.") if operation else "", operation)


@require_POST
def remove(request: WorkspaceRequest, customer_id: UUID, relationship_id: UUID) -> HttpResponse:
    operation = relationships.remove_relationship(
        actor=request.actor, customer_id=customer_id, relationship_id=relationship_id
    )
    return done(request, customer_id, _("Relationship removed."), operation)


@require_http_methods(["GET", "POST"])
def types(request: WorkspaceRequest) -> HttpResponse:
    """The kinds of relationship, and a form for one more."""
    workspace_policies.require(request.actor, Power.MANAGE_FIELDS)
    form = RelationshipTypeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = relationships.create_type(actor=request.actor, **form.cleaned_data)
        except Invalid as error:
            form.refuse(error.problems)
        else:
            return saved(
                request, reverse("customers:relationship-types"), toast=_("“%(label)s” added.") % {"label": row.label}
            )
    return render(request, TYPES, {"form": form, "types": types_in_use()}, status=_status(request))


@require_http_methods(["GET", "POST"])
def edit_type(request: WorkspaceRequest, name: str) -> HttpResponse:
    workspace_policies.require(request.actor, Power.MANAGE_FIELDS)
    row = next((each for each in types_in_use() if each.name == name), None)
    if row is None:
        raise NotFound(_("There is no such kind of relationship."))
    form = RelationshipTypeForm(request.POST or None, initial=vars(row))
    del form.fields["is_symmetric"]
    if row.is_symmetric:
        del form.fields["inverse_label"]
    context = {"form": form, "row": row}
    if request.method == "GET" or not form.is_valid():
        return render(request, TYPE, context, partial="form", status=_status(request))
    try:
        labels = {"inverse_label": form.cleaned_data["label"], **form.cleaned_data}
        relationships.update_type(actor=request.actor, name=name, **labels)
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, TYPE, context, partial="form", status=422)
    return saved(request, reverse("customers:relationship-types"), toast=_("Saved."))


@require_POST
def remove_type(request: WorkspaceRequest, name: str) -> HttpResponse:
    try:
        relationships.remove_type(actor=request.actor, name=name)
    except Invalid as error:
        return redirect(request, reverse("customers:relationship-types"), toast="; ".join(error.problems.values()))
    return redirect(request, reverse("customers:relationship-types"), toast=_("Removed."))


def _add_form(request: WorkspaceRequest) -> RelationshipForm:
    data: Any = request.POST or None
    words = request.POST.get("to__q", "").strip()
    found = find_records(actor=request.actor, record_type=RECORD_TYPE, words=words) if words else []
    options = [Option(str(each.id), each.label, each.hint, each.avatar) for each in found]
    return RelationshipForm(data, found=options, chosen=_chosen(request, options))


def _chosen(request: WorkspaceRequest, options: list[Option]) -> Option | None:
    """What was picked stays among the choices when the form comes back."""
    try:
        picked = UUID(request.POST.get("to", ""))
    except ValueError:
        return None
    if str(picked) in {option.id for option in options}:
        return None
    name = names_of(actor=request.actor, customer_ids=[picked]).get(picked)
    return Option(str(picked), name) if name else None


def _status(request: WorkspaceRequest) -> int:
    return 200 if request.method == "GET" else 422
