"""Lists over the API: the same conditions, order and cursors as the list pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.records.extension_points import list_pages
from rapport.foundation.records.queries.fields import beside
from rapport.foundation.records.queries.lists import matching_rows, rows_page
from rapport.foundation.records.queries.saved_views import get_view
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import EVERYTHING, AllOf, Condition, ConditionError
from rapport.foundation.records.rules.lists import ListState, decode_cursor, is_sortable, sort_of
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor


@dataclass(frozen=True)
class ApiPage:
    records: list[Any]
    next_cursor: str | None


def list_page(
    actor: Actor, page_name: str, *, where: str, words: str, view: UUID | None, sort: str, cursor: str, limit: int
) -> ApiPage:
    """Errors: NotAllowed, NotFound (the view), Invalid naming the parameter; problems of a condition carry the pointer."""
    page = list_pages[page_name]
    policies.require(actor, Action.READ, page.record_type)
    declared = readable_type(page.record_type, actor=actor)
    known = Words(declared, actor)
    saved = get_view(view, actor=actor) if view else None
    trees = [_condition(where, known)] if where else []
    if saved:
        trees.append(known.checked(saved.condition))
    tree: Condition = AllOf(tuple(trees)) if len(trees) > 1 else trees[0] if trees else EVERYTHING
    order = sort or (saved.sort if saved else "")
    _check_order(order, cursor, declared)
    rows = matching_rows(page, tree, words=known, said=" ".join(words.replace("\x00", "").split())[:200])
    found = rows_page(rows, page, ListState(sort=order, size=limit, cursor=cursor), words=known)
    ids = [row.id for row in found.rows]
    whole = policies.visible(actor, page.record_type)
    if related := beside(declared):
        whole = whole.select_related(*related)
    by_id = {record.pk: record for record in whole.filter(pk__in=ids)}
    return ApiPage([by_id[one] for one in ids if one in by_id], found.following or None)


def _condition(text: str, known: Words) -> Condition:
    try:
        return known.checked(conditions.decode(text))
    except ConditionError as error:
        raise Invalid({f"where{p.pointer}": f"{p.reason} {p.mend}".strip() for p in error.problems}) from error


def _check_order(order: str, cursor: str, declared: RecordType) -> None:
    """A page falls back to its usual order; a program is told instead."""
    if order:
        field = declared.field(order.removeprefix("-"))
        if field is None or not is_sortable(field):
            able = ", ".join(f.name for f in declared.fields if is_sortable(f))
            raise Invalid({"sort": f"Lists can be sorted by: {able}."})
    if cursor:
        readable = frozenset(field.name for field in declared.fields)
        if decode_cursor(cursor, sort_of((order,), declared, readable)) is None:
            raise Invalid({"cursor": "This is not a cursor of this list in this order."})
