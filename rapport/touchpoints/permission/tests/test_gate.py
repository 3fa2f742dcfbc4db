"""The gate as pages and senders meet it: each answer with its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.services.merges import merge_customers
from rapport.touchpoints.permission.errors import Refused
from rapport.touchpoints.permission.models import FrequencyCap, IssuedPermit, OwnPurpose, QuietHours
from rapport.touchpoints.permission.queries.gate import may_contact, still_holds
from rapport.touchpoints.permission.services.gate import permit, permit_many, release
from rapport.touchpoints.permission.tests.factories import DAY, NOON, granted, marta, said, stopped
from rapport.touchpoints.permission.types import Basis, Cause, Decision, Permit, Reason, Status

pytestmark = pytest.mark.usefixtures("workspace")


def ask(customer: Customer, **values: Any) -> Decision:
    given: dict[str, Any] = {"actor": SYSTEM, "purpose": "offers", "channel": "email", **values}
    return may_contact(customer_id=customer.pk, **given)


def leave(customer: Customer, **values: Any) -> Permit:
    given: dict[str, Any] = {"actor": SYSTEM, "purpose": "offers", "channel": "email", **values}
    return permit(customer_id=customer.pk, **given)


def test_nobody_may_be_contacted_who_was_never_asked() -> None:
    customer = marta()

    decision = ask(customer)

    assert (decision.allowed, decision.reason) == (False, Reason.NOT_ASKED)
    assert decision.words == "The customer was never asked for this."
    with pytest.raises(Refused) as refused:
        leave(customer)
    assert refused.value.decision == decision
    assert not IssuedPermit.objects.exists()


def test_grant_lets_through_for_its_purpose_channel_and_address_alone() -> None:
    customer = marta()
    row = granted(customer)

    assert ask(customer) == Decision(True, Reason.GRANTED, "The customer may be contacted.", row.id)
    assert ask(customer, purpose="tips").reason is Reason.NOT_ASKED
    assert ask(customer, channel="sms").reason is Reason.NOT_ASKED
    assert ask(customer, contact_point="other@example.org").reason is Reason.NOT_ASKED
    assert ask(customer, contact_point=" Marta@Example.org ").allowed


def test_latest_answer_counts_and_an_expired_one_does_not() -> None:
    customer = marta()
    granted(customer, at=NOON - 300 * DAY)
    said(customer, Status.WITHDRAWN, at=NOON - 200 * DAY)
    assert ask(customer, at=NOON).reason is Reason.WITHDRAWN

    granted(customer, at=NOON - 100 * DAY, expires_at=NOON - 10 * DAY)

    assert ask(customer, at=NOON - 50 * DAY).allowed
    assert ask(customer, at=NOON - 50 * DAY).until == NOON - 10 * DAY
    assert ask(customer, at=NOON).reason is Reason.WITHDRAWN


def test_evidence_found_later_does_not_outdo_what_was_said_since() -> None:
    customer = marta()
    said(customer, Status.REFUSED, at=NOON - 10 * DAY)

    granted(customer, at=NOON - 900 * DAY, note="Paper form found in the archive")

    assert ask(customer, at=NOON).reason is Reason.REFUSED


def test_refusing_everything_leaves_service() -> None:
    customer = marta()
    granted(customer, purpose="service", channel="", basis=Basis.CONTRACT, at=NOON - 2 * DAY)
    granted(customer, at=NOON - 2 * DAY)

    said(customer, Status.WITHDRAWN, purpose="", channel="", at=NOON - DAY)

    assert ask(customer, at=NOON).reason is Reason.WITHDRAWN
    assert ask(customer, purpose="service", at=NOON).allowed
    assert ask(customer, purpose="service", channel="letter", at=NOON).allowed


@pytest.mark.parametrize(
    ("cause", "purpose", "basis", "reason"),
    [
        (Cause.BOUNCE, "offers", Basis.CONSENT, Reason.BOUNCED),
        (Cause.BOUNCE, "service", Basis.CONTRACT, Reason.BOUNCED),
        (Cause.COMPLAINT, "offers", Basis.CONSENT, Reason.COMPLAINED),
        (Cause.COMPLAINT, "service", Basis.CONTRACT, Reason.GRANTED),
        (Cause.COMPLAINT, "service", Basis.LEGITIMATE_INTEREST, Reason.COMPLAINED),
        (Cause.UNSUBSCRIBE, "service", Basis.LEGAL_OBLIGATION, Reason.GRANTED),
        (Cause.UNSUBSCRIBE, "service", Basis.CONSENT, Reason.UNSUBSCRIBED),
        (Cause.UNSUBSCRIBE, "tips", Basis.LEGITIMATE_INTEREST, Reason.UNSUBSCRIBED),
        (Cause.BY_HAND, "research", Basis.CONSENT, Reason.STOPPED),
    ],
)
def test_stops_beat_everything_but_service_the_law_lets_stand(
    cause: str, purpose: str, basis: str, reason: Reason
) -> None:
    customer = marta()
    granted(customer, purpose=purpose, basis=basis)

    stopped("marta@example.org", cause=cause)

    assert ask(customer, purpose=purpose).reason is reason


def test_stop_is_of_the_address_whoever_has_it_and_can_be_lifted() -> None:
    customer = marta()
    granted(customer)
    stop = stopped("marta@example.org", cause=Cause.BOUNCE)
    stopped("marta@example.org", cause=Cause.COMPLAINT)

    said(
        None,
        Status.LIFTED,
        contact_point="marta@example.org",
        purpose="",
        channel="",
        cause=Cause.BOUNCE,
        parent_id=stop.id,
    )
    assert ask(customer).reason is Reason.COMPLAINED

    said(None, Status.LIFTED, contact_point="marta@example.org", purpose="", channel="")
    assert ask(customer).allowed


def test_pause_holds_until_it_ends_or_is_ended() -> None:
    customer = marta()
    granted(customer, at=NOON - 9 * DAY)
    granted(customer, purpose="service", channel="", basis=Basis.CONTRACT, at=NOON - 9 * DAY)
    said(customer, Status.PAUSED, purpose="", channel="", at=NOON - DAY, expires_at=NOON + 29 * DAY)

    assert (ask(customer, at=NOON).reason, ask(customer, at=NOON).until) == (Reason.PAUSED, NOON + 29 * DAY)
    assert ask(customer, purpose="service", at=NOON).allowed
    assert ask(customer, at=NOON + 29 * DAY).allowed

    said(customer, Status.RESUMED, purpose="", channel="", at=NOON)
    assert ask(customer, at=NOON).allowed


def test_quiet_hours_go_by_the_customers_clock() -> None:
    QuietHours.objects.create(channel="sms", start=21 * 60, end=8 * 60)
    here, there = (
        marta(timezone="Europe/Lisbon"),
        marta(email="b@example.org", phone="+351210000001", timezone="Asia/Tokyo"),
    )
    for customer in (here, there):
        granted(customer, channel="sms", at=NOON - DAY)
        granted(customer, at=NOON - DAY)

    assert ask(here, channel="sms", at=NOON).allowed
    late = ask(there, channel="sms", at=NOON + timedelta(hours=1))  # ten in the evening in Tokyo
    assert (late.reason, late.until) == (Reason.QUIET_HOURS, datetime(2026, 11, 20, 23, tzinfo=UTC))
    assert ask(there, at=NOON).allowed
    assert leave(here, channel="sms", at=NOON).valid_until == datetime(2026, 11, 20, 21, tzinfo=UTC)


def test_zone_without_rules_falls_back_to_that_of_the_house() -> None:
    QuietHours.objects.create(start=21 * 60, end=8 * 60)
    customer = marta(timezone="Mars/Olympus")
    granted(customer, at=NOON - DAY)

    assert ask(customer, at=NOON.replace(hour=21)).reason is Reason.QUIET_HOURS


def test_caps_slide_and_service_does_not_count() -> None:
    FrequencyCap.objects.create(channel="email", most=2, hours=168)
    customer = marta()
    granted(customer, at=NOON - 30 * DAY)
    granted(customer, purpose="service", channel="", basis=Basis.CONTRACT, at=NOON - 30 * DAY)
    leave(customer, purpose="service", at=NOON - 6 * DAY)
    leave(customer, at=NOON - 6 * DAY)
    second = leave(customer, at=NOON - 1 * DAY)

    assert (ask(customer, at=NOON).reason, ask(customer, at=NOON).until) == (Reason.CAP_REACHED, NOON + DAY)
    assert ask(customer, purpose="service", at=NOON).allowed
    assert ask(customer, at=NOON + DAY).allowed

    release(permit_id=second.id)
    assert ask(customer, at=NOON).allowed


def test_customers_own_limit_holds_over_all_channels() -> None:
    customer = marta()
    granted(customer, at=NOON - 30 * DAY)
    granted(customer, channel="sms", purpose="tips", at=NOON - 30 * DAY)
    said(customer, Status.LIMITED, purpose="", channel="", limit_days=30, at=NOON - 29 * DAY)
    leave(customer, at=NOON)

    assert ask(customer, channel="sms", purpose="tips", at=NOON + 29 * DAY).reason is Reason.OWN_LIMIT
    assert ask(customer, channel="sms", purpose="tips", at=NOON + 30 * DAY).allowed


def test_merging_never_widens_and_what_is_said_afterwards_counts_alone(actor: Actor) -> None:
    one, other = marta(), marta(email="m.oliveira@example.org", phone="")
    with clock.frozen(NOON):
        granted(one)
        granted(other)
        said(other, Status.REFUSED, purpose="", channel="")
        merge_customers(actor=actor, surviving_id=one.pk, absorbed_id=other.pk)

    decision = ask(one, at=NOON + DAY)
    assert decision.reason is Reason.REFUSED
    assert ask(one, contact_point="m.oliveira@example.org", at=NOON + DAY).reason is Reason.REFUSED

    granted(other.pk, contact_point="marta@example.org", at=NOON + DAY)
    assert ask(one, at=NOON + 2 * DAY).allowed


def test_permit_is_made_by_the_gate_alone() -> None:
    customer = marta()
    row = granted(customer, at=NOON - DAY)

    made = leave(customer, at=NOON)

    assert (made.customer_id, made.contact_point, made.evidence_id) == (customer.pk, "marta@example.org", row.id)
    assert (made.decided_at, made.valid_until) == (NOON, NOON + DAY)
    with pytest.raises(TypeError):
        Permit(
            id=uuid4(), customer_id=customer.pk, purpose="offers", channel="email", contact_point="", decided_at=NOON,
            valid_until=NOON + DAY, reason=Reason.GRANTED, evidence_id=uuid4(),
        )  # fmt: skip
    with pytest.raises(TypeError):
        type(made)(**{**vars(made), "purpose": "tips"})


def test_message_that_waits_is_held_by_what_is_said_meanwhile() -> None:
    FrequencyCap.objects.create(most=1, hours=24)
    customer = marta()
    granted(customer, at=NOON - DAY)
    made = leave(customer, at=NOON)
    assert still_holds(permit_id=made.id, contact_point=made.contact_point, at=NOON).allowed

    said(customer, Status.WITHDRAWN, at=NOON + timedelta(minutes=1))

    held = still_holds(permit_id=made.id, contact_point=made.contact_point, at=NOON + timedelta(minutes=2))
    assert held.reason is Reason.WITHDRAWN


def test_purpose_no_longer_in_use_lets_nothing_through() -> None:
    OwnPurpose.objects.create(name="rides", label="Rides together")
    customer = marta()
    granted(customer, purpose="rides")
    assert ask(customer, purpose="rides").allowed

    OwnPurpose.objects.update(retired_at=NOON)

    assert ask(customer, purpose="rides").reason is Reason.PURPOSE_RETIRED


def test_what_is_not_there_is_said() -> None:
    customer = marta(email="")

    assert ask(customer).reason is Reason.NO_CONTACT_POINT
    with pytest.raises(Invalid):
        ask(customer, purpose="nonsense")
    with pytest.raises(Invalid):
        ask(customer, channel="pigeon")
    with pytest.raises(NotFound):
        may_contact(actor=SYSTEM, customer_id=uuid4(), purpose="offers", channel="email")


def test_profiling_needs_no_channel() -> None:
    customer = marta()
    assert ask(customer, purpose="profiling", channel="").reason is Reason.NOT_ASKED

    granted(customer, purpose="profiling", channel="")

    assert ask(customer, purpose="profiling", channel="").allowed


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"purpose": ""}, "purpose"),
        ({"channel": ""}, "channel"),
        ({"basis": ""}, "basis"),
        ({"basis": "because"}, "basis"),
        ({"channel": "pigeon"}, "channel"),
        ({"contact_point": "not an address"}, "contact_point"),
        ({"at": datetime(2036, 1, 1, tzinfo=UTC)}, "at"),
        ({"at": NOON, "expires_at": NOON}, "expires_at"),
        ({"wording": uuid4()}, "wording"),
        ({"limit_days": 7}, "limit_days"),
    ],
)
def test_grant_that_proves_nothing_is_not_written_down(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as wrong:
        granted(marta(), **values)

    assert problem in wrong.value.problems


def test_only_a_stop_can_be_of_nobody() -> None:
    with pytest.raises(Invalid):
        said(None, Status.GRANTED, contact_point="a@example.org", basis=Basis.CONSENT)
    with pytest.raises(Invalid):
        said(None, Status.STOPPED, contact_point="")

    assert stopped("a@example.org").customer_id is None


def test_many_permits_are_those_that_would_be_given_one_by_one() -> None:
    FrequencyCap.objects.create(most=1, hours=24)
    QuietHours.objects.create(start=21 * 60, end=8 * 60)
    willing, unasked = marta(timezone="Europe/Lisbon"), marta(email="b@example.org", phone="")
    granted(willing, at=NOON - DAY)

    found = permit_many(actor=SYSTEM, customers=[willing.pk, unasked.pk], purpose="offers", channel="email", at=NOON)

    made = found.given[willing.pk]
    assert list(found.given) == [willing.pk]
    assert (made.contact_point, made.valid_until) == ("marta@example.org", NOON.replace(hour=21))
    assert found.refused[unasked.pk].reason is Reason.NOT_ASKED
    assert still_holds(permit_id=made.id, contact_point=made.contact_point, at=NOON).allowed
    again = permit_many(actor=SYSTEM, customers=Customer.objects.all(), purpose="offers", channel="email", at=NOON)
    assert again.refused[willing.pk].reason is Reason.CAP_REACHED
