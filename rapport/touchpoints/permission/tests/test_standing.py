"""Where permissions stand, as lists tell it: the same as the gate would say of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rapport.foundation.lib import clock
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.services.merges import merge_customers
from rapport.touchpoints.permission.models import Consent
from rapport.touchpoints.permission.services.evidence import take_back
from rapport.touchpoints.permission.services.standing import tell_due
from rapport.touchpoints.permission.tests.factories import DAY, NOON, granted, marta, said, stopped
from rapport.touchpoints.permission.types import Basis, Cause, Status

pytestmark = pytest.mark.usefixtures("workspace")


def told(customer: Customer) -> set[tuple[str, str, str]]:
    return set(Consent.objects.filter(customer_id=customer.pk).values_list("channel", "purpose", "status"))


def test_last_word_stands() -> None:
    customer = marta()
    granted(customer)
    granted(customer, channel="letter")
    said(customer, Status.REFUSED, channel="letter")

    assert told(customer) == {("email", "offers", "granted"), ("letter", "offers", "refused")}


def test_refusing_everything_reaches_what_was_granted_but_not_service() -> None:
    customer = marta()
    granted(customer)
    granted(customer, purpose="service", channel="", basis=Basis.CONTRACT)
    said(customer, Status.WITHDRAWN, purpose="", channel="")

    assert told(customer) == {
        ("email", "offers", "withdrawn"),
        ("", "service", "granted"),
        ("", "", "withdrawn"),
    }


def test_stop_of_the_address_shows_and_goes_when_it_is_lifted() -> None:
    customer = marta()
    granted(customer)
    stopped("marta@example.org", cause=Cause.COMPLAINT)
    assert told(customer) == {("email", "offers", "stopped")}

    said(None, Status.LIFTED, contact_point="marta@example.org", purpose="", channel="")

    assert told(customer) == {("email", "offers", "granted")}


def test_what_was_taken_back_no_longer_stands() -> None:
    customer = marta()
    row = granted(customer)

    take_back(actor=SYSTEM, evidence_id=row.id)

    assert told(customer) == set()


def test_time_and_merging_are_taken_up(actor: Actor) -> None:
    one, other = marta(), marta(email="b@example.org", phone="")
    with clock.frozen(NOON):
        tell_due()
        granted(one, expires_at=NOON + DAY)
        granted(one, channel="letter")
        said(other, Status.REFUSED, channel="letter")
    with clock.frozen(NOON + timedelta(hours=1)):
        merge_customers(actor=actor, surviving_id=one.pk, absorbed_id=other.pk)
        assert tell_due() == 2
        assert told(one) == {("email", "offers", "granted"), ("letter", "offers", "refused")}
        assert told(other) == set()
    with clock.frozen(NOON + 2 * DAY):
        tell_due()
        assert told(one) == {("email", "offers", "expired"), ("letter", "offers", "refused")}
        assert tell_due() == 0
