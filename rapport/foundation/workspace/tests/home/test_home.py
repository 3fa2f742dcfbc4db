from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.extension_points import first_steps, home_panels
from rapport.foundation.workspace.queries.home import home
from rapport.foundation.workspace.types import Action, Actor, FirstStep, HomePanel, Power

PAGE = "/w/kestrel/"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what this module registers."""
    monkeypatch.setattr(home_panels, "_items", {})
    monkeypatch.setattr(first_steps, "_items", {})


def panel(answer: Any, **more: Any) -> HomePanel:
    return HomePanel(template="ui/parts/skeleton.html", load=lambda actor: answer, **more)


def test_panels_come_in_their_order_and_column(actor: Actor) -> None:
    home_panels.register("b", panel(2, order=20))
    home_panels.register("a", panel(1, order=10))
    home_panels.register("c", panel(3, aside=True))

    shown = home(actor=actor)

    assert [(each.name, each.panel) for each in shown.main] == [("a", 1), ("b", 2)]
    assert [each.name for each in shown.aside] == ["c"]


def test_panels_with_nothing_to_say_or_not_allowed_are_left_out(
    ben: User, set_role: Callable[[User, str], None], actor_for: Callable[[User], Actor]
) -> None:
    home_panels.register("nothing", panel(None))
    home_panels.register("empty", panel([]))
    home_panels.register("forbidden", panel(1, needs=(Action.IMPORT, "customer")))
    set_role(ben, "read_only")

    assert [each.name for each in home(actor=actor_for(ben)).main] == ["empty"]


def step(done: bool, **more: Any) -> FirstStep:
    return FirstStep(
        label="Import", help="h", icon="upload", url_name="workspace:tokens", is_done=lambda a: done, **more
    )


def test_first_steps_go_once_all_are_done(actor: Actor) -> None:
    first_steps.register("one", step(True))
    assert home(actor=actor).steps == []

    first_steps.register("two", step(False))
    shown = home(actor=actor)
    assert ([done for _step, done in shown.steps], shown.steps_done) == ([True, False], 1)


def test_steps_of_others_are_not_shown(ben: User, actor_for: Callable[[User], Actor]) -> None:
    first_steps.register("invite", step(False, needs=Power.MANAGE_MEMBERS))

    assert home(actor=actor_for(ben)).steps == []


def test_page_greets_and_guides(ada: User, client_for: Callable[[User], Client]) -> None:
    first_steps.register("one", step(False))

    page = client_for(ada).get(PAGE).content.decode()

    assert ", Ada" in page
    assert "0 of 1 done" in page


def test_step_that_is_done_is_not_asked_for_again(ada: User, client_for: Callable[[User], Client]) -> None:
    asked: list[str] = []

    def ask(name: str, done: bool) -> FirstStep:
        return FirstStep(
            label=name,
            help="h",
            icon="x",
            url_name="workspace:tokens",
            is_done=lambda a: bool(asked.append(name)) or done,
        )

    first_steps.register("one", ask("one", True))
    first_steps.register("two", ask("two", False))
    browser = client_for(ada)

    pages = [browser.get(PAGE).content.decode() for _ in range(2)]

    assert asked == ["one", "two", "two"]
    assert all("1 of 2 done" in page for page in pages)


def test_first_steps_can_be_put_away_for_oneself(
    ada: User, ben: User, actor: Actor, actor_for: Callable[[User], Actor], client_for: Callable[[User], Client]
) -> None:
    first_steps.register("one", step(False))

    response = client_for(ben).post(f"{PAGE}first-steps/hide/")

    assert response.status_code == 303
    assert home(actor=actor_for(ben)).steps == []
    assert len(home(actor=actor).steps) == 1


def test_page_with_nothing_says_so(ada: User, client_for: Callable[[User], Client]) -> None:
    assert "Nothing waits for you" in client_for(ada).get(PAGE).content.decode()
