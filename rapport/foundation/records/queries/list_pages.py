"""Everything a list page shows: tabs, the sentence of filters, rows, counts. Addresses are query strings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import list_pages
from rapport.foundation.records.models import SavedView
from rapport.foundation.records.queries import lists
from rapport.foundation.records.queries.lists import Column, Count, Excluder, RowsPage
from rapport.foundation.records.queries.saved_views import Mark, marks_of, may_change, pinned_views, views_of
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import AllOf, Chip, Condition, ConditionError, edit
from rapport.foundation.records.rules.lists import COUNTED, COUNTED_WORDS, ListState
from rapport.foundation.records.types import BuiltInView, Field, FieldKind, Label, ListPage
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor, Power

ALL = BuiltInView(key="all", label=gettext_lazy("All"))
BIN = BuiltInView(key="bin", label=gettext_lazy("Bin"), icon="trash")


@dataclass(frozen=True)
class Tab:
    """A view in the row of tabs."""

    key: str
    label: Label
    query: str
    icon: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class Token:
    """One piece of the sentence: a chip, a joining word, a bracket or "not"."""

    kind: str  # chip, joiner, open, close, not
    text: str = ""
    pointer: str = ""
    chip: Chip | None = None
    remove: str = ""  # query strings
    flip: str = ""
    ask: str = ""  # of the chip's form

    @property
    def slug(self) -> str:
        """Of the ids of elements."""
        return "f" + self.pointer.replace("/", "-")


@dataclass(frozen=True)
class CurrentView:
    """The view a list shows, built-in or saved."""

    key: str
    label: str
    tree: Condition
    saved: SavedView | None = None
    problem: str = ""
    mark: Mark = field(default_factory=Mark)
    may_change: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.saved.columns) if self.saved else ()

    @property
    def sort(self) -> str:
        return self.saved.sort if self.saved else ""


@dataclass(frozen=True)
class ColumnChoice:
    """A line of the columns menu."""

    field: Field
    is_chosen: bool
    earlier: str = ""  # query string that moves the column one place forward


@dataclass(frozen=True, kw_only=True)
class ListView:
    """A list, ready to be drawn."""

    page: ListPage
    state: ListState
    words: Words
    view: CurrentView
    tree: Condition
    tabs: tuple[Tab, ...]
    tokens: tuple[Token, ...]
    opening: str
    sentence: str
    is_modified: bool  # filters differ from the view's
    in_bin: bool
    problems: tuple[conditions.Problem, ...]
    rows: RowsPage | None
    count: Count | None
    excluder: Excluder | None
    column_choices: tuple[ColumnChoice, ...]
    may: Mapping[str, bool]

    @property
    def record_type(self) -> Any:
        return self.words.record_type

    @property
    def query(self) -> str:
        """This list as a permalink, at its first page."""
        return self.state.query()

    @property
    def here(self) -> str:
        return self.state.query(cursor=self.state.cursor)

    @property
    def is_filtered(self) -> bool:
        return bool(self.state.words) or self.tree != AllOf()

    @property
    def cleared(self) -> str:
        return self.state.query(view=ALL.key, where=None, words="")

    @property
    def without_excluder(self) -> str:
        return self.state.query(where=edit.without(self.tree, self.excluder.pointer)) if self.excluder else ""

    @property
    def previous(self) -> str:
        return self.state.query(cursor=self.rows.previous) if self.rows and self.rows.previous else ""

    @property
    def following(self) -> str:
        return self.state.query(cursor=self.rows.following) if self.rows and self.rows.following else ""

    @property
    def unsearched(self) -> str:
        return self.state.query(words="")

    @property
    def owner_field(self) -> Field | None:
        """What "assign" sets."""
        return next(
            (f for f in self.words.record_type.fields if f.kind is FieldKind.MEMBER and f.name == "owner"), None
        )

    @property
    def has_tags(self) -> bool:
        return any(f.kind is FieldKind.TAGS for f in self.words.record_type.fields)

    @property
    def title_field(self) -> Field | None:
        return self.words.record_type.field(self.words.record_type.title_field)


def list_view(
    name: str,
    state: ListState,
    *,
    actor: Actor,
    exact: bool = False,
    problems: Sequence[conditions.Problem] = (),
) -> ListView:
    """`problems` are those of an address that can't be read; `exact` counts all rows, however many there are.

    Errors: NotFound, NotAllowed. A condition that does not fit is shown with its problems instead of rows.
    """
    page = page_named(name)
    policies.require(actor, Action.READ, page.record_type)
    words = words_for(page, actor=actor)
    saved, marks = views_of(page.name, actor=actor), marks_of(page.name, actor=actor)
    view = _current(page, state.view, saved, marks, actor)
    tree = edit.grouped(view.tree if state.where is None else state.where)
    in_bin = view.key == BIN.key
    problems = tuple(problems) or tuple(_problems(tree, view, state, words))
    rows = count = excluding = None
    if not problems:
        found = lists.matching_rows(page, tree, words=words, said=state.words, binned=in_bin)
        rows = lists.rows_page(found, page, state, words=words, sort=view.sort, columns=view.columns)
        if not rows.previous and not rows.following and not state.cursor:
            count = Count(len(rows.rows), is_exact=True)
        else:
            most = COUNTED_WORDS if state.words else COUNTED
            count = lists.exact_count(found) if exact else lists.count_of(found, most=most)
        if not rows.rows and not state.cursor:
            excluding = lists.excluder(page, tree, words=words, said=state.words)
    description = words.describe(tree)
    return ListView(
        page=page,
        state=state,
        words=words,
        view=view,
        tree=tree,
        tabs=tuple(_tabs(page, view, saved, marks, actor)),
        tokens=tuple(_tokens(description.chips, description.joiner, "", tree, state)),
        opening=description.opening,
        sentence=description.sentence,
        is_modified=state.where is not None and edit.grouped(view.tree) != tree,
        in_bin=in_bin,
        problems=problems,
        rows=rows,
        count=count,
        excluder=excluding,
        column_choices=tuple(_column_choices(page, words, rows.columns if rows else (), state)),
        may=_may(page, actor),
    )


def page_named(name: str) -> ListPage:
    page = list_pages.get(name)
    if page is None:
        raise NotFound(_("There is no such list."))
    return page


def words_for(page: ListPage, *, actor: Actor) -> Words:
    return Words(readable_type(page.record_type, actor=actor), actor)


def current_tree(name: str, state: ListState, *, actor: Actor) -> Condition:
    """What a list is filtered by: the address's condition, else its view's. Errors: NotFound."""
    if state.where is not None:
        return edit.grouped(state.where)
    page = page_named(name)
    saved, marks = views_of(page.name, actor=actor), marks_of(page.name, actor=actor)
    return edit.grouped(_current(page, state.view, saved, marks, actor).tree)


def pinned(*, actor: Actor) -> list[tuple[ListPage, str, str]]:
    """List, view and name of what the actor pinned; one query."""
    return [(list_pages[page], key, name) for page, key, name in pinned_views(actor=actor) if page in list_pages]


def _built_in(page: ListPage, actor: Actor) -> list[BuiltInView]:
    known = list(page.views)
    if ALL.key not in {view.key for view in known}:
        known.insert(0, ALL)
    return known


def _current(
    page: ListPage, key: str, saved: Sequence[SavedView], marks: Mapping[str, Mark], actor: Actor
) -> CurrentView:
    if not key:
        key = next((name for name, mark in marks.items() if mark.is_default), ALL.key)
    if key == BIN.key and actor.may(Action.DELETE, page.record_type):
        return CurrentView(key, str(BIN.label), AllOf())
    mark = marks.get(key, Mark())
    for view in _built_in(page, actor):
        if view.key == key:
            tree = conditions.from_json(dict(view.condition)) if view.condition else AllOf()
            return CurrentView(key, str(view.label), tree, mark=mark)
    for row in saved:
        if str(row.pk) == key:
            changeable = may_change(row, actor=actor)
            try:
                return CurrentView(key, row.name, conditions.from_json(row.condition), row, "", mark, changeable)
            except ConditionError as error:
                return CurrentView(key, row.name, AllOf(), row, str(error), mark, changeable)
    return CurrentView(ALL.key, str(ALL.label), AllOf())


def _problems(tree: Condition, view: CurrentView, state: ListState, words: Words) -> list[conditions.Problem]:
    if view.problem and state.where is None:
        return [conditions.Problem("", view.problem, _("Change or remove this view."))]
    try:
        words.checked(tree)
    except ConditionError as error:
        return list(error.problems)
    return []


def _tabs(
    page: ListPage, current: CurrentView, saved: Sequence[SavedView], marks: Mapping[str, Mark], actor: Actor
) -> Iterator[Tab]:
    def tab(key: str, label: Label, icon: str = "") -> Tab:
        pinned_icon = "pin" if marks.get(key, Mark()).is_pinned else icon
        return Tab(key, label, f"view={key}", pinned_icon, key == current.key)

    for view in _built_in(page, actor):
        yield tab(view.key, view.label, view.icon)
    for row in sorted(saved, key=lambda row: not marks.get(str(row.pk), Mark()).is_pinned):
        yield tab(str(row.pk), row.name, "users" if row.is_shared and row.member_id != actor.member_id else "")
    if current.key == BIN.key:
        yield tab(BIN.key, BIN.label, BIN.icon)


def _tokens(chips: Sequence[Chip], joiner: str, group: str, tree: Condition, state: ListState) -> Iterator[Token]:
    for at, chip in enumerate(chips):
        if at:
            yield Token("joiner", joiner, group, flip=state.query(where=edit.flipped(tree, group)))
        yield from _node_tokens(chip, tree, state)


def _node_tokens(chip: Chip, tree: Condition, state: ListState) -> Iterator[Token]:
    if chip.node in ("all", "any"):
        yield Token("open", "(", chip.pointer)
        yield from _tokens(chip.children, chip.joiner, chip.pointer, tree, state)
        yield Token("close", ")", chip.pointer)
    elif chip.node == "not":
        yield Token("not", _("not"), chip.pointer, flip=state.query(where=edit.negated(tree, chip.pointer)))
        yield from _node_tokens(chip.children[0], tree, state)
    else:
        yield Token(
            "chip",
            chip.text,
            chip.pointer,
            chip,
            remove=state.query(where=edit.without(tree, chip.pointer)),
            ask=f"{state.query(where=tree)}&chip={chip.pointer}",
        )


def _column_choices(
    page: ListPage, words: Words, columns: Sequence[Column], state: ListState
) -> Iterator[ColumnChoice]:
    chosen = [column.field.name for column in columns]
    for at, column in enumerate(columns):
        swapped = [*chosen[: at - 1], chosen[at], chosen[at - 1], *chosen[at + 1 :]] if at else []
        yield ColumnChoice(column.field, True, state.query(columns=tuple(swapped)) if swapped else "")
    for known in lists.column_fields(page, words.record_type):
        if known.name not in chosen:
            yield ColumnChoice(known, False)


def _may(page: ListPage, actor: Actor) -> Mapping[str, bool]:
    name = page.record_type
    return {
        "update": actor.may(Action.UPDATE, name),
        "delete": actor.may(Action.DELETE, name),
        "export": actor.may(Action.EXPORT, name),
        "share": actor.has(Power.SHARE_VIEWS),
        "keep": actor.member_id is not None,
    }


def row_url_pattern(url: str) -> tuple[str, str]:
    """What stands before and after the id, for addresses of many rows from one `reverse`."""
    before, _, after = url.partition(str(UUID(int=0)))
    return before, after


def list_url(page: ListPage) -> str:
    """Where a list is: its app's own address, or the one every list has."""
    try:
        if page.url_name:
            return reverse(page.url_name, args=page.url_args)
    except NoReverseMatch:
        pass
    return reverse("records:list", args=[page.name])


def cell_url_pattern(url: str) -> str:
    """What stands before the id of a cell's address; `<id>/<field>` follow it."""
    return url.partition(str(UUID(int=0)))[0]


__all__ = [
    "ALL",
    "BIN",
    "ListView",
    "Tab",
    "Token",
    "cell_url_pattern",
    "current_tree",
    "list_url",
    "list_view",
    "page_named",
    "pinned",
    "row_url_pattern",
    "words_for",
]
