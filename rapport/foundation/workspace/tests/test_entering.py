from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_tenants.utils import schema_context

from rapport.foundation.accounts.links import public_url, workspace_url
from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.workspace.models import Member


def test_stranger_learns_nothing(cleo: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(cleo)

    existing, missing = browser.get("/w/kestrel/"), browser.get("/w/nowhere/")

    assert (existing.status_code, missing.status_code) == (404, 404)
    assert _comparable(existing).replace("kestrel", "nowhere") == _comparable(missing)


def _comparable(response: Any) -> str:
    return re.sub(r"(X-CSRFToken\": \"|csrfmiddlewaretoken\" value=\")\w+", "", response.content.decode())


def test_visitor_is_asked_to_sign_in_and_led_back(workspace: Workspace, client_for: Callable[..., Client]) -> None:
    response = client_for(None).get("/w/kestrel/settings/?tab=1")

    assert response.headers["Location"] == "/account/login/?next=/w/kestrel/settings/%3Ftab%3D1"


def test_visitor_gets_the_same_answer_for_any_workspace(
    workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)

    assert browser.get("/w/kestrel/").status_code == browser.get("/w/nowhere/").status_code == 302


def test_address_without_the_slash_is_mended(ada: User, client_for: Callable[..., Client]) -> None:
    assert client_for(ada).get("/w/kestrel").headers["Location"] == "/w/kestrel/"


@pytest.mark.parametrize(
    "path", ["/w/", "/w/KESTREL/", "/w/kestrel%2f/", "/w/kes trel/", "/w/../w_00000001/", "/w/kestrel%0a/"]
)
def test_strange_addresses_lead_nowhere(ada: User, client_for: Callable[..., Client], path: str) -> None:
    assert client_for(ada).get(path).status_code == 404


def test_every_request_leaves_the_connection_outside(ada: User, client_for: Callable[..., Client]) -> None:
    seen: list[str] = []
    browser = Client()
    browser.force_login(ada)

    browser.get("/w/kestrel/")
    seen.append(current_schema())
    browser.get("/w/nowhere/")
    seen.append(current_schema())

    assert seen == ["public", "public"]
    assert public_url("account_login") == "/account/login/"


def test_links_know_where_they_are(workspace: Workspace) -> None:
    assert workspace_url(workspace, "workspace:tokens") == "/w/kestrel/settings/tokens/"
    assert reverse("account_login") == "/account/login/"


def test_the_workspace_last_entered_comes_first(
    ada: User, other_workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    seat = Membership.objects.create(user=ada, workspace=other_workspace)
    with schema_context(other_workspace.schema_name):
        Member.objects.create(id=seat.pk, user_id=ada.pk, name="Ada", role_key="member")
    browser = client_for(ada)

    browser.get("/w/kestrel/")
    browser.get("/w/harbour/")

    assert browser.get("/").headers["Location"] == "/w/harbour/"
    assert "Kestrel Outdoor" in browser.get("/w/harbour/").content.decode()


def test_entering_costs_few_queries(
    ada: User, client_for: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    """Session, person, seat with workspace, member; and two times where tables are looked for."""
    browser = client_for(ada)
    browser.get("/w/kestrel/settings/tokens/new/")

    with django_assert_max_num_queries(15):
        browser.get("/w/kestrel/settings/tokens/new/")


def test_member_without_a_seat_row_can_not_enter(ada: User, client_for: Callable[..., Client]) -> None:
    Member.objects.all().delete()

    assert client_for(ada).get("/w/kestrel/").status_code == 404


def test_owner_changes_the_settings(ada: User, client_for: Callable[..., Client]) -> None:
    form = {
        "name": "Kestrel Cargo",
        "slug": "kestrel-cargo",
        "currency": "EUR",
        "timezone": "Europe/Amsterdam",
        "language": "en",
        "country": "NL",
    }

    response = client_for(ada).post("/w/kestrel/settings/workspace/", form)

    assert (response.status_code, response.headers["Location"]) == (303, "/w/kestrel-cargo/settings/workspace/")
    assert Workspace.objects.get(slug="kestrel-cargo").name == "Kestrel Cargo"


def test_settings_refuse_what_makes_no_sense(
    ada: User, other_workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    form = {"name": "K", "slug": "harbour", "currency": "EUR", "timezone": "UTC", "language": "en", "country": ""}
    browser = client_for(ada)

    assert browser.post("/w/kestrel/settings/workspace/", form).status_code == 422
    assert browser.post("/w/kestrel/settings/workspace/", {**form, "slug": "k", "currency": "DM"}).status_code == 422
    assert browser.post("/w/kestrel/settings/workspace/", {**form, "slug": "k", "timezone": "Mars"}).status_code == 422
    assert Workspace.objects.get(slug="kestrel").name == "Kestrel Outdoor"


def test_erasing_needs_the_name(ada: User, workspace: Workspace, client_for: Callable[..., Client]) -> None:
    browser = client_for(ada)

    refused = browser.post("/w/kestrel/settings/workspace/erase/", {"typed_name": "kestrel"})
    assert refused.status_code == 422
    assert Workspace.objects.filter(pk=workspace.pk).exists()

    erased = browser.post("/w/kestrel/settings/workspace/erase/", {"typed_name": "Kestrel Outdoor"})
    assert (erased.status_code, erased.headers["Location"]) == (303, "/")
    assert not Workspace.objects.filter(pk=workspace.pk).exists()
    assert browser.get("/w/kestrel/").status_code == 404


def test_manager_neither_changes_nor_erases_the_workspace(
    ben: User, workspace: Workspace, client_for: Callable[..., Client], set_role: Callable[[User, str], None]
) -> None:
    set_role(ben, "manager")
    browser = client_for(ben)

    for path in ("settings/workspace/", "settings/workspace/erase/"):
        assert browser.get(f"/w/kestrel/{path}").status_code == 403
        assert browser.post(f"/w/kestrel/{path}", {"typed_name": "Kestrel Outdoor"}).status_code == 403
    assert Workspace.objects.filter(pk=workspace.pk).exists()
