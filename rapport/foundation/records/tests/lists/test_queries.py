"""Rows of lists: paging, counting, searching; always through the customers' list, which every workspace has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rapport.foundation.records.extension_points import list_pages
from rapport.foundation.records.queries import lists
from rapport.foundation.records.queries.list_pages import list_view
from rapport.foundation.records.queries.vocabulary import Words, readable_type
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import EVERYTHING, Condition
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.records.tests.lists.factories import make_rows
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, RecordRules, RolePolicy, RowRule, Rows

pytestmark = pytest.mark.django_db


def words_of(actor: Actor) -> Words:
    return Words(readable_type("customer", actor=actor), actor)


def rows_of(actor: Actor, tree: Condition = EVERYTHING, said: str = "") -> Any:
    return lists.matching_rows(list_pages["customers"], tree, words=words_of(actor), said=said)


def all_pages(actor: Actor, sort: str, size: int = 7) -> list[lists.RowsPage]:
    """Forward from the first page to the last."""
    page, words, found = list_pages["customers"], words_of(actor), []
    state = replace(ListState(sort=sort), size=size)
    while True:
        found.append(lists.rows_page(rows_of(actor), page, state, words=words))
        if not found[-1].following:
            return found
        state = replace(state, cursor=found[-1].following)


@pytest.mark.parametrize("sort", ["name", "-name", "city", "-city", "created_at", "-created_at"])
def test_paging_shows_every_row_once_and_comes_back_the_same_way(actor: Actor, sort: str) -> None:
    made = make_rows(30)

    forward = all_pages(actor, sort)

    shown = [row.id for page in forward for row in page.rows]
    assert len(shown) == len(set(shown)) == len(made)
    back = [forward[-1]]
    while back[0].previous:
        state = replace(ListState(sort=sort, cursor=back[0].previous), size=7)
        back.insert(0, lists.rows_page(rows_of(actor), list_pages["customers"], state, words=words_of(actor)))
    assert [row.id for page in back for row in page.rows] == shown
    assert not forward[0].previous


@pytest.mark.parametrize(("sort", "descending"), [("city", False), ("-city", True)])
def test_rows_without_a_value_come_last_either_way(actor: Actor, sort: str, descending: bool) -> None:
    make_rows(20)

    subtitles = [row.subtitle for page in all_pages(actor, sort) for row in page.rows]

    filled = [city for city in subtitles if city]
    assert subtitles == sorted(filled, reverse=descending) + [""] * 5


def test_rows_that_come_and_go_do_not_shift_the_pages(actor: Actor) -> None:
    made = make_rows(20)
    words, page = words_of(actor), list_pages["customers"]
    state = replace(ListState(sort="name"), size=7)
    first = lists.rows_page(rows_of(actor), page, state, words=words)

    made[0].delete()
    make_rows(1, name="Customer 000a")
    second = lists.rows_page(rows_of(actor), page, replace(state, cursor=first.following), words=words)

    assert [row.title for row in second.rows] == [f"Customer {n:03}" for n in range(7, 14)]


def test_counting_stops_at_its_bound(actor: Actor) -> None:
    make_rows(12)

    assert lists.count_of(rows_of(actor), most=10) == lists.Count(10, is_exact=False)
    assert lists.count_of(rows_of(actor), most=12) == lists.Count(12, is_exact=True)
    assert lists.exact_count(rows_of(actor)) == lists.Count(12, is_exact=True)


def test_search_finds_parts_of_words_whatever_their_accents(actor: Actor) -> None:
    make_rows(3)
    make_rows(1, name="Grünwerk Logistik", search="grunwerk logistik hamburg")

    assert [row["name"] for row in rows_of(actor, said="GRÜNW hamb").values("name")] == ["Grünwerk Logistik"]
    assert [row["name"] for row in rows_of(actor, said="lo").values("name")] == ["Grünwerk Logistik"]
    assert rows_of(actor, said="ru").count() == 0  # short words begin a word
    assert rows_of(actor, said="100%").count() == 0


def test_the_condition_that_excludes_most_is_named(actor: Actor) -> None:
    make_rows(8, city="Delft")
    tree = conditions.from_json(
        {
            "all": [
                {"field": "city", "op": "is", "value": "Bremen"},
                {"field": "name", "op": "starts_with", "value": "Cust"},
            ]
        }
    )

    found = lists.excluder(list_pages["customers"], tree, words=words_of(actor))

    assert found == lists.Excluder("/all/0", "City is Bremen", lists.Count(8, is_exact=True))


def test_a_list_of_one_kind_shows_that_kind_only(actor: Actor) -> None:
    make_rows(2)
    make_rows(3, kind="organisation")

    assert len(list_view("organisations", ListState(), actor=actor).rows.rows) == 3  # type: ignore[union-attr]  # it has rows
    assert len(list_view("customers", ListState(), actor=actor).rows.rows) == 5  # type: ignore[union-attr]  # it has rows


@pytest.mark.parametrize("view", ["all", "mine", "new"])
def test_a_list_costs_the_same_for_one_row_and_for_fifty(
    actor: Actor, view: str, django_assert_max_num_queries: Any
) -> None:
    counted = []
    for number in (1, 49):
        make_rows(number, owner_id=actor.member_id)
        with django_assert_max_num_queries(8) as queries:
            list_view("customers", ListState(view), actor=actor)
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_a_hidden_field_is_no_column_no_filter_and_no_order(actor: Actor) -> None:
    make_rows(2)
    rules = replace(actor.role.default, fields={"city": FieldAccess.HIDDEN, "email": FieldAccess.READ})
    limited = replace(actor, role=replace(actor.role, default=rules))

    shown = list_view("customers", ListState(sort="city", columns=("city", "email")), actor=limited)

    assert shown.rows
    assert [column.field.name for column in shown.rows.columns] == ["email"]
    assert not shown.rows.columns[0].may_edit
    assert shown.rows.sort.name != "city"
    filtered = ListState(where=conditions.from_json({"field": "city", "op": "is", "value": "Delft"}))
    assert [p.pointer for p in list_view("customers", filtered, actor=limited).problems] == ["/all/0/field"]


def test_a_row_rule_written_as_a_condition_bounds_the_list(actor: Actor) -> None:
    make_rows(8)
    condition = {
        "any": [
            {"field": "city", "op": "is", "value": "Delft"},
            {"relation": "knows", "where": {"field": "owner", "op": "is", "value": "me"}},
        ]
    }
    rule = RowRule(Rows.CONDITION, condition)
    limited = replace(actor, role=RolePolicy("x", "X", default=RecordRules({Action.READ: rule})))

    assert {row["city"] for row in rows_of(limited).values("city")} == {"Delft"}
    broken = replace(
        actor, role=RolePolicy("x", "X", default=RecordRules({Action.READ: RowRule(Rows.CONDITION, {"field": "gone"})}))
    )
    assert rows_of(broken).count() == 0


def test_words_of_ids_name_those_the_actor_may_see(actor: Actor) -> None:
    tree = conditions.from_json({"field": "owner", "op": "any_of", "value": ["me", str(actor.member_id)]})

    assert words_of(actor).describe(tree).sentence == "Customers where Owner is me or Ada"
