"""Coming in: passwords, second steps, invitations and what a role shows."""

from __future__ import annotations

import time

from tests.journeys.house import PASSWORD, House
from tests.journeys.visitor import Open


def test_signs_in_after_a_wrong_password_and_out_again(visit: Open, house: House) -> None:
    nora = visit()
    nora.go("/")
    nora.look("sign-in")
    nora.sign_in("nora", "not my password")
    nora.page.get_by_text("not correct").or_(nora.page.get_by_role("alert")).first.wait_for()
    nora.look("refused")

    nora.sign_in("nora")
    nora.page.get_by_role("heading", level=1, name="Nora").wait_for()
    nora.look("today")

    nora.page.locator(".r-side .r-me .r-ws").first.click()
    nora.page.get_by_role("button", name="Sign out").click()
    nora.page.get_by_role("heading", name="Sign in").wait_for()
    nora.go("customers/")
    assert "/account/login" in nora.page.url


def test_chooses_a_new_password_by_the_link_in_a_mail(visit: Open, house: House) -> None:
    paul = visit()
    paul.go("/account/login/")
    paul.page.get_by_role("link", name="Forgot").or_(paul.page.get_by_role("link", name="password")).first.click()
    paul.look("reset")
    paul.page.fill("[name=email]", house.people["paul"].email)
    paul.page.click("text=Send link")
    paul.page.wait_for_url("**/password/reset/done/")
    paul.look("sent")

    link = house.link_mailed_to(house.people["paul"].email, r"http://\S+/password/reset/key/\S+")
    paul.go(link.removeprefix(house.address))
    paul.page.fill("[name=password1]", "gulls over the old quay")
    paul.page.fill("[name=password2]", "gulls over the old quay")
    paul.look("choose")
    paul.page.click("text=Save password")
    paul.page.wait_for_url("**/done/")

    paul.go("/account/login/")
    with paul.forgiving("400"):
        paul.sign_in("paul")
        paul.page.get_by_role("alert").first.wait_for()
    paul.sign_in("paul", "gulls over the old quay")
    paul.page.get_by_role("heading", level=1, name="Paul").wait_for()

    again = visit()
    again.go(link.removeprefix(house.address))
    again.page.get_by_role("heading", name="This link no longer works").wait_for()


def test_sets_up_an_authenticator_app_and_signs_in_with_it(visit: Open, house: House) -> None:
    theo = visit()
    theo.go("/account/login/")
    theo.sign_in("theo")
    theo.page.get_by_role("heading", level=1, name="Theo").wait_for()
    theo.go("/account/2fa/")
    theo.page.get_by_role("link", name="Set up Authenticator app").click()
    theo.page.get_by_role("heading", name="Is it still you?").wait_for()
    theo.look("asked-again")
    theo.page.fill("[name=password]", PASSWORD)
    theo.page.get_by_role("button", name="Go on").click()
    theo.page.locator("#secret").wait_for()
    theo.look("set-up")
    secret = theo.page.inner_text("#secret")
    theo.page.fill("[name=code]", code_of(secret, -1))
    theo.page.click("text=Turn on")
    theo.page.wait_for_url("**/recovery-codes/**")
    theo.look("recovery-codes")

    other = visit()
    other.go("/account/login/")
    other.sign_in("theo")
    other.page.get_by_role("heading", name="Second step").wait_for()
    other.look("second-step")
    other.page.fill("[name=code]", "000000")
    other.page.get_by_role("button", name="Sign in", exact=True).click()
    other.page.get_by_role("alert").or_(other.page.get_by_text("ncorrect")).first.wait_for()
    other.page.fill("[name=code]", code_of(secret))
    other.page.get_by_role("button", name="Sign in", exact=True).click()
    other.page.get_by_role("heading", level=1, name="Theo").wait_for()


def test_invites_somebody_who_may_only_read_and_finds_nothing_to_change(visit: Open, house: House) -> None:
    owner = visit("owner")
    owner.go("settings/members/")
    owner.page.get_by_role("link", name="Invite", exact=True).click()
    owner.page.fill("[name=email]", "ruth@kestrel.example")
    owner.page.locator("[name=role]").select_option(label="Read-only")
    owner.page.click("text=Send invitation")
    owner.page.get_by_text("ruth@kestrel.example").first.wait_for()
    owner.look("invited")
    shown = owner.page.locator("#link")
    link = shown.inner_text() if shown.count() else house.link_mailed_to("ruth@kestrel.example", r"http://\S+")

    ruth = visit()
    ruth.go(link.removeprefix(house.address))
    ruth.look("invitation")
    ruth.page.click("text=Create an account to join")
    ruth.page.fill("[name=name]", "Ruth Example")
    ruth.page.fill("[name=password1]", "reading by the window")
    ruth.look("sign-up")
    ruth.page.click("main button[type=submit]")
    ruth.page.get_by_role("button", name="Join").click()
    ruth.page.get_by_role("heading", level=1, name="Ruth").wait_for()

    ruth.go("customers/")
    assert ruth.page.locator("tbody tr").count() > 20
    assert ruth.page.locator("[data-edit]").count() == 0
    assert ruth.page.get_by_role("link", name="Add customer").count() == 0
    ruth.page.locator("tbody a.r-who").first.click()
    ruth.page.locator("#timeline").wait_for()
    ruth.look("customer-of-a-reader")
    assert ruth.page.locator("[data-edit], #composer, #tag-add").count() == 0
    assert ruth.page.get_by_role("link", name="Edit").count() == 0
    with ruth.forgiving("403"):
        answer = ruth.page.goto(house.at("customers/new"))
    assert answer is not None
    assert answer.status == 403


def code_of(secret: str, step: int = 0) -> str:
    """What an authenticator app shows now, or showed a step of thirty seconds before: each code works once."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))
