"""The records before and after one, in the list it was opened from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.records.queries.list_pages import current_tree, page_named, words_for
from rapport.foundation.records.queries.lists import Row, matching_rows, rows_page
from rapport.foundation.records.queries.saved_views import views_of
from rapport.foundation.records.rules.conditions import ConditionError
from rapport.foundation.records.rules.lists import Cursor, encode_cursor, sort_of, state_of
from rapport.foundation.records.types import Label
from rapport.foundation.workspace.types import Actor


@dataclass(frozen=True)
class Neighbours:
    """Of one record in a list, and the list's name and query string."""

    title: Label
    list_query: str
    previous: Row | None
    following: Row | None


def neighbours(*, actor: Actor, list_name: str, params: Mapping[str, str], record_id: UUID) -> Neighbours | None:
    """None when the record is not in that list, or the list can't be asked like this. Errors: NotFound, NotAllowed."""
    page = page_named(list_name)
    try:
        state = state_of(params)
        tree = current_tree(list_name, state, actor=actor)
    except ConditionError:
        return None
    words = words_for(page, actor=actor)
    own = len(state.view) == 36  # the id of a saved view; those that come with the list have words
    saved = next((row for row in views_of(page.name, actor=actor) if str(row.pk) == state.view), None) if own else None
    order = sort_of(
        (state.sort, saved.sort if saved else ""),
        words.record_type,
        frozenset(f.name for f in words.record_type.fields),
    )
    here = policies.visible(actor, page.record_type).filter(pk=record_id).values(order.path).first()
    if here is None:
        return None
    rows = matching_rows(page, tree, words=words, said=state.words)

    def beside(*, backward: bool) -> Row | None:
        value = None if order.blank and here[order.path] in (None, "") else here[order.path]
        cursor = encode_cursor(Cursor(value, record_id, backward))
        asked = replace(state, size=1, cursor=cursor, sort=order.word)
        found = rows_page(rows, page, asked, words=words, columns=[]).rows
        return found[0] if found else None

    return Neighbours(page.title, state.query(), beside(backward=True), beside(backward=False))
