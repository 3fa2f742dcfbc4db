"""Addresses, and what a customer is known by: small forms that open beside the page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.services import records
from rapport.foundation.ui.render import render
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.customers.forms.parts import AddressForm, IdentityForm
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.detail import dossier, standing_customer
from rapport.stores.customers.services import addresses, contact_points
from rapport.stores.customers.services.contact_points import Taken
from rapport.stores.customers.views.answers import done

ADDRESS, IDENTITY = "customers/parts/address.html", "customers/parts/identity.html"


@require_http_methods(["GET", "POST"])
def add_address(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    form = AddressForm(request.POST or None)
    context = _context(request, customer_id, form)
    if request.method == "GET" or not form.is_valid():
        return render(request, ADDRESS, context, partial="form", status=_status(request))
    try:
        _row, operation = addresses.add_address(actor=request.actor, customer_id=customer_id, values=form.cleaned_data)
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, ADDRESS, context, partial="form", status=422)
    return done(request, customer_id, _("Address added."), operation)


@require_http_methods(["GET", "POST"])
def edit_address(request: WorkspaceRequest, customer_id: UUID, address_id: UUID) -> HttpResponse:
    known = dossier(actor=request.actor, customer_id=customer_id).addresses
    address = next((each for each in known if each.id == address_id), None)
    if address is None:
        raise NotFound(_("There is no such address."))
    form = AddressForm(request.POST or None, initial=vars(address))
    context = {**_context(request, customer_id, form), "address": address}
    if request.method == "GET" or not form.is_valid():
        return render(request, ADDRESS, context, partial="form", status=_status(request))
    try:
        _row, operation = addresses.update_address(
            actor=request.actor, customer_id=customer_id, address_id=address_id, values=form.cleaned_data
        )
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, ADDRESS, context, partial="form", status=422)
    return done(request, customer_id, _("Address changed.") if operation else "", operation)


@require_POST
def remove_address(request: WorkspaceRequest, customer_id: UUID, address_id: UUID) -> HttpResponse:
    operation = addresses.remove_address(actor=request.actor, customer_id=customer_id, address_id=address_id)
    return done(request, customer_id, _("Address removed."), operation)


@require_http_methods(["GET", "POST"])
def add_identity(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    form = IdentityForm(request.POST or None, initial={"kind": request.GET.get("kind", "")})
    context = _context(request, customer_id, form)
    if request.method == "GET" or not form.is_valid():
        return render(request, IDENTITY, context, partial="form", status=_status(request))
    try:
        operation = contact_points.add_identity(actor=request.actor, customer_id=customer_id, **form.cleaned_data)
    except Taken as taken:
        form.add_error("value", str(taken))
        if taken.customer_id and context["may_merge"]:
            context["merge_url"] = f"{reverse('customers:merge', args=[customer_id])}?other={taken.customer_id}"
        return render(request, IDENTITY, context, partial="form", status=422)
    except Invalid as error:
        form.refuse(error.problems)
        return render(request, IDENTITY, context, partial="form", status=422)
    return done(request, customer_id, _("Added."), operation)


@require_POST
def remove_identity(request: WorkspaceRequest, customer_id: UUID, identity_id: UUID) -> HttpResponse:
    operation = contact_points.remove_identity(actor=request.actor, customer_id=customer_id, identity_id=identity_id)
    return done(request, customer_id, _("Removed."), operation)


@require_POST
def make_first(request: WorkspaceRequest, customer_id: UUID, identity_id: UUID) -> HttpResponse:
    operation = contact_points.make_primary(actor=request.actor, customer_id=customer_id, identity_id=identity_id)
    return done(request, customer_id, _("This comes first now."), operation)


@require_POST
def tags(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Add tags, with commas between them, or take one away."""
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    added = [word.strip() for word in request.POST.get("add", "").split(",") if word.strip()]
    operation = None
    if added or "remove" in request.POST:
        kept = [tag for tag in customer.tags if tag != request.POST.get("remove")]
        _record, operation = records.update_record(
            actor=request.actor, record_type=RECORD_TYPE, record_id=customer.pk, values={"tags": [*kept, *added]}
        )
    return done(request, customer.pk, _("Tags changed.") if operation else "", operation)


def _context(request: WorkspaceRequest, customer_id: UUID, form: Any) -> dict[str, Any]:
    """Errors: NotFound, NotAllowed."""
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    may_merge = record_policies.may_on(request.actor, Action.MERGE, RECORD_TYPE, customer)
    return {"customer": customer, "form": form, "may_merge": may_merge}


def _status(request: WorkspaceRequest) -> int:
    return 200 if request.method == "GET" else 422
