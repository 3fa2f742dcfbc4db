"""The customer's side: choices by a signed link, one-click unsubscribing, double opt-in."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from rapport.foundation.accounts.models import User, Workspace
from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Conflict
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.services.merges import merge_customers
from rapport.touchpoints.permission.models import Evidence, EvidenceProof, Wording
from rapport.touchpoints.permission.queries.gate import may_contact
from rapport.touchpoints.permission.services import links, opt_in
from rapport.touchpoints.permission.tests.factories import granted, marta, said, stopped
from rapport.touchpoints.permission.types import Basis, Cause, Decision, Reason, Source, Status
from rapport.touchpoints.permission.views import preferences as views

pytestmark = pytest.mark.usefixtures("workspace")
Browser = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    views.of_address.forget()
    views.of_link.forget()


@pytest.fixture
def browser(client_for: Browser) -> Client:
    return client_for(None)


def path_of(url: str) -> str:
    return urlsplit(url).path


def choices_path(customer: Customer) -> str:
    return path_of(links.preferences_url(customer_id=customer.pk))


def unsubscribe_path(customer: Customer, purpose: str = "offers") -> str:
    return path_of(
        links.unsubscribe_url(
            customer_id=customer.pk, channel="email", contact_point="marta@example.org", purpose=purpose
        )
    )


def ask(customer: Customer, purpose: str = "offers", channel: str = "email") -> Decision:
    return may_contact(actor=SYSTEM, customer_id=customer.pk, purpose=purpose, channel=channel)


def test_choices_are_shown_as_they_stand(browser: Client) -> None:
    customer = marta()
    granted(customer)

    answer = browser.get(choices_path(customer))
    page = answer.content.decode()

    assert answer.status_code == 200
    assert re.search(r'value="offers:email"[^>]*checked', page)
    assert not re.search(r'value="tips:email"[^>]*checked', page)
    assert "Kestrel Outdoor may contact me for: Offers and news." in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_every_change_is_evidence_with_wording_time_and_address(browser: Client) -> None:
    customer = marta()
    granted(customer)

    answer = browser.post(
        choices_path(customer),
        {"on": ["tips:email", "profiling:"], "often": "7", "pause": "1"},
        REMOTE_ADDR="203.0.113.9",
    )

    assert answer.status_code == 303
    rows = Evidence.objects.filter(source=Source.PREFERENCES)
    assert {(row.status, row.purpose, row.channel) for row in rows} == {
        ("withdrawn", "offers", "email"),
        ("granted", "tips", "email"),
        ("granted", "profiling", ""),
        ("paused", "", ""),
        ("limited", "", ""),
    }
    tips = rows.get(purpose="tips")
    assert Wording.objects.get(pk=tips.wording_id).text.startswith("Kestrel Outdoor may contact me for: Tips.")
    assert (tips.basis, tips.actor_name) == (Basis.CONSENT, "Marta Oliveira")
    assert EvidenceProof.objects.get(pk=tips.pk).address == "203.0.113.9"
    assert ask(customer).reason is Reason.WITHDRAWN
    assert ask(customer, "tips").reason is Reason.PAUSED


def test_sending_the_same_again_changes_nothing(browser: Client) -> None:
    customer = marta()
    path = choices_path(customer)
    form = {"on": ["offers:email"], "often": "30", "language": "de"}
    browser.post(path, form)
    count = Evidence.objects.count()

    browser.post(path, form)

    assert Evidence.objects.count() == count
    customer.refresh_from_db()
    assert customer.language == "de"
    assert 'lang="de"' in browser.get(path).content.decode()


def test_wording_that_stood_on_the_page_counts_though_another_was_written_meanwhile(browser: Client) -> None:
    customer = marta()
    old = Wording.objects.create(purpose="offers", language="en", text="Offers, please.")
    Wording.objects.create(purpose="offers", language="en", version=2, text="All of it, please.")

    browser.post(choices_path(customer), {"on": ["offers:email"], "shown:offers": str(old.pk), "shown:tips": "junk"})

    assert Evidence.objects.get(status=Status.GRANTED).wording_id == old.pk


def test_own_consent_outdoes_having_unsubscribed_but_for_nothing_else(browser: Client) -> None:
    customer = marta()
    granted(customer)
    granted(customer, purpose="tips")
    stopped("marta@example.org", cause=Cause.UNSUBSCRIBE)
    assert ask(customer).reason is Reason.UNSUBSCRIBED

    browser.post(choices_path(customer), {"on": ["offers:email"]})

    assert ask(customer).allowed
    assert ask(customer, "tips").reason is Reason.WITHDRAWN


def test_switches_for_service_and_for_what_is_not_there_do_nothing(browser: Client) -> None:
    customer = marta(phone="")
    granted(customer, purpose="service", channel="", basis=Basis.CONTRACT)

    browser.post(choices_path(customer), {"on": ["offers:sms", "nonsense:email", "offers:pigeon", "\x00", "a" * 5000]})

    assert ask(customer, "service").allowed
    assert Evidence.objects.count() == 1


def test_looking_changes_nothing_and_one_click_unsubscribes(browser: Client) -> None:
    customer = marta()
    granted(customer)
    granted(customer, purpose="tips")
    path = unsubscribe_path(customer)

    assert browser.get(path).status_code == 200
    assert browser.head(path).status_code == 200
    assert ask(customer).allowed

    browser.handler.enforce_csrf_checks = True
    answer = browser.post(path, {"List-Unsubscribe": "One-Click"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert ask(customer).reason is Reason.WITHDRAWN
    assert ask(customer, "tips").allowed
    row = Evidence.objects.get(status=Status.WITHDRAWN)
    assert (row.source, row.purpose, row.channel) == (Source.HEADER, "offers", "email")
    assert EvidenceProof.objects.get(pk=row.pk).contact_point == "marta@example.org"


def test_unsubscribing_twice_or_by_a_replay_writes_once(browser: Client) -> None:
    customer = marta()
    granted(customer)
    path = unsubscribe_path(customer)

    for _ in range(3):
        assert browser.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert Evidence.objects.filter(status=Status.WITHDRAWN).count() == 1


def test_unsubscribing_from_everything_leaves_service(browser: Client) -> None:
    customer = marta()
    granted(customer)
    granted(customer, purpose="tips")
    granted(customer, purpose="service", channel="", basis=Basis.CONTRACT)
    path = unsubscribe_path(customer, purpose="")

    page = browser.post(path, {"page": "1"}).content.decode()
    browser.post(path, {"page": "1"})

    assert "You are unsubscribed" in page
    assert [ask(customer, one).allowed for one in ("offers", "tips", "service")] == [False, False, True]
    assert Evidence.objects.filter(status=Status.WITHDRAWN).count() == 1


def test_unsubscribing_is_honoured_for_a_customer_who_was_put_away(browser: Client) -> None:
    customer = marta()
    granted(customer)
    path = unsubscribe_path(customer)
    Customer.objects.filter(pk=customer.pk).update(deleted_at=timezone.now())

    assert browser.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert Evidence.objects.get(status=Status.STOPPED).cause == Cause.UNSUBSCRIBE


def test_link_of_a_merged_customer_leads_to_the_one_they_are_now(browser: Client, actor: Actor) -> None:
    one, other = marta(), marta(email="b@example.org", phone="")
    path = choices_path(other)
    merge_customers(actor=actor, surviving_id=one.pk, absorbed_id=other.pk)

    browser.post(path, {"on": ["offers:email"]})

    assert ask(one).allowed


@pytest.mark.parametrize("wrong", ["made up", "cut short", "of another kind", "too old", "taken back", "endless"])
def test_links_that_do_not_work_all_answer_alike_and_are_not_logged(
    browser: Client, actor: Actor, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    customer = marta()
    path = choices_path(customer)
    token = path.split("/")[2]
    later = clock.now()
    if wrong == "taken back":
        links.revoke_links(actor=actor, customer_id=customer.pk)
    if wrong == "too old":
        later += timedelta(days=91)
    path = {
        "made up": "/p/x/",
        "cut short": path.replace(token, token[:-1]),
        "of another kind": path + "unsubscribe",
        "endless": "/p/" + "a" * 4000 + "/",
    }.get(wrong, path)

    with clock.frozen(later), caplog.at_level(logging.DEBUG):
        answer = browser.post(path, {"on": ["offers:email"]})

    assert answer.status_code == 404
    assert "This link does not work" in answer.content.decode()
    assert token[:20] not in caplog.text
    assert not Evidence.objects.exists()


def test_link_of_another_workspace_meets_nobody(browser: Client, other_workspace: Workspace) -> None:
    customer = marta()
    token = links.signing.Signer(salt=links.SALT).sign_object(
        ["p", other_workspace.schema_name, customer.pk.hex, int(clock.now().timestamp()), "", "", "", ""], compress=True
    )

    assert browser.get(f"/p/{token}/").status_code == 404


def test_new_links_work_after_older_ones_were_taken_back(browser: Client, actor: Actor) -> None:
    customer = marta()
    links.revoke_links(actor=actor, customer_id=customer.pk)

    with clock.frozen(clock.now() + timedelta(seconds=2)):
        assert browser.get(choices_path(customer)).status_code == 200


def test_too_many_requests_wait(browser: Client) -> None:
    path = choices_path(marta())

    answers = [browser.get("/p/x/").status_code for _ in range(70)]

    assert answers[-1] == 429
    assert browser.get(path).headers["Retry-After"]


def test_tokens_hold_no_address() -> None:
    customer = marta()
    said_of = links.signing.Signer(salt=links.SALT).unsign_object(unsubscribe_path(customer).split("/")[2])

    assert "marta" not in str(said_of)


def ask_by_mail(customer: Customer, callbacks: Any) -> str:
    with callbacks(execute=True):
        return path_of(opt_in.ask_by_mail(actor=SYSTEM, customer_id=customer.pk, purposes=["offers", "tips"]))


def test_double_opt_in_grants_nothing_until_it_is_confirmed(
    browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    customer = marta()
    path = ask_by_mail(customer, django_capture_on_commit_callbacks)
    assert ask(customer).reason is Reason.PENDING
    (message,) = mail.outbox
    assert message.to == ["marta@example.org"]
    assert path in message.body

    assert "May Kestrel Outdoor write to you?" in browser.get(path).content.decode()
    assert ask(customer).reason is Reason.PENDING

    assert "confirmed" in browser.post(path, REMOTE_ADDR="203.0.113.9").content.decode()
    browser.post(path)

    assert ask(customer).allowed
    assert ask(customer, "tips").allowed
    rows = Evidence.objects.filter(status=Status.GRANTED)
    assert {(row.source, row.basis) for row in rows} == {(Source.CONFIRMATION, Basis.CONSENT)}
    assert rows.count() == 2
    assert all(row.parent_id and row.wording_id for row in rows)


def test_question_expires_and_an_address_is_asked_once_a_day(
    browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    customer = marta()
    path = ask_by_mail(customer, django_capture_on_commit_callbacks)
    with pytest.raises(Conflict):
        ask_by_mail(customer, django_capture_on_commit_callbacks)

    with clock.frozen(clock.now() + timedelta(days=8)):
        assert browser.post(path).status_code == 404
        assert ask(customer).reason is Reason.NOT_ASKED

    assert not Evidence.objects.filter(status=Status.GRANTED).exists()


def test_address_that_complained_is_not_asked(django_capture_on_commit_callbacks: Any) -> None:
    customer = marta()
    stopped("marta@example.org", cause=Cause.COMPLAINT)

    with pytest.raises(Conflict):
        ask_by_mail(customer, django_capture_on_commit_callbacks)

    assert mail.outbox == []


def test_refusal_since_the_question_still_yields_to_the_confirmation(
    browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    customer = marta()
    path = ask_by_mail(customer, django_capture_on_commit_callbacks)
    said(customer, Status.REFUSED)

    browser.post(path)

    assert ask(customer).allowed


def test_headers_for_one_click_are_those_of_the_standard() -> None:
    headers = links.unsubscribe_headers(customer_id=marta().pk, contact_point="marta@example.org", purpose="offers")

    assert re.fullmatch(r"<http://127\.0\.0\.1:8000/p/[A-Za-z0-9_.:-]+/unsubscribe>", headers["List-Unsubscribe"])
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
