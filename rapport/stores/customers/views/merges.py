"""Making one customer of two, and two of one again; pairs that may be one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.forms.records import Option
from rapport.foundation.records.queries.search import find_records
from rapport.foundation.ui.render import redirect, render
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action
from rapport.stores.customers.forms.parts import MergeForm
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.detail import standing_customer
from rapport.stores.customers.queries.identities import open_proposals
from rapport.stores.customers.queries.merges import Comparison, chosen_sides, comparison, evidence_lines
from rapport.stores.customers.services.duplicates import find_exact_duplicates
from rapport.stores.customers.services.identities import dismiss_proposal
from rapport.stores.customers.services.merges import merge_customers, unmerge_customers
from rapport.stores.customers.views.answers import page_url

CHOOSE, COMPARE, DUPLICATES = (f"customers/merges/{page}.html" for page in ("choose", "compare", "duplicates"))


@require_http_methods(["GET", "POST"])
def merge(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """First choose the other record, then field by field what stays; POST with `merge` does it."""
    other = _id(request.POST.get("other") or request.GET.get("other"))
    if other is None:
        return _choose(request, customer_id)
    try:
        found = comparison(actor=request.actor, surviving=customer_id, absorbed=other)
    except Invalid as error:
        return _choose(request, customer_id, problem="; ".join(error.problems.values()))
    if request.method == "GET" or "merge" not in request.POST:
        return render(request, COMPARE, {"customer": found.surviving, "found": found})
    return _merge(request, found)


@require_POST
def unmerge(request: WorkspaceRequest, customer_id: UUID, merge_id: UUID) -> HttpResponse:
    """Two customers again, each with what is its own."""
    try:
        merged = unmerge_customers(actor=request.actor, merge_id=merge_id)
    except Conflict as conflict:
        return redirect(request, page_url(customer_id), toast=str(conflict))
    said = _("%(name)s is a customer of its own again.") % {
        "name": merged.absorbed_before.get("name") or _("The other one")
    }
    return redirect(request, page_url(merged.surviving_id), toast=said)


@require_safe
def duplicates(request: WorkspaceRequest) -> HttpResponse:
    record_policies.require(request.actor, Action.MERGE, RECORD_TYPE)
    found = open_proposals(actor=request.actor, limit=100)
    proposals = [{**vars(pair), "shown": evidence_lines(request.actor, pair.evidence)} for pair in found]
    return render(request, DUPLICATES, {"proposals": proposals})


@require_POST
def look_for_duplicates(request: WorkspaceRequest) -> HttpResponse:
    number = find_exact_duplicates(actor=request.actor)
    said = ngettext("%(n)s new pair found.", "%(n)s new pairs found.", number) % {"n": number}
    return redirect(
        request,
        reverse("customers:duplicates"),
        toast=said if number else _("No new pairs. Every one is known already."),
    )


@require_POST
def dismiss(request: WorkspaceRequest, proposal_id: UUID) -> HttpResponse:
    dismiss_proposal(actor=request.actor, proposal_id=proposal_id)
    return redirect(
        request, reverse("customers:duplicates"), toast=_("They stay two. The pair won’t be proposed again.")
    )


def _merge(request: WorkspaceRequest, found: Comparison) -> HttpResponse:
    merged = merge_customers(
        actor=request.actor,
        surviving_id=found.surviving.pk,
        absorbed_id=found.absorbed.pk,
        chosen=chosen_sides(request.POST, found.rows),
    )
    said = _("%(one)s and %(other)s are one customer now.") % {
        "one": found.surviving.name,
        "other": found.absorbed.name,
    }
    undo = reverse("records:undo", args=[merged.operation_id])
    return redirect(request, page_url(merged.surviving_id), toast=said, undo_url=undo)


def _choose(request: WorkspaceRequest, customer_id: UUID, problem: str = "") -> HttpResponse:
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    record_policies.get_record(request.actor, RECORD_TYPE, customer.pk, Action.MERGE)
    words = request.GET.get("other__q", "").strip()
    found = find_records(actor=request.actor, record_type=RECORD_TYPE, words=words) if words else []
    options = [Option(str(each.id), each.label, each.hint, each.avatar) for each in found if each.id != customer.pk]
    form = MergeForm({} if problem else None, found=options)
    if problem:
        form.add_error("other", problem)
    return render(request, CHOOSE, {"customer": customer, "form": form}, status=422 if problem else 200)


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
