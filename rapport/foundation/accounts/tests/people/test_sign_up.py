from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.workspace.models import Member

FORM = {"name": "Dora Diaz", "email": "dora@example.com", "password1": "violet summer rain"}


@pytest.fixture
def nobody(workspace: Workspace) -> None:
    """An installation that waits for its first person."""
    assert not User.objects.exists()


def test_first_visitor_is_led_to_sign_up(nobody: None, client_for: Callable[..., Client]) -> None:
    assert client_for(None).get("/").headers["Location"] == "/account/signup/"


def test_first_person_keeps_the_installation(nobody: None, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)

    browser.post("/account/signup/", FORM)

    dora = User.objects.get()
    assert (dora.name, dora.email, dora.is_staff) == ("Dora Diaz", "dora@example.com", True)
    assert EmailAddress.objects.get(user=dora).verified
    assert browser.get("/").headers["Location"] == "/account/workspaces/new/"


def test_later_people_need_an_invitation(ada: User, client_for: Callable[..., Client]) -> None:
    response = client_for(None).post("/account/signup/", FORM)

    assert "Accounts are by invitation" in response.content.decode()
    assert not User.objects.filter(email="dora@example.com").exists()


def test_open_sign_up_takes_anyone_but_as_a_guest_of_the_installation(
    ada: User, client_for: Callable[..., Client], settings: Any
) -> None:
    settings.OPEN_SIGNUP = True

    client_for(None).post("/account/signup/", FORM)

    dora = User.objects.get(email="dora@example.com")
    assert not dora.is_staff
    assert not EmailAddress.objects.get(user=dora).verified


def test_second_first_person_is_too_late(
    nobody: None, client_for: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two fill the form in at once; the one who sends it later meets a closed door, under the lock."""
    from rapport.foundation.accounts.adapter import AccountAdapter

    monkeypatch.setattr(AccountAdapter, "is_open_for_signup", lambda self, request: True)
    client_for(None).post("/account/signup/", FORM)

    client_for(None).post("/account/signup/", {**FORM, "email": "eve@example.com"})

    assert list(User.objects.values_list("email", flat=True)) == ["dora@example.com"]


@pytest.mark.parametrize("password", ["short", "dora@example.com", "password123456"])
def test_weak_passwords_are_refused(nobody: None, client_for: Callable[..., Client], password: str) -> None:
    client_for(None).post("/account/signup/", {**FORM, "password1": password})

    assert not User.objects.exists()


def test_new_workspace_page_makes_its_owner_and_leads_in(nobody: None, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    browser.post("/account/signup/", FORM)
    form = {"name": "Dora's Bikes", "currency": "CHF", "timezone": "Europe/Zurich", "language": "de", "country": "CH"}

    response = browser.post("/account/workspaces/new/", form)

    made = Workspace.objects.get(name="Dora's Bikes")
    assert (response.status_code, response.headers["Location"]) == (303, "/w/dora-s-bikes/")
    assert (made.currency, made.timezone, made.language, made.country) == ("CHF", "Europe/Zurich", "de", "CH")
    assert browser.get("/w/dora-s-bikes/").status_code == 200


def test_address_in_use_is_told_beside_the_field(ada: User, client_for: Callable[..., Client]) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    form = {"name": "K", "slug": "harbour", "currency": "EUR", "timezone": "UTC", "language": "en", "country": ""}

    response = client_for(ada).post("/account/workspaces/new/", form)

    assert response.status_code == 422
    assert "Another workspace has this address" in response.content.decode()


def test_guest_of_a_closed_installation_opens_no_workspaces(ben: User, client_for: Callable[..., Client]) -> None:
    form = {"name": "B", "slug": "ben", "currency": "EUR", "timezone": "UTC", "language": "en", "country": ""}

    response = client_for(ben).post("/account/workspaces/new/", form)

    assert response.status_code == 403
    assert not Workspace.objects.filter(slug="ben").exists()


def test_person_without_a_workspace_is_told_what_to_do(ben: User, client_for: Callable[..., Client]) -> None:
    ben.memberships.all().delete()
    Member.objects.filter(user_id=ben.pk).update(is_active=False)

    response = client_for(ben).get("/")

    assert "You are in no workspace" in response.content.decode()
