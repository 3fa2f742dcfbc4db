"""Pages that every record type has without writing any: a list, one record, its form, its history. /records/<type>/…

Record types with pages of their own (customers) lead there.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import record_panels
from rapport.foundation.records.forms.pages import record_form
from rapport.foundation.records.forms.records import RecordForm
from rapport.foundation.records.queries.addresses import record_url, records_url, undo_url
from rapport.foundation.records.queries.fields import record_type, value_of
from rapport.foundation.records.queries.history import history
from rapport.foundation.records.queries.imports import list_of
from rapport.foundation.records.queries.list_pages import list_url
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.queries.record_pages import RecordPage, paged_type, record_page, related_groups
from rapport.foundation.records.rules.codec import EMPTY
from rapport.foundation.records.services import records
from rapport.foundation.records.types import Field, FieldKind, RecordType
from rapport.foundation.records.views import lists
from rapport.foundation.records.views.facts import Fact, FactGroup, FactLine, FactPanel
from rapport.foundation.records.views.history import history_page
from rapport.foundation.ui.render import in_dialog, redirect, render, saved, toast, wants_fragment
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.types import Action, Actor

DETAIL, NEW, EDIT = (f"records/records/{name}.html" for name in ("detail", "new", "edit"))
_ELSEWHERE = frozenset({"tags", "created_at", "updated_at"})
MOST_TAGS = 20


@require_safe
def listing(request: WorkspaceRequest, record_type: str) -> HttpResponse:
    """All records of a type; a list that has its own address is there."""
    declared = paged_type(record_type)
    policies.require(request.actor, Action.READ, record_type)
    page = list_of(record_type)
    if page is None or list_url(page) != request.path:
        url = list_url(page) if page else records_url(declared)
        if not url or url == request.path:
            raise NotFound(_("There is no such list."))
        query = request.META.get("QUERY_STRING", "")
        return redirect(request, f"{url}?{query}" if query else url)
    return lists.show(request, page.name)


@require_safe
def detail(request: WorkspaceRequest, record_type: str, record_id: UUID) -> HttpResponse:
    found = record_page(actor=request.actor, record_type_name=record_type, record_id=record_id)
    if found.record_type.url_name:
        return redirect(request, record_url(found.record_type, found.record.pk))
    actor = request.actor
    may = {
        "update": policies.may_on(actor, Action.UPDATE, record_type, found.record),
        "delete": found.record_type.deletable and policies.may_on(actor, Action.DELETE, record_type, found.record),
    }
    context = {
        "found": found,
        "record": found.record,
        "record_type": found.record_type,
        "may": may,
        "facts": _facts(actor, found, may_edit=may["update"]),
        "names": names_in(actor=actor, fields=found.fields, values=[found.values]),
        "tags": found.values.get("tags") or [],
        "may_tag": may["update"] and policies.may_write_field(actor, found.record_type, "tags"),
        "related": related_groups(actor=actor, record_type_name=record_type, ids=[found.record.pk]),
        "panels": _panels(request, record_type, found.record),
        "list_url": records_url(found.record_type),
    }
    return render(request, DETAIL, context)


@require_http_methods(["GET", "POST"])
def new(request: WorkspaceRequest, record_type: str) -> HttpResponse:
    """Add a record. The address may say what it begins with, such as `?customer=<id>`."""
    declared = _written(request, record_type, Action.CREATE)
    form = _form(request, declared, values=_begin_with(request, declared), data=request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _new_page(request, declared, form, status=200 if request.method == "GET" else 422)
    try:
        values = {name: value for name, value in form.cleaned_data.items() if name != "seen" and value not in EMPTY}
        record = records.create_record(actor=request.actor, record_type=record_type, values=values)
    except Invalid as error:
        form.refuse(error.problems)
        return _new_page(request, declared, form, status=422)
    said = _("%(name)s added.") % {"name": _title(declared, record)}
    undo = reverse("records:undo", args=[record.operation_id])
    if "another" not in request.POST:
        return saved(request, _back_to(request) or record_url(declared, record.pk), toast=said, undo_url=undo)
    if not in_dialog(request):
        return redirect(request, request.get_full_path(), toast=said, undo_url=undo)
    fresh = _form(request, declared, values=_begin_with(request, declared), data=None)
    response = _new_page(request, declared, fresh, status=200)
    response["HX-Reswap"] = "outerHTML"  # morphing would keep what was typed
    return toast(response, said, undo)


@require_http_methods(["GET", "POST"])
def edit(request: WorkspaceRequest, record_type: str, record_id: UUID) -> HttpResponse:
    """Change a record. 409: somebody else changed the same fields meanwhile, and the person chooses what stays."""
    declared = _written(request, record_type, Action.UPDATE)
    record = policies.get_record(request.actor, record_type, record_id, Action.UPDATE)
    form = _form(request, declared, record=record, data=request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _edit_page(request, declared, record, form, status=200 if request.method == "GET" else 422)
    try:
        _record, operation = records.update_record(
            actor=request.actor, record_type=record_type, record_id=record.pk, values=form.changed(),
            expected_version=form.seen_version(), seen=form.seen_values(),
        )  # fmt: skip
    except Invalid as error:
        form.refuse(error.problems)
        return _edit_page(request, declared, record, form, status=422)
    except Conflict as conflict:
        form.meet(conflict.current)
        return _edit_page(request, declared, record, form, status=409)
    done = _("Saved.") if operation else ""
    return saved(request, record_url(declared, record.pk), toast=done, undo_url=undo_url(operation))


@require_http_methods(["GET", "POST"])
def fact(request: WorkspaceRequest, record_type: str, record_id: UUID, name: str) -> HttpResponse:
    """One line of the facts panel: GET its form, or with `show` its value; POST changes it in place."""
    declared = _written(request, record_type, Action.READ)
    record = policies.get_record(request.actor, record_type, record_id)
    if not wants_fragment(request):
        return redirect(request, reverse("records:record-edit", args=[record_type, record.pk]))
    field = declared.field(name)
    if field is None or not policies.may_read_field(request.actor, declared, name):
        raise NotFound(_("There is no such field."))
    may_edit = policies.may_write_field(request.actor, declared, name) and policies.may_on(
        request.actor, Action.UPDATE, record_type, record
    )
    return Fact(request, FACTS, declared, record, field).answer(
        lambda: _form(request, declared, record=record, names=[name], data=request.POST or None), may_edit=may_edit
    )


@require_POST
def tags(request: WorkspaceRequest, record_type: str, record_id: UUID) -> HttpResponse:
    """Add tags, parted by commas, or remove one."""
    declared = _written(request, record_type, Action.UPDATE)
    record = policies.get_record(request.actor, record_type, record_id, Action.UPDATE)
    added = [tag.strip() for tag in request.POST.get("add", "").split(",") if tag.strip()][:MOST_TAGS]
    removed = request.POST.getlist("remove")[:MOST_TAGS]
    url = record_url(declared, record.pk)
    if not added and not removed:
        return redirect(request, url)
    try:
        operation = records.update_records(
            actor=request.actor, record_type=record_type, ids=[record.pk], add_tags=added, remove_tags=removed
        )
    except Invalid as error:
        return redirect(request, url, toast=" ".join(error.problems.values()))
    said = _("Tags changed.") if operation else ""
    return saved(request, url, toast=said, undo_url=undo_url(operation))


@require_POST
def put_into_bin(request: WorkspaceRequest, record_type: str, record_id: UUID) -> HttpResponse:
    declared = _written(request, record_type, Action.DELETE)
    if not declared.deletable:
        raise NotFound(_("These records can't be put into the bin."))
    record = policies.get_record(request.actor, record_type, record_id, Action.DELETE)
    title = _title(declared, record)
    operation = records.bin_records(actor=request.actor, record_type=record_type, ids=[record.pk], label=title)
    said = _("%(name)s is in the bin.") % {"name": title}
    return redirect(request, records_url(declared), toast=said, undo_url=undo_url(operation))


@require_safe
def history_of(request: WorkspaceRequest, record_type: str, record_id: UUID) -> HttpResponse:
    paged_type(record_type)
    record = policies.get_record(request.actor, record_type, record_id)
    return history_page(request, record_type=record_type, record=record, ids=[record.pk])


def _written(request: WorkspaceRequest, name: str, action: Action) -> RecordType:
    """The type with all its fields, if these pages may write it. Errors: NotFound, NotAllowed."""
    declared = paged_type(name)
    if not declared.is_written or declared.url_name:
        raise NotFound(_("These records have pages of their own."))
    policies.require(request.actor, action, name)
    return record_type(name)


def _form(
    request: WorkspaceRequest,
    declared: RecordType,
    *,
    record: Any = None,
    names: list[str] | None = None,
    values: dict[str, Any] | None = None,
    data: Any = None,
) -> RecordForm:
    if record is not None:
        readable = policies.readable_fields(request.actor, declared)
        values = {field.name: value_of(record, field) for field in readable if not names or field.name in names}
    values = values or {}
    shown = [field for field in declared.fields if values.get(field.name)]
    return record_form(
        actor=request.actor,
        record_type=declared,
        names=names or (),
        values=values,
        version=record.version if record is not None else None,
        data=data,
        known=names_in(actor=request.actor, fields=shown, values=[values]) if shown else Names(),
        region=request.workspace.country,
        currency=request.workspace.currency,
    )


def _begin_with(request: WorkspaceRequest, declared: RecordType) -> dict[str, Any]:
    """References that the address names; whatever else it says is left out."""
    begun = {}
    for field in declared.fields:
        said = request.GET.get(field.name, "")
        if field.kind is FieldKind.RELATION and said:
            try:
                begun[field.name] = str(UUID(said))
            except ValueError:
                continue
    return begun


def _back_to(request: WorkspaceRequest) -> str:
    """The page of the record this one was added to, for forms that were opened from it."""
    back = request.POST.get("back") or request.GET.get("back", "")
    inside = reverse("workspace:today") if back else ""
    return back if back.startswith(inside) and not back.startswith("//") and "\\" not in back else ""


def _new_page(request: WorkspaceRequest, declared: RecordType, form: RecordForm, *, status: int) -> HttpResponse:
    context = {"form": form, "record_type": declared, "list_url": records_url(declared)}
    return render(request, NEW, context, partial="form", status=status)


def _edit_page(
    request: WorkspaceRequest, declared: RecordType, record: Any, form: RecordForm, *, status: int
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "record": record,
        "record_type": declared,
        "title": _title(declared, record),
        "record_url": record_url(declared, record.pk),
        "list_url": records_url(declared),
    }
    if form.differences:
        last = history(actor=request.actor, record_type=declared.name, ids=[record.pk], limit=1)
        context["changed_by"] = last[0].actor_name if last else ""
        theirs = {one.field.name: one.theirs for one in form.differences}
        values = [theirs, {one.field.name: one.mine for one in form.differences}]
        context["names"] = names_in(actor=request.actor, fields=[one.field for one in form.differences], values=values)
    return render(request, EDIT, context, partial="form", status=status)


def _facts(actor: Actor, found: RecordPage, *, may_edit: bool) -> list[FactGroup]:
    """Every field under its heading; what nobody may fill in is left out while it is empty."""
    groups: dict[str, FactGroup] = {}
    for field in found.fields:
        value = found.values.get(field.name)
        may_change = may_edit and policies.may_write_field(actor, found.record_type, field.name)
        if field.name in _ELSEWHERE or field.name == found.record_type.title_field:
            continue
        if value in EMPTY and not may_change:
            continue
        label = str(field.group)
        groups.setdefault(label, FactGroup(label, [])).lines.append(_line(found.record, field, value, may_change))
    return list(groups.values())


def _line(record: Any, field: Field, value: Any, may_edit: bool) -> FactLine:
    currency = str(attrgetter(field.currency.replace("__", "."))(record) or "") if field.currency else ""
    return FactLine(field, value, may_edit, currency=currency)


FACTS = FactPanel("records/records/fact.html", "record", _line)


def _panels(request: WorkspaceRequest, name: str, record: Any) -> dict[str, list[Any]]:
    """Parts of the page that apps give, by position."""
    panels: dict[str, list[Any]] = defaultdict(list)
    for each in sorted(record_panels.values(), key=lambda panel: panel.order):
        if each.record_type == name and (panel := each.render(request, request.actor, record)):
            panels[each.position].append(panel)
    return dict(panels)


def _title(declared: RecordType, record: Any) -> str:
    field = declared.field(declared.title_field)
    return str((value_of(record, field) if field else "") or declared.label)
