"""What simulated customers allow."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.demo.load import load
from rapport.demo.types import Firm
from rapport.foundation.records.services.undo import undo
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import Customer
from rapport.touchpoints.permission.models import Consent, Evidence, EvidenceProof
from rapport.touchpoints.permission.queries.bulk import contact_counts
from rapport.touchpoints.permission.queries.evidence import standing
from rapport.touchpoints.permission.types import Reason


def test_customers_allow_believable_things_and_go_with_the_demo(actor: Actor, small_firm: Firm) -> None:
    with CaptureQueriesContext(connection) as asked:
        operation = load(actor=actor, firm=small_firm)

    counts = contact_counts(actor=actor, customers=Customer.objects.all(), purpose="offers", channel="email")
    people = sum(counts.values())
    assert people * 0.1 < counts[Reason.GRANTED] < people * 0.9
    assert counts[Reason.NOT_ASKED] > 0
    service = contact_counts(actor=actor, customers=Customer.objects.all(), purpose="service", channel="letter")
    assert service[Reason.GRANTED] > people * 0.2
    assert sum("permission_" in query["sql"] for query in asked) < 40
    assert not standing(Evidence.objects.filter(status="granted", purpose="")).exists()

    undo(actor=actor, operation_id=operation.id)

    assert not standing(Evidence.objects.all()).exists()
    assert not Consent.objects.exists()
    assert not EvidenceProof.objects.exists()
