"""What a workspace sets, the stopped addresses, and the first contact that lets customers be answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.errors import Invalid, NotAllowed
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import CustomerRef, new_touchpoint
from rapport.touchpoints.permission.models import Evidence, FrequencyCap, OwnPurpose, QuietHours, Wording
from rapport.touchpoints.permission.queries.gate import may_contact
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.services import settings, wordings
from rapport.touchpoints.permission.tests.factories import NOON, granted, marta, said
from rapport.touchpoints.permission.types import Basis, Reason, Source, Status

pytestmark = pytest.mark.usefixtures("workspace")
Browser = Callable[[User | None], Client]
PAGE = "/w/kestrel/settings/permission/"


def test_purposes_are_added_retired_and_brought_back(ada: User, client_for: Browser) -> None:
    browser = client_for(ada)

    assert browser.post(PAGE, {"act": "purpose", "label": "Events near you", "kind": "marketing"}).status_code == 303
    assert "events_near_you" in {one.name for one in all_purposes()}
    again = browser.post(PAGE, {"act": "purpose", "label": "Events near you", "kind": "marketing"})
    assert again.status_code == 422
    assert "There is one of this name" in again.content.decode()

    browser.post(f"{PAGE}purposes/events_near_you/retire/")
    assert "events_near_you" not in {one.name for one in all_purposes()}
    browser.post(f"{PAGE}purposes/events_near_you/retire/", {"back": "1"})
    assert OwnPurpose.objects.get().retired_at is None


def test_wording_that_was_shown_never_changes(actor: Actor) -> None:
    first = wordings.reword(actor=actor, purpose="offers", language="en", text="May we?")
    assert wordings.reword(actor=actor, purpose="offers", language="en", text="May we write?").pk == first.pk
    granted(marta(), wording=first.pk)

    second = wordings.reword(actor=actor, purpose="offers", language="en", text="May we write to you?")

    assert (second.version, Wording.objects.get(pk=first.pk).text) == (2, "May we write?")
    assert wordings.reword(actor=actor, purpose="offers", language="en", text="May we write to you?").pk == second.pk


def test_quiet_hours_and_caps_are_set_and_removed(ada: User, client_for: Browser) -> None:
    browser = client_for(ada)

    browser.post(PAGE, {"act": "quiet", "channel": "sms", "start": "21:30", "end": "08:00", "days": ["0", "6"]})
    browser.post(PAGE, {"act": "cap", "most": "2", "hours": "168", "purpose": "", "channel": "email"})

    quiet, cap = QuietHours.objects.get(), FrequencyCap.objects.get()
    assert (quiet.channel, quiet.start, quiet.end, quiet.days) == ("sms", 21 * 60 + 30, 8 * 60, [0, 6])
    assert (cap.most, cap.hours, cap.channel) == (2, 168, "email")
    page = browser.get(PAGE).content.decode()
    assert "21:30–08:00" in page
    assert "in 7 days" in page
    twice = browser.post(PAGE, {"act": "cap", "most": "3", "hours": "168", "purpose": "", "channel": "email"})
    assert twice.status_code == 422

    browser.post(f"{PAGE}quiet/{quiet.pk}/remove/")
    browser.post(f"{PAGE}caps/{cap.pk}/remove/")
    assert not QuietHours.objects.exists()
    assert not FrequencyCap.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {"act": "quiet", "start": "25:00", "end": "08:00", "days": ["0"]},
        {"act": "quiet", "start": "21:00", "end": "08:00"},
        {"act": "cap", "most": "0", "hours": "168"},
        {"act": "cap", "most": "1", "hours": "7"},
        {"act": "wording", "purpose": "nonsense", "language": "en", "text": "x"},
        {"act": "nonsense"},
        {},
    ],
)
def test_what_makes_no_sense_comes_back(ada: User, client_for: Browser, form: dict[str, object]) -> None:
    assert client_for(ada).post(PAGE, form).status_code == 422


def test_only_who_runs_the_workspace_sets_this(
    ben: User, actor_for: Callable[[User], Actor], client_for: Browser
) -> None:
    member = actor_for(ben)

    for act in (
        lambda: settings.add_purpose(actor=member, label="x", kind="marketing"),
        lambda: settings.add_cap(actor=member, purpose="", channel="", most=1, hours=24),
        lambda: wordings.reword(actor=member, purpose="offers", language="en", text="x"),
    ):
        with pytest.raises(NotAllowed):
            act()
    for page in (PAGE, "/w/kestrel/settings/stopped/"):
        assert client_for(ben).get(page).status_code == 403


def test_address_is_stopped_looked_up_and_lifted(ada: User, client_for: Browser) -> None:
    customer = marta()
    granted(customer)
    browser = client_for(ada)
    page = "/w/kestrel/settings/stopped/"

    browser.post(page, {"contact_point": " Marta@Example.org", "cause": "by_hand", "note": "Asked by letter"})

    assert (
        may_contact(actor=SYSTEM, customer_id=customer.pk, purpose="offers", channel="email").reason is Reason.STOPPED
    )
    found = browser.get(page, {"q": "marta@example.org"}).content.decode()
    assert "Asked by letter" in found
    assert "This address is not stopped" in browser.get(page, {"q": "b@example.org"}).content.decode()
    assert "neither an e-mail address" in browser.get(page, {"q": "nonsense"}).content.decode()
    assert browser.post(page, {"contact_point": "nonsense", "cause": "by_hand"}).status_code == 422

    browser.post(f"{page}{Evidence.objects.get(status=Status.STOPPED).pk}/lift/")

    assert may_contact(actor=SYSTEM, customer_id=customer.pk, purpose="offers", channel="email").allowed
    assert "lifted by Ada" in browser.get(page).content.decode()


def _touched(callbacks: Callable[..., Any], **values: Any) -> None:
    with callbacks(execute=True):
        item = new_touchpoint(**{"channel": "shop", "kind": "order_placed", "occurred_at": NOON, **values})
        append(actor=SYSTEM, items=[item], source="test")


def test_who_orders_may_be_answered(django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    customer = marta()
    _touched(django_capture_on_commit_callbacks, customer_id=customer.pk, kind="page_viewed", channel="web")
    assert not Evidence.objects.exists()

    _touched(django_capture_on_commit_callbacks, customer_id=customer.pk)
    _touched(django_capture_on_commit_callbacks, customer_id=customer.pk)

    row = Evidence.objects.get()
    assert (row.purpose, row.basis, row.source, row.at) == ("service", Basis.CONTRACT, Source.CONTRACT, NOON)
    assert row.touchpoint_id is not None
    for channel in ("email", "phone", "letter"):
        assert may_contact(actor=SYSTEM, customer_id=customer.pk, purpose="service", channel=channel).allowed
    assert not may_contact(actor=SYSTEM, customer_id=customer.pk, purpose="offers", channel="email").allowed


def test_refused_service_stays_refused(django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    customer = marta()
    said(customer, Status.REFUSED, purpose="service", channel="sms")

    _touched(django_capture_on_commit_callbacks, customer_id=customer.pk)

    assert not may_contact(actor=SYSTEM, customer_id=customer.pk, purpose="service", channel="sms").allowed


def test_visitor_whom_nobody_named_gets_none(django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    _touched(
        django_capture_on_commit_callbacks, customer=CustomerRef(cookie="c" * 20), kind="form_submitted", channel="web"
    )

    assert not Evidence.objects.exists()


def test_purpose_needs_a_name(actor: Actor) -> None:
    with pytest.raises(Invalid):
        settings.add_purpose(actor=actor, label="!!!", kind="marketing")


def test_link_is_shown_and_taken_back(ada: User, client_for: Browser) -> None:
    customer = marta()
    browser = client_for(ada)
    page = f"/w/kestrel/customers/{customer.pk}/consent/"

    shown = browser.get(f"{page}link/")
    assert "/p/" in shown.content.decode()
    assert shown.headers["Cache-Control"] == "no-store"
    assert browser.post(f"{page}link/revoke/").status_code == 303
    assert browser.get(f"{page}ask/").status_code == 200
    assert browser.post(f"{page}ask/", {"purposes": ["offers"]}).status_code == 303
    assert browser.post(f"{page}ask/", {"purposes": ["offers"]}).status_code == 422
    assert Evidence.objects.get().status == Status.PENDING
