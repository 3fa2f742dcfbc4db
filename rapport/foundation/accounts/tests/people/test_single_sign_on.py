"""Signing in with the firm's own OpenID Connect provider, a real one that runs beside the tests."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client

from rapport.config import env
from rapport.foundation.accounts.models import Invitation, User, Workspace
from rapport.foundation.lib import clock
from rapport.waiting import eventually

pytestmark = pytest.mark.django_db
LOGIN = "/account/oidc/oidc/login/"
PEOPLE = (
    {"sub": "ada", "email": "ada@example.com", "email_verified": True, "name": "Ada of the firm"},
    {"sub": "ada-claimed", "email": "ada@example.com", "email_verified": False},
    {"sub": "dora", "email": "dora@example.com", "email_verified": True, "name": "Dora Blom"},
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *known],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(
            lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close() is None,
            within=60,
            for_what="the provider to listen",
            process=process,
            despite=OSError,
        )
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def provider(issuer: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ISSUER", issuer), ("CLIENT_ID", "rapport"), ("CLIENT_SECRET", "s3cret"), ("NAME", "Kestrel")):
        monkeypatch.setenv(f"RAPPORT_OIDC_{name}", value)
    settings.SINGLE_SIGN_ON = env.single_sign_on()
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": settings.SINGLE_SIGN_ON, "OAUTH_PKCE_ENABLED": True}}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def vouched(browser: Client, person: str, start: str = LOGIN) -> Any:
    """Goes to the provider as a browser does, signs in there, and comes back with what it said."""
    at_provider = browser.get(start).headers["Location"]
    body = urllib.parse.urlencode({"sub": person}).encode()
    try:
        urllib.request.build_opener(_Stay).open(at_provider, body, timeout=10)
        raise AssertionError("the provider did not send the browser back")
    except urllib.error.HTTPError as answer:
        back = urllib.parse.urlsplit(answer.headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def test_without_a_provider_nothing_is_offered(ada: User, client_for: Callable[..., Client]) -> None:
    assert "oidc" not in client_for(None).get("/account/login/").content.decode()


def test_a_colleague_signs_in_with_what_the_provider_vouches_for(
    provider: None, ada: User, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)
    assert "Sign in with Kestrel" in browser.get("/account/login/").content.decode()

    response = vouched(browser, "ada")

    assert response.status_code == 302
    assert browser.get("/").headers["Location"] == "/w/kestrel/"
    assert SocialAccount.objects.get().user == ada
    assert not SocialToken.objects.exists()


def test_an_address_the_provider_does_not_vouch_for_opens_nobodys_account(
    provider: None, ada: User, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)

    vouched(browser, "ada-claimed")

    assert "_auth_user_id" not in browser.session
    assert not SocialAccount.objects.exists()


def test_a_stranger_with_a_company_account_needs_an_invitation(
    provider: None, ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)

    response = vouched(browser, "dora")

    assert (
        "invite you" in browser.get(response.headers.get("Location", "/")).content.decode() + response.content.decode()
    )
    assert not User.objects.filter(email="dora@example.com").exists()


def test_who_is_invited_gets_an_account_without_a_password(
    provider: None, ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    Invitation.objects.create(
        workspace=workspace,
        email="dora@example.com",
        role_key="member",
        secret_hash="0" * 64,
        invited_by=ada,
        expires_at=clock.now() + timedelta(days=1),
    )

    vouched(client_for(None), "dora")

    dora = User.objects.get(email="dora@example.com")
    assert (dora.name, dora.has_usable_password(), dora.is_staff) == ("Dora Blom", False, False)


def test_saying_no_at_the_provider_changes_nothing(
    provider: None, ada: User, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)

    at_provider = urllib.parse.urlsplit(browser.get(LOGIN).headers["Location"])
    state = urllib.parse.parse_qs(at_provider.query)["state"][0]

    response = browser.get(f"/account/oidc/oidc/login/callback/?error=access_denied&state={state}", follow=True)

    assert "You stopped signing in" in response.content.decode()
    assert "_auth_user_id" not in browser.session


def test_an_answer_nobody_asked_for_is_refused(provider: None, ada: User, client_for: Callable[..., Client]) -> None:
    response = client_for(None).get("/account/oidc/oidc/login/callback/?code=abc&state=made-up")

    assert "You could not be signed in" in response.content.decode()


def test_a_company_account_is_connected_and_disconnected(
    provider: None, ada: User, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)
    browser.post("/account/login/", {"login": "ada@example.com", "password": "correct horse battery"})

    browser.post("/account/reauthenticate/", {"password": "correct horse battery"})
    vouched(browser, "dora", f"{LOGIN}?process=connect")
    page = browser.get("/account/3rdparty/").content.decode()
    account = SocialAccount.objects.get(user=ada)
    browser.post("/account/3rdparty/", {"account": account.pk})

    assert "Connected on" in page
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ISSUER": "https://id.example.com"}, "RAPPORT_OIDC_CLIENT_ID"),
        ({"ISSUER": "http://id.example.com", "CLIENT_ID": "a", "CLIENT_SECRET": "b"}, "https://"),
    ],
)
def test_half_a_provider_stops_the_start(values: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"RAPPORT_OIDC_{name}", value)

    with pytest.raises(env.SettingError, match=said):
        env.single_sign_on()
