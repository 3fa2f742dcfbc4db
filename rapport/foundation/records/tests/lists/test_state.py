from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.records.rules.conditions import AllOf, Condition, ConditionError
from rapport.foundation.records.rules.lists import (
    SIZES,
    Cursor,
    ListState,
    Sort,
    decode_cursor,
    encode_cursor,
    sort_of,
    state_of,
)
from rapport.foundation.records.tests.conditions.strategies import THING, trees
from rapport.foundation.records.types import Field, FieldKind, RecordType

ID = UUID(int=7)


@given(
    st.builds(
        ListState,
        st.sampled_from(["", "all", str(ID)]),
        st.none() | trees,
        st.sampled_from(["", "marta delft", "a & b=c"]),
        st.sampled_from(["", "-name"]),
        st.sampled_from([(), ("city", "email")]),
        st.sampled_from(SIZES),
        st.sampled_from(["", "abc-_"]),
    )
)
def test_an_address_says_all_of_a_list(state: ListState) -> None:
    query = state.query(cursor=state.cursor)

    assert state_of(dict(parse_qsl(query))) == state


@given(st.dictionaries(st.sampled_from(["view", "q", "sort", "columns", "size", "cursor"]), st.text(max_size=300)))
def test_no_address_is_too_odd_for_a_list(params: dict[str, str]) -> None:
    state = state_of(params)

    assert state.size in SIZES
    assert "\x00" not in state.words


def test_only_a_filter_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConditionError):
        state_of({"where": "{"})


def test_a_change_begins_at_the_first_page() -> None:
    state = ListState(where=AllOf(), cursor="abc", sort="name")

    assert "cursor" not in state.query(sort="-name")
    assert "where=%7B%22all%22%3A%5B%5D%7D" in state.query()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldKind.TEXT, "Größe"),
        (FieldKind.INSTANT, datetime(2026, 11, 1, 9, 0, 0, 123456, tzinfo=UTC)),
        (FieldKind.DATE, date(2026, 11, 1)),
        (FieldKind.NUMBER, Decimal("12.50")),
        (FieldKind.TEXT, None),
    ],
)
def test_a_cursor_comes_back_as_it_went(kind: FieldKind, value: Any) -> None:
    sort = Sort("x", "x", kind, True)

    for backward in (False, True):
        cursor = Cursor(value, ID, backward)
        assert decode_cursor(encode_cursor(cursor), sort) == cursor


@given(st.text(max_size=80), st.sampled_from(list(FieldKind)))
def test_a_made_up_cursor_is_no_cursor(text: str, kind: FieldKind) -> None:
    decode_cursor(text, Sort("x", "x", kind, False))


@pytest.mark.parametrize(
    "raw",
    ['["2026-11-01T09:00:00", "x", 0]', '["soon", "%s", 0]', "[]", "7", '["NaN", "%s", 0]', '["a\\u0000", "%s", 0]'],
)
def test_a_cursor_of_another_order_is_no_cursor(raw: str) -> None:
    import base64

    text = base64.urlsafe_b64encode((raw.replace("%s", str(ID))).encode()).decode()

    for kind in (FieldKind.INSTANT, FieldKind.NUMBER, FieldKind.DATE):
        assert decode_cursor(text, Sort("x", "x", kind, False)) is None
    assert decode_cursor(text, Sort("x", "x", FieldKind.TEXT, False)) is None or "soon" in raw or "NaN" in raw


def test_only_readable_columns_with_an_index_sort() -> None:
    thing = RecordType(
        name="thing", label="Thing", plural="Things", icon="", model=THING.model, default_sort="-made_at",
        fields=(
            Field(name="name", label="Name", kind=FieldKind.TEXT, sortable=True),
            Field(name="note", label="Note", kind=FieldKind.TEXT),
            Field(name="made_at", label="Made", kind=FieldKind.INSTANT, sortable=True),
        ),
    )  # fmt: skip
    everything = frozenset({"name", "note", "made_at"})

    assert sort_of(("name",), thing, everything).word == "name"
    assert sort_of(("-note", "-name"), thing, everything).word == "-name"
    assert sort_of(("name",), thing, frozenset({"made_at"})).word == "-made_at"
    assert sort_of((), thing, frozenset()).path == "pk"


def test_a_condition_survives_in_the_address() -> None:
    tree: Condition = state_of({"where": '{"field":"city","op":"is","value":"Köln & Bonn"}'}).where or AllOf()

    assert state_of(dict(parse_qsl(ListState(where=tree).query()))).where == tree
