from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django_tenants.utils import schema_context

from rapport.foundation.accounts.models import Membership, User, Workspace
from rapport.foundation.workspace.models import AuditEntry, Member
from rapport.testing import part_of

PASSWORD = "correct horse battery"
LOGIN = "/account/login/"


def sign_in(client: Client, email: str = "ada@example.com", password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password, **extra})


def confirm(client: Client) -> None:
    """Pages that change how one signs in ask for the password once more."""
    client.post("/account/reauthenticate/", {"password": PASSWORD})


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_signing_in_leads_to_the_workspace(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)

    response = sign_in(browser)

    assert response.status_code == 302
    assert browser.get("/").headers["Location"] == "/w/kestrel/"


def test_signing_in_changes_the_session_key(ada: User, client_for: Callable[..., Client]) -> None:
    """Whoever planted a session cookie before must not be signed in afterwards."""
    browser = client_for(None)
    browser.get("/account/password/reset/")
    session = browser.session
    session["planted"] = "by a stranger"
    session.save()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    planted = session.session_key

    sign_in(browser)

    assert browser.session.session_key != planted
    stranger = client_for(None)
    stranger.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    assert stranger.get("/w/kestrel/").status_code == 302


def test_wrong_password_is_refused_without_saying_what_was_wrong(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)

    wrong = sign_in(browser, password="something else").content.decode()
    unknown = sign_in(browser, email="nobody@example.com").content.decode()

    said = re.compile(r"r-notice-bad.*?<p>(.*?)</p>", re.DOTALL)
    assert part_of(said, wrong) == part_of(said, unknown)
    assert browser.get("/w/kestrel/").status_code == 302


def test_sign_ins_are_written_into_the_audit_log(
    ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    browser = client_for(None)

    sign_in(browser, password="something else")
    sign_in(browser)

    entries = list(AuditEntry.objects.order_by("at").values_list("action", "actor_name", "detail"))
    assert entries == [
        ("account.sign_in_failed", "Ada", {"ip": "127.0.0.1"}),
        ("account.signed_in", "Ada", {"ip": "127.0.0.1"}),
    ]


def test_sign_ins_are_no_business_of_other_workspaces(
    ada: User, other_workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    sign_in(client_for(None))

    with schema_context(other_workspace.schema_name):
        assert not AuditEntry.objects.exists()


def test_guessing_is_stopped(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    for _ in range(5):
        sign_in(browser, password="guess")

    response = sign_in(browser)

    assert "Too many failed login attempts" in response.content.decode()
    assert browser.get("/w/kestrel/").status_code == 302


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(ada: User, client_for: Callable[..., Client], address: str) -> None:
    assert sign_in(client_for(None), next=address).headers["Location"] == "/"


def test_signing_in_needs_the_csrf_token(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    browser.handler.enforce_csrf_checks = True

    assert sign_in(browser).status_code == 403


def test_person_who_was_closed_out_of_the_installation_can_not_sign_in(
    ada: User, client_for: Callable[..., Client]
) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    browser = client_for(None)

    sign_in(browser)

    assert browser.get("/w/kestrel/").status_code == 302


def test_authenticator_app_is_asked_for_after_the_password(ada: User, client_for: Callable[..., Client]) -> None:
    EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=True)
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(ada, secret)
    browser = client_for(None)

    assert sign_in(browser).headers["Location"] == "/account/2fa/authenticate/"
    assert browser.get("/w/kestrel/").status_code == 302

    browser.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert browser.get("/w/kestrel/").status_code == 200


def test_recovery_code_works_once(ada: User, client_for: Callable[..., Client]) -> None:
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    code = RecoveryCodes.activate(ada).get_unused_codes()[0]

    for expected in (200, 302):
        browser = client_for(None)
        sign_in(browser)
        browser.post("/account/2fa/authenticate/", {"code": code})
        assert browser.get("/w/kestrel/").status_code == expected


def test_second_steps_change_only_after_asking_again(ada: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    sign_in(browser)

    for page in ("totp/activate/", "webauthn/add/", "recovery-codes/generate/"):
        assert browser.get(f"/account/2fa/{page}").headers["Location"].startswith("/account/reauthenticate/")


def test_secrets_of_second_steps_are_encrypted(ada: User) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(ada, secret)

    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)
    assert stored.wrap().validate_code(code_of(secret))


@pytest.mark.django_db(transaction=True)  # the notice is written after the commit
def test_authenticator_app_is_set_up_in_the_browser(
    ada: User, workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=True)
    browser = client_for(None)
    sign_in(browser)
    confirm(browser)
    page = browser.get("/account/2fa/totp/activate/").content.decode()
    secret = part_of(r'<code id="secret">(\w+)</code>', page)

    response = browser.post("/account/2fa/totp/activate/", {"code": code_of(secret)})

    assert response.headers["Location"] == "/account/2fa/recovery-codes/"
    assert browser.get("/account/2fa/recovery-codes/").status_code == 200
    assert AuditEntry.objects.filter(action="account.second_step_added", detail__kind="totp").exists()


def test_passkeys_are_offered_by_an_endpoint_and_pages_without_inline_script(
    ada: User, client_for: Callable[..., Client]
) -> None:
    EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=True)
    browser = client_for(None)

    options = browser.get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"}).json()
    login = browser.get(LOGIN)
    sign_in(browser)
    confirm(browser)
    adding = browser.get("/account/2fa/webauthn/add/")

    assert options["request_options"]["publicKey"]["challenge"]
    for page in (login, adding):
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page.content.decode())
        assert inline
        assert all('type="application/json"' in tag for tag in inline)
    assert "creation_options" in adding.content.decode()


def test_password_is_reset_by_mail(ada: User, workspace: Workspace, client_for: Callable[..., Client]) -> None:
    browser = client_for(None)
    browser.post("/account/password/reset/", {"email": "ada@example.com"})
    link = part_of(r"http://[^/]+(/account/password/reset/key/\S+)", str(mail.outbox[0].body))

    form = browser.get(link, follow=True)
    browser.post(form.request["PATH_INFO"], {"password1": "violet summer rain", "password2": "violet summer rain"})

    assert mail.outbox[0].to == ["ada@example.com"]
    assert sign_in(client_for(None), password="violet summer rain").status_code == 302
    assert AuditEntry.objects.filter(action="account.password_reset").exists()
    assert "This link no longer works" in client_for(None).get(link, follow=True).content.decode()


def test_asking_for_a_reset_does_not_tell_who_has_an_account(ada: User, client_for: Callable[..., Client]) -> None:
    known = client_for(None).post("/account/password/reset/", {"email": "ada@example.com"}, follow=True)
    unknown = client_for(None).post("/account/password/reset/", {"email": "nobody@example.com"}, follow=True)

    assert (known.redirect_chain, known.status_code) == (unknown.redirect_chain, unknown.status_code)


def test_changing_the_password_signs_other_devices_out(ada: User, client_for: Callable[..., Client]) -> None:
    here, elsewhere = client_for(None), client_for(None)
    sign_in(here)
    sign_in(elsewhere)

    here.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": "violet summer rain", "password2": "violet summer rain"},
    )

    assert here.get("/w/kestrel/").status_code == 200
    assert elsewhere.get("/w/kestrel/").status_code == 302


def test_one_device_can_be_signed_out_from_another(ada: User, client_for: Callable[..., Client]) -> None:
    here, elsewhere = client_for(None), client_for(None)
    sign_in(here)
    sign_in(elsewhere)
    other = UserSession.objects.get(session_key=elsewhere.session.session_key)

    here.post(f"/account/sessions/{other.pk}/end/")

    assert elsewhere.get("/w/kestrel/").status_code == 302
    assert here.get("/w/kestrel/").status_code == 200
    assert here.get("/account/sessions/").status_code == 200


def test_nobody_can_sign_out_the_devices_of_others(ada: User, cleo: User, client_for: Callable[..., Client]) -> None:
    here, stranger = client_for(None), client_for(None)
    sign_in(here)
    sign_in(stranger, email="cleo@example.com")
    mine = UserSession.objects.get(session_key=here.session.session_key)

    stranger.post(f"/account/sessions/{mine.pk}/end/")

    assert here.get("/w/kestrel/").status_code == 200


def test_activity_is_noted_now_and_then_not_on_every_request(
    ada: User, client_for: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    browser = client_for(None)
    sign_in(browser)
    browser.get("/account/")

    with django_assert_max_num_queries(6) as queries:
        browser.get("/account/")

    assert not [query for query in queries.captured_queries if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_profile_changes_the_name_in_every_workspace(
    ada: User, workspace: Workspace, other_workspace: Workspace, client_for: Callable[..., Client]
) -> None:
    seat = Membership.objects.create(user=ada, workspace=other_workspace)
    with schema_context(other_workspace.schema_name):
        Member.objects.create(id=seat.id, user_id=ada.pk, name="Ada", email=ada.email, role_key="member")
    browser = client_for(ada)

    response = browser.post("/account/", {"name": "Ada Lovelace", "language": "de", "timezone": "Europe/Berlin"})

    assert response.status_code == 303
    assert Member.objects.get(user_id=ada.pk).name == "Ada Lovelace"
    with schema_context(other_workspace.schema_name):
        assert Member.objects.get(user_id=ada.pk).name == "Ada Lovelace"
    assert 'lang="de"' in browser.get("/account/").content.decode()
    assert 'lang="de"' in browser.get("/w/kestrel/").content.decode()


def test_language_chosen_on_the_device_goes_first(ada: User, client_for: Callable[..., Client]) -> None:
    User.objects.filter(pk=ada.pk).update(language="de")
    browser = client_for(ada)
    browser.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "ar"

    assert 'lang="ar" dir="rtl"' in browser.get("/w/kestrel/").content.decode()


def test_profile_without_a_name_is_refused(ada: User, client_for: Callable[..., Client]) -> None:
    response = client_for(ada).post("/account/", {"name": "", "language": "", "timezone": ""})

    assert response.status_code == 422
    assert User.objects.get(pk=ada.pk).name == "Ada"


@pytest.mark.parametrize(
    "address",
    [
        "/account/",
        "/account/email/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/sessions/",
        "/account/workspaces/new/",
        "/account/logout/",
    ],
)
def test_account_pages_draw(ada: User, client_for: Callable[..., Client], address: str) -> None:
    User.objects.filter(pk=ada.pk).update(is_staff=True)

    assert client_for(ada).get(address).status_code == 200


def test_mail_server_that_is_away_keeps_nobody_out(
    ada: User, client_for: Callable[..., Client], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    browser = client_for(None)
    sign_in(browser)

    response = browser.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": "violet summer rain", "password2": "violet summer rain"},
    )

    assert response.status_code == 302
    assert "A mail could not be sent" in caplog.text
