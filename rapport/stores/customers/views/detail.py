"""The customer page, and changing one fact in place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.forms.records import RecordForm
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.rules.codec import EMPTY
from rapport.foundation.records.types import Field
from rapport.foundation.records.views.facts import Fact, FactGroup, FactLine, FactPanel
from rapport.foundation.ui.render import redirect, render, wants_fragment
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.extension_points import customer_facts, customer_panels
from rapport.stores.customers.forms.customers import country_name, fact_form, language_name
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.detail import Dossier, Moved, dossier, standing_customer
from rapport.stores.customers.queries.relationships import WORKS_AT, Related, ids_with
from rapport.stores.customers.rules.graph import Tie, drawing, height
from rapport.stores.customers.types import CustomerKind
from rapport.stores.customers.views.answers import page_url
from rapport.stores.customers.views.neighbours import list_opened_from

PAGE = "customers/customers/detail.html"
# Shown elsewhere on the page: in the heading, as tags, as a text of their own, in the life cycle.
_ELSEWHERE = frozenset(
    {"name", "given_name", "family_name", "kind", "tags", "notes", "created_at", "updated_at"}
    | {"phase", "phase_since", "recruited_on"}
)
_FIRST = (
    "email",
    "phone",
    "website",
    "job_title",
    "organisation_name",
    "city",
    "country",
    "language",
    "timezone",
    "birth_date",
)

_WORDS = {"country": country_name, "language": language_name}


@require_safe
def detail(request: WorkspaceRequest, customer_id: UUID) -> HttpResponse:
    """Everything about one customer. An id that was merged leads to the customer it is now."""
    try:
        found = dossier(actor=request.actor, customer_id=customer_id)
    except Moved as moved:
        return redirect(request, page_url(moved.surviving_id))
    context = _context(request.actor, found)
    context["with_people"] = bool(context["people"]) and request.GET.get("people") == "1"
    context["panels"] = _panels(request, found, context["people"] if context["with_people"] else [])
    context["opened_from"] = list_opened_from(request)
    return render(request, PAGE, context)


@require_http_methods(["GET", "POST"])
def fact(request: WorkspaceRequest, customer_id: UUID, name: str) -> HttpResponse:
    """One line of the facts panel: GET its form, or with `show` its value; POST changes it in place."""
    customer, _ids = standing_customer(actor=request.actor, customer_id=customer_id)
    if not wants_fragment(request):
        return redirect(request, reverse("customers:edit", args=[customer.pk]))
    declared = record_type(RECORD_TYPE)
    field = declared.field(name)
    if field is None or not record_policies.may_read_field(request.actor, declared, name):
        raise NotFound(_("There is no such field."))
    values = {name: value_of(customer, field)}

    def form() -> RecordForm:
        return fact_form(
            actor=request.actor, record_type=declared, field=field, values=values, version=customer.version,
            data=request.POST or None, known=names_in(actor=request.actor, fields=[field], values=[values]),
            region=request.workspace.country, currency=request.workspace.currency,
        )  # fmt: skip

    may_edit = record_policies.may_write_field(request.actor, declared, name)
    return Fact(request, FACTS, declared, customer, field).answer(form, may_edit=may_edit)


def _line(_customer: Any, field: Field, value: Any, may_edit: bool) -> FactLine:
    words = _WORDS.get(field.name) if not field.custom else None
    return FactLine(field, value, may_edit, text=words(value) if words and value else "")


FACTS = FactPanel("customers/customers/fact.html", "customer", _line)


def _panels(request: WorkspaceRequest, found: Dossier, people: Sequence[Related]) -> dict[str, list[Any]]:
    """Parts of the page that other apps give, by position. With `people`, the middle also shows what happened with them."""
    wider = ids_with(people, found.ids)
    panels: dict[str, list[Any]] = defaultdict(list)
    for each in sorted(customer_panels.values(), key=lambda panel: panel.order):
        ids = wider if each.position == "main" else found.ids
        panel = each.render(request, request.actor, found.customer, ids)
        if panel is not None:
            panels[each.position].append(panel)
    return dict(panels)


def _context(actor: Actor, found: Dossier) -> dict[str, Any]:
    customer = found.customer
    may = {
        "update": _may(actor, Action.UPDATE, customer),
        "delete": _may(actor, Action.DELETE, customer),
        "merge": _may(actor, Action.MERGE, customer),
        "export": _may(actor, Action.EXPORT, customer),
    }
    ties = [
        Tie(each.other_id, each.name, each.kind, each.type, each.label, each.is_over) for each in found.relationships
    ]
    nodes = drawing(ties)
    return {
        "found": found,
        "customer": customer,
        "may": may,
        "facts": _facts(actor, found, may_edit=may["update"]),
        "more_facts": [line for source in customer_facts.values() for line in source(actor, customer, found.ids)],
        "names": _names(actor, found),
        "employer": _employer(found),
        "people": _people(found),
        "nodes": nodes,
        "graph_height": height(nodes),
        "tags": found.values.get("tags"),
        "tags_field": found.record_type.field("tags"),
        "may_tag": may["update"] and record_policies.may_write_field(actor, found.record_type, "tags"),
        "history_url": reverse("customers:history", args=[customer.pk]),
    }


def _facts(actor: Actor, found: Dossier, *, may_edit: bool) -> list[FactGroup]:
    """Fields that hold something. What is empty is filled in through the form."""
    groups: dict[str, FactGroup] = {}
    for field in sorted(found.fields, key=lambda f: _FIRST.index(f.name) if f.name in _FIRST else len(_FIRST)):
        value = found.values.get(field.name)
        if field.name in _ELSEWHERE or value in EMPTY:
            continue
        label = str(field.group) if field.custom else ""
        may_change = may_edit and record_policies.may_write_field(actor, found.record_type, field.name)
        groups.setdefault(label, FactGroup(label, [])).lines.append(_line(found.customer, field, value, may_change))
    return list(groups.values())


def _names(actor: Actor, found: Dossier) -> Names:
    """The owner comes with the customer; other ids cost a query only where there are any."""
    own = {"owner"}
    names = names_in(actor=actor, fields=[f for f in found.fields if f.name not in own], values=[found.values])
    if found.owner_name and found.values.get("owner"):
        return Names({**names.members, str(found.values["owner"]): found.owner_name}, names.records)
    return names


def _employer(found: Dossier) -> Related | None:
    works = (each for each in found.relationships if each.type == WORKS_AT and not each.inverse and not each.is_over)
    return next(works, None)


def _people(found: Dossier) -> list[Related]:
    """Who works at an organisation, or belongs to a household."""
    inside = {CustomerKind.ORGANISATION: WORKS_AT, CustomerKind.HOUSEHOLD: "member_of"}.get(
        CustomerKind(found.customer.kind)
    )
    return [each for each in found.relationships if each.type == inside and each.inverse]


def _may(actor: Actor, action: Action, customer: Any) -> bool:
    """Without a query: by the rule alone where it reaches all rows, or the actor's own."""
    return record_policies.may_on(actor, action, RECORD_TYPE, customer)
