from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import SavedView, ViewMark
from rapport.foundation.records.queries.list_pages import list_view, pinned
from rapport.foundation.records.rules import conditions
from rapport.foundation.records.rules.conditions import AllOf, ConditionError
from rapport.foundation.records.rules.lists import ListState
from rapport.foundation.records.services import saved_views
from rapport.foundation.records.tests.lists.factories import make_rows
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Actor

pytestmark = pytest.mark.django_db
DELFT = conditions.from_json({"field": "city", "op": "is", "value": "Delft"})
ActorFor = Callable[[User], Actor]


def make_view(actor: Actor, name: str = "In Delft", **options: Any) -> SavedView:
    return saved_views.save_view(actor=actor, page="customers", name=name, **{"condition": DELFT, **options})


def keys(actor: Actor) -> list[str]:
    return [str(tab.label) for tab in list_view("customers", ListState(), actor=actor).tabs]


def test_a_view_shows_what_was_saved(actor: Actor) -> None:
    make_rows(8)
    view = make_view(actor, columns=["city"], sort="name")

    shown = list_view("customers", ListState(str(view.pk)), actor=actor)

    assert shown.rows
    assert [row.cells[0].value for row in shown.rows.rows] == ["Delft", "Delft"]
    assert shown.rows.sort.word == "name"
    assert shown.sentence == "Customers where City is Delft"
    assert not shown.is_modified


def test_a_private_view_is_its_makers_alone(actor: Actor, ben: User, actor_for: ActorFor) -> None:
    view, mate = make_view(actor), actor_for(ben)

    assert "In Delft" in keys(actor)
    assert "In Delft" not in keys(mate)
    with pytest.raises(NotFound):
        saved_views.pin_view(actor=mate, page="customers", view=str(view.pk), pinned=True)
    saved_views.change_view(actor=actor, view_id=view.pk, is_shared=True)
    assert "In Delft" in keys(mate)


def test_somebody_elses_shared_view_can_be_used_but_not_changed(actor: Actor, ben: User, actor_for: ActorFor) -> None:
    view, mate = make_view(actor, is_shared=True), actor_for(ben)

    for change in (
        lambda: saved_views.change_view(actor=mate, view_id=view.pk, name="Mine now"),
        lambda: saved_views.remove_view(actor=mate, view_id=view.pk),
    ):
        with pytest.raises(NotAllowed):
            change()
    assert SavedView.objects.get(pk=view.pk).name == "In Delft"


def test_who_may_not_share_cannot(actor: Actor, ben: User, actor_for: ActorFor, set_role: Any) -> None:
    set_role(ben, "read_only")

    with pytest.raises(NotAllowed):
        make_view(actor_for(ben), is_shared=True)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_view_needs_a_name_of_some_length(actor: Actor, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_view(actor, name)

    assert "name" in refused.value.problems


def test_two_views_of_one_member_have_two_names(actor: Actor, ben: User, actor_for: ActorFor) -> None:
    make_view(actor)

    with pytest.raises(Invalid):
        make_view(actor, " In  Delft ")
    make_view(actor_for(ben))


def test_a_condition_that_does_not_fit_is_not_kept(actor: Actor) -> None:
    with pytest.raises(ConditionError):
        make_view(actor, condition=conditions.from_json({"field": "shoe_size", "op": "is_empty"}))
    assert not SavedView.objects.exists()


def test_a_list_begins_with_the_chosen_view(actor: Actor) -> None:
    view = make_view(actor)
    assert list_view("customers", ListState(), actor=actor).view.key == "all"

    saved_views.begin_with_view(actor=actor, page="customers", view="mine")
    assert list_view("customers", ListState(), actor=actor).view.key == "mine"
    saved_views.begin_with_view(actor=actor, page="customers", view=str(view.pk))
    assert list_view("customers", ListState(), actor=actor).view.key == str(view.pk)
    saved_views.begin_with_view(actor=actor, page="customers", view=str(view.pk), begin=False)
    assert list_view("customers", ListState(), actor=actor).view.key == "all"
    assert not ViewMark.objects.exists()


def test_pinned_views_stand_in_the_sidebar_until_they_are_removed(actor: Actor, django_assert_num_queries: Any) -> None:
    view = make_view(actor)
    saved_views.pin_view(actor=actor, page="customers", view=str(view.pk), pinned=True)

    with django_assert_num_queries(1):
        found = pinned(actor=actor)
    with django_assert_num_queries(0):  # read once, or brought along with the member
        assert pinned(actor=actor) == found
    assert [(page.name, name) for page, _key, name in found] == [("customers", "In Delft")]
    saved_views.remove_view(actor=actor, view_id=view.pk)
    assert pinned(actor=actor) == []


def test_there_is_no_mark_for_a_view_that_is_not_there(actor: Actor) -> None:
    with pytest.raises(Invalid):
        saved_views.pin_view(actor=actor, page="customers", view="nonsense", pinned=True)
    with pytest.raises(NotFound):
        saved_views.pin_view(actor=actor, page="customers", view=str(uuid4()), pinned=True)


def test_a_view_within_a_view_is_followed_and_a_ring_ends(actor: Actor) -> None:
    make_rows(8)
    first = make_view(actor)
    second = make_view(actor, "Also", condition=conditions.from_json({"set": "view", "id": str(first.pk)}))

    def shown(view: UUID) -> int:
        return len(list_view("customers", ListState(str(view)), actor=actor).rows.rows)  # type: ignore[union-attr]  # it has rows

    assert shown(second.pk) == 2
    saved_views.change_view(
        actor=actor, view_id=first.pk, condition=conditions.from_json({"set": "view", "id": str(second.pk)})
    )
    assert shown(second.pk) == 0


def test_a_view_of_everybody_holds_everybody_also_among_alternatives(actor: Actor) -> None:
    make_rows(4)
    everybody = {"set": "view", "id": str(make_view(actor, condition=AllOf()).pk)}
    in_bremen = {"field": "city", "op": "is", "value": "Bremen"}

    for plain, expected in (
        ({"any": [everybody, in_bremen]}, 4),
        ({"not": {"any": [everybody, in_bremen]}}, 0),
        ({"all": [everybody, {"not": in_bremen}]}, 4),
        ({**everybody, "is_in": False}, 0),
    ):
        shown = list_view("customers", ListState(where=conditions.from_json(plain)), actor=actor)
        assert len(shown.rows.rows) == expected, plain  # type: ignore[union-attr]  # it has rows


def test_a_view_that_can_no_longer_be_read_says_so_and_shows_nobody(actor: Actor) -> None:
    make_rows(3)
    view = make_view(actor)
    SavedView.objects.filter(pk=view.pk).update(condition={"field": "city", "op": "smells_of", "value": 1})

    shown = list_view("customers", ListState(str(view.pk)), actor=actor)

    assert shown.problems
    assert shown.rows is None


def test_a_token_of_the_system_keeps_no_views(actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        make_view(replace(actor, member_id=None))
    assert AllOf() == conditions.EVERYTHING
