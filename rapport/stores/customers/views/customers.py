"""Adding, changing and binning customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rapport.foundation.records import policies
from rapport.foundation.records.queries.addresses import undo_url
from rapport.foundation.records.queries.fields import record_type
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.services import records
from rapport.foundation.ui.render import in_dialog, redirect, render, saved, toast
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.customers.forms.customers import CustomerForm, customer_form, title_of
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import Twin, possible_twins
from rapport.stores.customers.queries.detail import standing_customer
from rapport.stores.customers.queries.fields import values_of
from rapport.stores.customers.services.customers import create_customer
from rapport.stores.customers.types import CustomerKind
from rapport.stores.customers.views.answers import page_url

NEW, EDIT = "customers/customers/new.html", "customers/customers/edit.html"


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    """Add a person, an organisation or a household. The answer to "and another" is a fresh form."""
    policies.require(request.actor, Action.CREATE, RECORD_TYPE)
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    form = _form(request, kind, data=request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _new_page(request, form, status=200 if request.method == "GET" else 422)
    try:
        customer = create_customer(actor=request.actor, values={**form.changed(), "kind": form.kind.value})
    except Invalid as error:
        form.refuse(error.problems)
        return _new_page(request, form, status=422)
    said = _("%(name)s added.") % {"name": customer.name}
    undo = reverse("records:undo", args=[customer.operation_id])
    if "another" not in request.POST:
        return saved(request, page_url(customer.pk), toast=said, undo_url=undo)
    if not in_dialog(request):
        return redirect(request, f"{reverse('customers:new')}?kind={form.kind}", toast=said, undo_url=undo)
    response = _new_page(request, _form(request, form.kind), status=200)
    response["HX-Reswap"] = "outerHTML"  # morphing would keep what was typed
    return toast(response, said, undo)


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Change a customer. 409: somebody else changed the same fields meanwhile, and the person chooses what stays."""
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.UPDATE)
    form = _form(request, customer.kind, customer=customer, data=request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _edit_page(request, customer, form, status=200 if request.method == "GET" else 422)
    try:
        _record, operation = records.update_record(
            actor=request.actor,
            record_type=RECORD_TYPE,
            record_id=customer.pk,
            values=form.changed(),
            expected_version=form.seen_version(),
            seen=form.seen_values(),
        )
    except Invalid as error:
        form.refuse(error.problems)
        return _edit_page(request, customer, form, status=422)
    except Conflict as conflict:
        form.meet(conflict.current)
        return _edit_page(request, customer, form, status=409)
    return saved(request, page_url(customer.pk), toast=_("Saved.") if operation else "", undo_url=undo_url(operation))


@require_POST
def twins(request: WorkspaceRequest) -> HttpResponse:
    """Who may be the same as the one being typed. A hint: nothing is held up by it."""
    policies.require(request.actor, Action.READ, RECORD_TYPE)
    return render(request, "customers/customers/twins.html", {"twins": _twins(request)})


@require_POST
def put_into_bin(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.DELETE)
    operation = records.bin_records(
        actor=request.actor, record_type=RECORD_TYPE, ids=[customer.pk], label=customer.name
    )
    said = _("%(name)s is in the bin.") % {"name": customer.name}
    return redirect(request, reverse("customers:list"), toast=said, undo_url=undo_url(operation))


def _form(request: WorkspaceRequest, kind: str, *, customer: Any = None, data: Any = None) -> CustomerForm:
    declared = record_type(RECORD_TYPE)
    values = values_of(customer, declared, actor=request.actor) if customer else {}
    known = names_in(actor=request.actor, fields=declared.fields, values=[values]) if customer else Names()
    return customer_form(
        actor=request.actor,
        record_type=declared,
        kind=kind,
        values=values,
        version=customer.version if customer else None,
        data=data,
        known=known,
        region=request.workspace.country,
        currency=request.workspace.currency,
    )


def _new_page(request: WorkspaceRequest, form: CustomerForm, *, status: int) -> HttpResponse:
    context = {
        "form": form,
        "title": title_of(form.kind),
        "kinds": [(kind.value, kind.label, kind is form.kind) for kind in CustomerKind],
        "twins": _twins(request) if request.method == "POST" else [],
    }
    return render(request, NEW, context, partial="form", status=status)


def _edit_page(request: WorkspaceRequest, customer: Any, form: CustomerForm, *, status: int) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "customer": customer}
    if form.differences:
        last = history(actor=request.actor, record_type=RECORD_TYPE, ids=[customer.pk], limit=1)
        context["changed_by"] = last[0].actor_name if last else ""
        theirs = {one.field.name: one.theirs for one in form.differences}
        values = [theirs, {one.field.name: one.mine for one in form.differences}]
        context["names"] = names_in(actor=request.actor, fields=[one.field for one in form.differences], values=values)
    return render(request, EDIT, context, partial="form", status=status)


def _twins(request: WorkspaceRequest) -> list[Twin]:
    said = {
        name: request.POST.get(name, "").strip()[:254]
        for name in ("name", "given_name", "family_name", "email", "phone")
    }
    return possible_twins(actor=request.actor, values=said, region=request.workspace.country)
