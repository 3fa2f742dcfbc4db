from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.extension_points import preferences
from rapport.foundation.workspace.models import AuditEntry
from rapport.foundation.workspace.models import Preference as Row
from rapport.foundation.workspace.queries.preferences import preference, preferences_of
from rapport.foundation.workspace.services.preferences import set_preferences
from rapport.foundation.workspace.types import SYSTEM, Actor, Power, Preference, PreferenceOf

DECLARED = (
    Preference(name="test.rows", label="Rows on a page", default=50, least=10, most=200),
    Preference(name="test.start", label="Begin at", default="today", choices=(("today", "Today"), ("list", "List"))),
    Preference(name="test.strict", label="Strict", default=False, of=PreferenceOf.WORKSPACE, power=Power.MANAGE_FIELDS),
)
PAGE = "/w/kestrel/settings/preferences/"


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in DECLARED:
        monkeypatch.setitem(preferences._items, each.name, each)


def test_default_holds_until_something_is_chosen(actor: Actor) -> None:
    assert preference("test.rows", actor=actor) == 50

    set_preferences({"test.rows": 100}, actor=actor)

    assert preference("test.rows", actor=actor) == 100


def test_everybody_has_their_own(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    set_preferences({"test.rows": 100}, actor=actor)

    assert preference("test.rows", actor=actor_for(ben)) == 50
    assert preference("test.rows", actor=SYSTEM) == 50


def test_those_of_the_workspace_hold_for_all(actor: Actor, ben: User, actor_for: Callable[[User], Actor]) -> None:
    set_preferences({"test.strict": True}, actor=actor)

    assert preference("test.strict", actor=actor_for(ben)) is True
    assert preferences_of(actor_for(ben))["test.strict"] is True
    assert preference("test.strict", actor=SYSTEM) is True
    assert AuditEntry.objects.get().detail == {"subject": "Strict", "before": False, "after": True}


def test_those_of_the_workspace_need_the_power(ben: User, actor_for: Callable[[User], Actor]) -> None:
    with pytest.raises(NotAllowed):
        set_preferences({"test.rows": 100, "test.strict": True}, actor=actor_for(ben))

    assert not Row.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"test.rows": 5},
        {"test.rows": 1000},
        {"test.rows": "50"},
        {"test.rows": True},
        {"test.start": "nowhere"},
        {"no.such": 1},
        {"test.rows": 100, "test.start": "nowhere"},
    ],
)
def test_values_that_do_not_fit_are_refused_all_together(actor: Actor, values: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        set_preferences(values, actor=actor)

    assert not Row.objects.exists()


def test_value_of_another_time_and_type_is_as_good_as_none(actor: Actor) -> None:
    Row.objects.create(member_id=actor.member_id, name="test.rows", value="many")
    Row.objects.create(member_id=actor.member_id, name="gone", value=1)

    assert preference("test.rows", actor=actor) == 50
    assert preferences_of(actor)["test.rows"] == 50
    assert "gone" not in preferences_of(actor)


def test_page_saves(ada: User, actor: Actor, client_for: Callable[[User], Client]) -> None:
    browser = client_for(ada)

    response = browser.post(PAGE, {"test-rows": "20", "test-start": "list", "test-strict": "on"})

    assert response.status_code == 303
    wanted = {"test.rows": 20, "test.start": "list", "test.strict": True}
    assert wanted.items() <= preferences_of(actor).items()


def test_page_offers_only_what_one_may_change(ben: User, client_for: Callable[[User], Client]) -> None:
    browser = client_for(ben)

    assert "Strict" not in browser.get(PAGE).content.decode()
    assert browser.post(PAGE, {"test-rows": "5", "test-start": "list"}).status_code == 422
