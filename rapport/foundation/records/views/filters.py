"""The forms behind chips and "Add filter". They are GET forms: what they make is an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect as to
from django.urls import reverse
from django.views.decorators.http import require_safe

from rapport.foundation.records.forms import filters as forms
from rapport.foundation.records.forms.filters import Data, FilterForm, Offer
from rapport.foundation.records.queries import filters as queries
from rapport.foundation.records.queries.list_pages import current_tree, list_url, page_named, words_for
from rapport.foundation.records.queries.vocabulary import Words
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import (
    AllOf,
    AnyOf,
    Attribute,
    Behaviour,
    Condition,
    ConditionError,
    InSet,
    Occurrence,
    Problem,
    Related,
    edit,
)
from rapport.foundation.records.rules.lists import ListState, state_of
from rapport.foundation.records.types import FieldKind, ListPage, RecordType
from rapport.foundation.ui.render import render, wants_fragment
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.http import WorkspaceRequest


@dataclass
class Asked:
    """Which node a request is about: one that is there (`chip`), or a new one (`add`, beside `into`)."""

    page: ListPage
    state: ListState
    words: Words
    tree: Condition
    data: Data
    chip: str
    add: str
    into: str
    joined: str

    @property
    def pointer(self) -> str:
        return self.chip or self.into

    @property
    def record_type(self) -> RecordType:
        into_where = not self.chip and isinstance(edit.node_at(self.tree, self.into), Related)
        return queries.type_at(self.words, self.tree, f"{self.into}/where" if into_where else self.pointer)

    @property
    def node(self) -> Condition | None:
        return edit.node_at(self.tree, self.chip) if self.chip else None

    @property
    def slug(self) -> str:
        """Of the form's id, which is also what a refusal is put into. What goes into a chip is asked in the chip's form."""
        return f"f{self.pointer}".replace("/", "-") if self.pointer else "add"

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form carries along."""
        carried = [("chip", self.chip), ("add", self.add), ("into", self.into), ("joined", self.joined)]
        state = [
            ("view", self.state.view),
            ("where", conditions.encode(self.tree)),
            ("q", self.state.words),
            ("sort", self.state.sort),
            ("columns", ",".join(self.state.columns)),
            ("size", str(self.state.size)),
        ]
        return [(name, value) for name, value in carried + state if value]

    @property
    def here(self) -> str:
        """The list as it is, with the condition spelled out: pointers are about this very tree."""
        return self.state.query(where=self.tree)

    @property
    def negated(self) -> str:
        return self.state.query(where=edit.negated(self.tree, self.chip))

    @property
    def without_where(self) -> str:
        return self.state.query(where=edit.without(self.tree, f"{self.chip}/where"))

    @property
    def list_url(self) -> str:
        return list_url(self.page)

    @property
    def form_url(self) -> str:
        return reverse("records:filter", args=[self.page.name])


def asked(request: WorkspaceRequest, page_name: str) -> Asked:
    """Errors: NotFound, ConditionError."""
    page = page_named(page_name)
    params = {name: request.GET.get(name, "") for name in request.GET}
    state = state_of({**params, "columns": ",".join(request.GET.getlist("columns"))})
    tree = current_tree(page_name, state, actor=request.actor)
    return Asked(
        page, state, words_for(page, actor=request.actor), tree, Data(request.GET.getlist),
        params.get("chip", ""), "" if params.get("add") == "menu" else params.get("add", ""), params.get("into", ""), params.get("joined", ""),
    )  # fmt: skip


@require_safe
def filter_form(request: WorkspaceRequest, page: str) -> HttpResponse:
    """The form of one chip, or the menu of what can be added. Without htmx: the list with the form in it."""
    try:
        wanted = asked(request, page)
    except ConditionError as error:
        raise NotFound from error
    if not wants_fragment(request):
        return to(f"{wanted.list_url}?{request.GET.urlencode()}")
    return render(request, "records/lists/filter.html", filter_context(wanted))


def filter_context(wanted: Asked, problems: tuple[Problem, ...] = ()) -> dict[str, Any]:
    """For the template of the form; a menu when nothing was chosen to add yet."""
    context: dict[str, Any] = {"asked": wanted}
    if not wanted.chip and not wanted.add:
        return context | {"groups": queries.menu(wanted.record_type, wanted.words)}
    form = _form(wanted, problems)
    if form is None:
        raise NotFound
    if form.node == "relation" and isinstance(wanted.node, Related):
        where = wanted.node.where or AllOf()
        target = queries.related_type(wanted.words, wanted.record_type, wanted.node.relation)
        if target is not None:
            said = conditions.describe(where, target, wanted.words.vocabulary(wanted.tree)).sentence
            context |= {"where_said": "" if where == AllOf() else said, "has_where": where != AllOf()}
    return context | {"form": form}


def new_tree(wanted: Asked) -> Condition:
    """The tree with the form's node put in. Errors: ConditionError, its problems pointing into the node."""
    node = conditions.from_json(_json(wanted))
    tree = (
        edit.replaced(wanted.tree, wanted.chip, node)
        if wanted.chip
        else edit.added(wanted.tree, wanted.into, node, joined_by=AnyOf if wanted.joined == "any" else AllOf)
    )
    wanted.words.checked(tree)
    return tree


def _spec(wanted: Asked) -> tuple[str, str]:
    """What the form is about: ("field", "city"), ("relation", "works_at"), ("behaviour", kind), ("set", "view")."""
    match wanted.node:
        case Attribute(field=name):
            return "field", name
        case Related(relation=name):
            return "relation", name
        case Behaviour():
            return "behaviour", ""
        case InSet(set=name):
            return "set", name
    kind, _, name = wanted.add.partition(":")
    return kind, name


def _json(wanted: Asked) -> dict[str, Any]:
    kind, name = _spec(wanted)
    if kind == "field":
        field = wanted.record_type.field(name)
        if field is None:
            raise NotFound
        return forms.field_json(field, wanted.data)
    if kind == "relation":
        where = wanted.node.where if isinstance(wanted.node, Related) else None
        return forms.relation_json(name, wanted.data, where)
    if kind == "behaviour":
        return forms.behaviour_json(wanted.data)
    if kind == "set":
        return forms.set_json(name, wanted.data)
    raise NotFound


def _form(wanted: Asked, problems: tuple[Problem, ...]) -> FilterForm | None:
    kind, name = _spec(wanted)
    node, data = wanted.node, wanted.data
    was_sent = bool(data.one("op") or data.one("set_id") or data.one("measure"))
    record_type = wanted.record_type
    if kind == "field":
        field = record_type.field(name)
        if field is None or not field.filterable:
            return None
        if was_sent:
            return forms.sent_field_form(field, data, _offer(wanted, field.kind, name), problems)
        return forms.field_form(field, node if isinstance(node, Attribute) else None, _offer(wanted, field.kind, name))
    if kind == "relation":
        relation = next((r for r in record_type.relations if r.name == name), None)
        if relation is None:
            return None
        if was_sent:
            return forms.sent_relation_form(name, str(relation.label), data, problems)
        return forms.relation_form(name, str(relation.label), node if isinstance(node, Related) else None)
    if kind == "behaviour":
        known = wanted.words.behaviour_of(record_type.name)
        offer = Offer(
            kinds=[(word, str(label)) for word, label in known.kinds.items()],
            channels=[(word, str(label)) for word, label in known.channels.items()],
        )
        if was_sent:
            return forms.sent_behaviour_form(data, offer, problems)
        return forms.behaviour_form(node if isinstance(node, Behaviour) else Behaviour(Occurrence(name)), offer)
    if kind == "set" and name in ("view", "import"):
        offer = Offer(sets=queries.set_options(name, record_type.name, actor=wanted.words.actor))
        entries = [entry for group in queries.menu(record_type, wanted.words) for entry in group.entries]
        title = {entry.spec: entry.label for entry in entries}
        return forms.set_form(name, title[f"set:{name}"], node if isinstance(node, InSet) else None, offer, problems)
    return None


def _offer(wanted: Asked, kind: FieldKind, name: str) -> Offer:
    if kind is FieldKind.MEMBER:
        return Offer(members=queries.member_options())
    field = wanted.record_type.field(name)
    if kind is not FieldKind.RELATION or field is None:
        return Offer()
    chosen = wanted.data.many("value")
    if isinstance(wanted.node, Attribute):
        value = wanted.node.value
        chosen += [str(one) for one in (value if isinstance(value, tuple) else (value,)) if one]
    found = queries.record_options(
        field, wanted.record_type, chosen, wanted.data.one("find")[:200], actor=wanted.words.actor
    )
    return Offer(records=found)


def apply(request: WorkspaceRequest, page: str) -> ListState | HttpResponse:
    """The list's state with the form's filter in it, or the form with what is wrong."""
    try:
        wanted = asked(request, page)
    except ConditionError as error:
        raise Http404 from error
    try:
        tree = new_tree(wanted)
    except ConditionError as error:
        context = filter_context(wanted, tuple(error.problems))
        if not wants_fragment(request):
            return render(request, "records/lists/filter_page.html", context, status=422)
        response = render(request, "records/lists/filter.html", context, status=422)
        is_open = request.headers.get("HX-Source") == f"form#{wanted.slug}-open"  # on the page, not in a menu
        response["HX-Retarget"] = f"#{wanted.slug}-open" if is_open else f"#{wanted.slug}"
        response["HX-Reswap"] = "innerHTML"
        return response
    state = wanted.state
    return ListState(state.view, tree, state.words, state.sort, state.columns, state.size)
