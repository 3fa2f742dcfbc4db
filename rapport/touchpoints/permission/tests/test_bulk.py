"""Many answers at once are the same answers: the statement held equal to the rule over ledgers of every shape."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rapport.foundation.lib import ids
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.touchpoints.permission.models import Evidence, FrequencyCap, IssuedPermit, OwnPurpose, QuietHours
from rapport.touchpoints.permission.queries.bulk import contact_counts, may_contact_many
from rapport.touchpoints.permission.queries.gate import may_contact
from rapport.touchpoints.permission.rules.points import point_key
from rapport.touchpoints.permission.tests.factories import NOON, granted, marta, said
from rapport.touchpoints.permission.types import Basis, Cause, PointKind, Reason, Status

pytestmark = pytest.mark.usefixtures("workspace")
HOUR = timedelta(hours=1)

ONE, TWO, LONELY, FORMER, EARLIER = (UUID(int=number) for number in range(1, 6))
POINTS = {one: f"{name}@example.org" for one, name in ((ONE, "one"), (TWO, "two"), (FORMER, "former"))}
KEYS = [None, *(point_key(PointKind.EMAIL, point) for point in POINTS.values())]

hours = st.integers(-60, 3).map(lambda number: NOON + number * HOUR)
evidence = st.fixed_dictionaries(
    {
        "at": hours,
        "status": st.sampled_from(Status.values),
        "customer_id": st.sampled_from([ONE, TWO, LONELY, FORMER, EARLIER]),
        "point_key": st.sampled_from(KEYS),
        "channel": st.sampled_from(["", "email", "sms"]),
        "purpose": st.sampled_from(["offers", "service", "tips", ""]),
        "basis": st.sampled_from(Basis.values),
        "cause": st.sampled_from(["", *Cause.values]),
        "expires_at": st.one_of(st.none(), st.integers(-30, 30).map(lambda number: NOON + number * HOUR)),
        "limit_days": st.sampled_from([None, 0, 1, 7]),
        "parent": st.integers(0, 9),
    }
)
permits = st.fixed_dictionaries(
    {
        "at": st.integers(-200, 60).map(lambda number: NOON + number * HOUR),
        "customer_id": st.sampled_from([ONE, TWO, FORMER]),
        "purpose": st.sampled_from(["offers", "tips"]),
        "channel": st.sampled_from(["email", "sms"]),
    }
)


def write(ledger: list[dict[str, Any]]) -> None:
    rows: list[Evidence] = []
    for values in ledger:
        given_values = dict(values)
        parent = given_values.pop("parent")
        if given_values["status"] == Status.GRANTED and not given_values["purpose"]:
            given_values["purpose"] = "offers"
        if given_values["status"] == Status.RETRACTED:
            given_values["parent_id"] = rows[parent % len(rows)].pk if rows else ids.new_id()
        rows.append(Evidence(**given_values, actor_name="Test"))
    Evidence.objects.bulk_create(rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(evidence, max_size=10),
    st.lists(permits, max_size=5),
    st.sampled_from([None, NOON - 20 * HOUR]),
    st.sampled_from(
        [("offers", "email"), ("service", "email"), ("offers", "sms"), ("tips", "letter"), ("profiling", "")]
    ),
    st.booleans(),
)
def test_statement_says_what_the_rule_says(
    workspace: Any,
    ledger: list[dict[str, Any]],
    given_permits: list[dict[str, Any]],
    merged_at: Any,
    asked: tuple[str, str],
    is_quiet: bool,
) -> None:
    purpose, channel = asked
    with transaction.atomic():
        point = transaction.savepoint()
        for one in (ONE, TWO, LONELY):
            Customer.objects.create(
                id=one, name="x", email=POINTS.get(one, ""), timezone="Asia/Tokyo" if one == TWO else ""
            )
        if merged_at:
            for number, former in enumerate((FORMER, EARLIER)):
                CustomerAlias.objects.create(
                    absorbed_id=former, surviving_id=ONE, reason="merged", created_at=merged_at - number * 9 * HOUR
                )
        write(ledger)
        IssuedPermit.objects.bulk_create(
            IssuedPermit(
                **values,
                evidence_id=ids.new_id(),
                reason="granted",
                issued_at=NOON,
                valid_until=NOON,
                actor_name="Test",
            )
            for values in given_permits
        )
        FrequencyCap.objects.create(most=2, hours=48)
        FrequencyCap.objects.create(purpose="offers", channel="email", most=1, hours=24)
        if is_quiet:
            QuietHours.objects.create(start=20 * 60, end=8 * 60)

        many = may_contact_many(actor=SYSTEM, customers=[ONE, TWO, LONELY], purpose=purpose, channel=channel, at=NOON)
        single = {
            one: may_contact(actor=SYSTEM, customer_id=one, purpose=purpose, channel=channel, at=NOON)
            for one in (ONE, TWO, LONELY)
        }
        transaction.savepoint_rollback(point)

    assert many == single


def test_number_of_statements_does_not_grow_with_the_customers() -> None:
    QuietHours.objects.create(start=20 * 60, end=8 * 60)

    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            may_contact_many(actor=SYSTEM, customers=Customer.objects.all(), purpose="offers", channel="email", at=NOON)
        return len(asked)

    granted(marta())
    few = statements()
    for number in range(12):
        granted(marta(email=f"m{number}@example.org", phone=""))

    assert statements() == few <= 8


def test_answers_are_counted() -> None:
    granted(marta(), at=NOON - HOUR)
    said(marta(email="b@example.org", phone=""), Status.REFUSED, at=NOON - HOUR)
    marta(email="", phone="+31205550143")

    counts = contact_counts(actor=SYSTEM, customers=Customer.objects.all(), purpose="offers", channel="email", at=NOON)

    assert counts == {Reason.GRANTED: 1, Reason.REFUSED: 1, Reason.NO_CONTACT_POINT: 1}


def test_retired_purpose_lets_nobody_through() -> None:
    OwnPurpose.objects.create(name="rides", label="Rides", retired_at=NOON)
    customer = marta()

    answers = may_contact_many(actor=SYSTEM, customers=[customer.pk], purpose="rides", channel="email")

    assert answers[customer.pk].reason is Reason.PURPOSE_RETIRED
