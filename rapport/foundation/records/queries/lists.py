"""Rows of a list: found by a condition and words, in an order, page by page; the same number of queries for any page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan

from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import ComputedColumn, computed_columns
from rapport.foundation.records.queries.conditions import compile_condition
from rapport.foundation.records.queries.names import Names, names_in
from rapport.foundation.records.queries.vocabulary import Words
from rapport.foundation.records.rules import codec, conditions
from rapport.foundation.records.rules.conditions import AllOf, Condition
from rapport.foundation.records.rules.lists import (
    COUNTED,
    Cursor,
    ListState,
    Sort,
    decode_cursor,
    encode_cursor,
    is_sortable,
    sort_of,
)
from rapport.foundation.records.types import Field, FieldKind, ListPage, RecordType
from rapport.foundation.workspace.types import Action, Actor, Rows

WORDS_TAKEN = 6
SHORTEST_INSIDE = 3
EMPTY: tuple[object, ...] = (None, "", [], {})
NOBODY = Names()


@dataclass(frozen=True)
class Column:
    """A column as it stands in the head of the table."""

    field: Field
    position: int
    is_sortable: bool = False
    computed: ComputedColumn | None = None
    may_edit: bool = False

    @property
    def is_number(self) -> bool:
        return self.field.kind in (FieldKind.NUMBER, FieldKind.MONEY)


@dataclass(frozen=True)
class Cell:
    """One value, with the names behind the ids of its page."""

    column: Column
    value: Any
    names: Names = NOBODY
    may_edit: bool = False
    currency: str = ""


@dataclass(frozen=True)
class Row:
    id: UUID
    title: str
    avatar: str
    subtitle: str
    version: int
    cells: tuple[Cell, ...]

    @property
    def id_text(self) -> str:
        return str(self.id)


@dataclass(frozen=True)
class RowsPage:
    """A page of rows with the cursors of its neighbours (empty: there is none)."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    sort: Sort
    previous: str
    following: str


@dataclass(frozen=True)
class Count:
    """How many rows there are: exactly, or more than so many."""

    number: int
    is_exact: bool


@dataclass(frozen=True)
class Excluder:
    """The condition without which most would be found."""

    pointer: str
    text: str
    count: Count


def matching_rows(
    page: ListPage,
    tree: Condition,
    *,
    words: Words,
    said: str = "",
    action: Action = Action.READ,
    binned: bool = False,
) -> QuerySet[Any]:
    """The rows of a list for which the tree holds and whose search text has all the words said."""
    record_type, actor = words.record_type, words.actor
    rows = policies.visible(actor, record_type.name, action, binned=binned)
    for condition in (conditions.from_json(dict(page.base)) if page.base else AllOf(), tree):
        if condition != AllOf():
            rows = rows.filter(compile_condition(condition, record_type, actor=actor, now=clock.now()))
    return rows.filter(says(said, record_type)) if said else rows


def rows_page(
    rows: QuerySet[Any], page: ListPage, state: ListState, *, words: Words, sort: str = "", columns: Sequence[str] = ()
) -> RowsPage:
    """One page. `sort` and `columns` are the view's, which the state may overrule."""
    record_type, actor = words.record_type, words.actor
    readable = frozenset(field.name for field in record_type.fields)
    order = sort_of((state.sort, sort), record_type, readable)
    chosen = columns_of(page, record_type, actor, state.columns or tuple(columns))
    cursor = decode_cursor(state.cursor, order) if state.cursor else None
    found = _slice(rows.values(*_paths(page, record_type, chosen, order)), order, cursor, state.size + 1)
    more = len(found) > state.size
    backward = cursor is not None and cursor.backward
    found = found[: state.size]
    if backward:
        found.reverse()
    has_previous = (more if backward else cursor is not None) and bool(found)
    has_following = (backward or more) and bool(found)
    return RowsPage(
        rows=_rows(found, page, chosen, words),
        columns=chosen,
        sort=order,
        previous=encode_cursor(_cursor(found[0], order, backward=True)) if has_previous else "",
        following=encode_cursor(_cursor(found[-1], order, backward=False)) if has_following else "",
    )


def one_row(page: ListPage, row_id: UUID, columns: Sequence[str], *, words: Words) -> Row | None:
    """A single row as a list shows it: after a cell was edited."""
    record_type = words.record_type
    chosen = columns_of(page, record_type, words.actor, tuple(columns))
    rows = policies.visible(words.actor, record_type.name).filter(pk=row_id)
    found = list(rows.values(*_paths(page, record_type, chosen, None)))
    return _rows(found, page, chosen, words)[0] if found else None


def count_of(rows: QuerySet[Any], *, most: int = COUNTED) -> Count:
    """Counted up to a bound, so that it costs the same for ten thousand rows and ten million."""
    number = rows.order_by().values("pk")[: most + 1].count()
    return Count(min(number, most), is_exact=number <= most)


def exact_count(rows: QuerySet[Any]) -> Count:
    return Count(rows.order_by().count(), is_exact=True)


def excluder(page: ListPage, tree: Condition, *, words: Words, said: str = "") -> Excluder | None:
    """Of several conditions that nothing meets together, the one to drop. A query for each, six at most."""
    if not isinstance(tree, AllOf) or not 2 <= len(tree.parts) <= 6:
        return None
    chips = words.describe(tree).chips
    found = []
    for at, chip in enumerate(chips):
        others = AllOf(tree.parts[:at] + tree.parts[at + 1 :])
        found.append(
            Excluder(chip.pointer, chip.text, count_of(matching_rows(page, others, words=words, said=said), most=1000))
        )
    best = max(found, key=lambda each: (each.count.number, not each.count.is_exact))
    return best if best.count.number else None


def columns_of(page: ListPage, record_type: RecordType, actor: Actor, names: Sequence[str]) -> tuple[Column, ...]:
    """The columns asked for, or those the list begins with. The title is no column: it stands first anyway."""
    known = {column.name: column for column in column_fields(page, record_type)}
    computed = {column.field.name: column for column in computed_columns.get(record_type.name) or []}
    wanted = [name for name in names if name in known]
    if not wanted:
        begin = [name for name in page.columns if name in known]
        wanted = [name for name, field in known.items() if field.default_column and (not begin or name in computed)]
        wanted = begin + wanted
    return tuple(
        Column(
            known[name],
            position,
            is_sortable=is_sortable(known[name]),
            computed=computed.get(name),
            may_edit=name not in computed and _may_edit(known[name], record_type, actor),
        )
        for position, name in enumerate(dict.fromkeys(wanted))
    )


def column_fields(page: ListPage, record_type: RecordType) -> list[Field]:
    """Every field that can be a column, computed ones last."""
    computed = [column.field for column in computed_columns.get(record_type.name) or []]
    own = [
        f for f in record_type.fields if f.in_list and f.name != record_type.title_field and f.name not in page.hidden
    ]
    return own + computed


def _may_edit(field: Field, record_type: RecordType, actor: Actor) -> bool:
    return actor.may(Action.UPDATE, record_type.name) and policies.may_write_field(actor, record_type, field.name)


def says(said: str, record_type: RecordType) -> Q:
    """Every word must be part of the search text, which a trigram index answers. Words of one or two letters have no
    trigram inside a word, so they must begin one."""
    column = record_type.searchable_column
    if not column:
        return Q(**{f"{record_type.title_path}__icontains": said})
    held = Q()
    for word in folded(said).split()[:WORDS_TAKEN]:
        if len(word) >= SHORTEST_INSIDE:
            held &= Q(**{f"{column}__contains": word})
        else:
            held &= Q(**{f"{column}__startswith": word}) | Q(**{f"{column}__contains": f" {word}"})
    return held


# Paging by (value, id). Rows without a value come after those with one, so both parts can be read from an index.


def _slice(rows: QuerySet[Any], sort: Sort, cursor: Cursor | None, limit: int) -> list[dict[str, Any]]:
    backward = cursor is not None and cursor.backward
    parts = [False, True] if sort.blank else [False]  # whether the rows are those without a value
    if cursor is not None and sort.blank:
        here = cursor.value is None
        parts = [False] if backward and not here else [True] if not backward and here else parts
    if backward:
        parts.reverse()
    found: list[dict[str, Any]] = []
    for blank in parts:
        inside = cursor if cursor is not None and (cursor.value is None) == blank else None
        part = _ordered(rows.filter(_blankness(sort, blank)), sort, inside, blank=blank, backward=backward)
        found += part[: limit - len(found)]
        if len(found) >= limit:
            break
    return found


def _blankness(sort: Sort, blank: bool) -> Q:
    if not sort.blank:
        return Q()
    if sort.blank == "null":
        return Q(**{f"{sort.path}__isnull": blank})
    return Q(**{sort.path: ""}) if blank else Q(**{f"{sort.path}__gt": ""})  # a range, which an index can jump to


def _ordered(rows: QuerySet[Any], sort: Sort, cursor: Cursor | None, *, blank: bool, backward: bool) -> QuerySet[Any]:
    descending = sort.descending != backward
    # A value kept beside the record has its index there, together with the same key.
    key = f"{sort.path.rpartition('__')[0]}__pk" if "__" in sort.path else "pk"
    paths = ["pk"] if blank or sort.path == "pk" else [sort.path, key]
    if cursor is not None:
        values = [cursor.id] if len(paths) == 1 else [cursor.value, cursor.id]
        rows = rows.filter(_beyond(paths, values, descending=descending))
    return rows.order_by(*(OrderBy(F(path), descending=descending) for path in paths))


def _beyond(paths: list[str], values: list[Any], *, descending: bool) -> Q:
    """`(value, id) > (…, …)`: one comparison of rows, which an index on both answers from the right place."""
    if len(paths) == 1:
        return Q(**{f"{paths[0]}__{'lt' if descending else 'gt'}": values[0]})
    lookup = TupleLessThan if descending else TupleGreaterThan
    return Q(lookup(tuple(F(path) for path in paths), tuple(values)))


def _cursor(found: Mapping[str, Any], sort: Sort, *, backward: bool) -> Cursor:
    value = None if sort.blank and found[sort.path] in EMPTY else found[sort.path]
    return Cursor(value, found["pk"], backward)


# From values to rows


def _paths(page: ListPage, record_type: RecordType, columns: Iterable[Column], sort: Sort | None) -> list[str]:
    names = [record_type.title_field, page.avatar, *page.subtitle]
    fields = [record_type.field(name) for name in names if name]
    paths = {"pk", "version", *(field.path for field in fields if field)}
    if sort:
        paths.add(sort.path)
    if record_type.owner_column:
        paths.add(record_type.owner_column)
    for column in columns:
        if column.computed is None:
            paths.add("custom" if column.field.custom else column.field.path)
        if column.field.currency:
            paths.add(column.field.currency)
    return sorted(paths)


def _rows(
    found: Sequence[Mapping[str, Any]], page: ListPage, columns: Sequence[Column], words: Words
) -> tuple[Row, ...]:
    record_type = words.record_type
    ids = [each["pk"] for each in found]
    computed = {
        column.field.name: column.computed.values(words.actor, ids) if ids else {}
        for column in columns
        if column.computed
    }
    referring = [column.field for column in columns if column.computed is None and _is_reference(column.field)]
    names = names_in(
        actor=words.actor,
        fields=referring,
        values=[{field.name: _value(each, field) for field in referring} for each in found],
    )

    def path(name: str) -> str:
        field = record_type.field(name) if name else None
        return field.path if field else ""

    title, avatar = path(record_type.title_field), path(page.avatar)
    shown = {column.field.name for column in columns}
    subtitles = [known for name in page.subtitle if name not in shown and (known := path(name))]

    def cell(each: Mapping[str, Any], column: Column, may_edit: bool) -> Cell:
        if column.computed is not None:
            return Cell(column, computed[column.field.name].get(each["pk"]))
        value = _value(each, column.field)
        currency = str(each[column.field.currency] or "") if column.field.currency else ""
        return Cell(column, value, names, may_edit and column.may_edit, currency)

    made = []
    for each in found:
        editable = _may_edit_row(each, record_type, words.actor)
        made.append(
            Row(
                id=each["pk"],
                title=str(each[title] or "") if title else "",
                avatar=str(each[avatar] or "") if avatar else "",
                subtitle=next((str(each[name]) for name in subtitles if each[name]), ""),
                version=each["version"],
                cells=tuple(cell(each, column, editable) for column in columns),
            )
        )
    return tuple(made)


def _value(each: Mapping[str, Any], field: Field) -> Any:
    return (each["custom"] or {}).get(field.name) if field.custom else each[field.path]


def json_value(cell: Cell) -> Any:
    """The cell's value in its JSON form; those of custom fields are stored so."""
    return cell.value if cell.column.field.custom else codec.encode(cell.value)


def _is_reference(field: Field) -> bool:
    return field.kind in (FieldKind.MEMBER, FieldKind.RELATION)


def _may_edit_row(each: Mapping[str, Any], record_type: RecordType, actor: Actor) -> bool:
    rule = actor.row_rule(Action.UPDATE, record_type.name)
    if rule.rows is Rows.OWN and record_type.owner_column:
        return actor.member_id is not None and each[record_type.owner_column] == actor.member_id
    return rule.rows is not Rows.NONE
