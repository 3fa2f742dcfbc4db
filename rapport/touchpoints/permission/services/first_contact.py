"""Who orders, writes, calls or comes by may be answered: service, on the basis of the contract or of what leads to one.

GDPR article 6(1)(b). Written down once for each customer, with the touch point it rests on; a refusal of service by the
customer stays what it is.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.customers.models import Customer
from rapport.stores.customers.queries.customers import surviving_ids
from rapport.stores.ledger.types import Appended, Landed
from rapport.touchpoints.permission.models import Evidence
from rapport.touchpoints.permission.services.standing import tell
from rapport.touchpoints.permission.types import Basis, Source, Status

PURPOSE = "service"
KINDS = frozenset(
    {
        "order_placed", "quote_accepted", "return_requested", "subscription_started", "email_received", "sms_received",
        "fax_received", "call_received", "visit_received", "showroom_visited", "form_submitted", "case_opened",
    }
)  # fmt: skip


def note_first_contact(appended: Appended) -> None:
    """Listens to the ledger. Two statements where somebody got in touch, none otherwise."""
    first: dict[UUID, Landed] = {}
    for one in appended.touchpoints:
        if one.kind in KINDS and (one.customer_id not in first or one.occurred_at < first[one.customer_id].occurred_at):
            first[one.customer_id] = one
    if not first:
        return
    standing = surviving_ids(first)
    known = set(
        Evidence.objects.filter(customer_id__in=[*standing, *standing.values()], purpose=PURPOSE).values_list(
            "customer_id", flat=True
        )
    )
    fresh: dict[UUID, Landed] = {}
    for recorded, now in standing.items():
        if not {recorded, now} & known:
            fresh.setdefault(now, first[recorded])
    named = set(Customer.objects.filter(pk__in=list(fresh)).values_list("pk", flat=True))
    with transaction.atomic():
        now_at = clock.now()
        Evidence.objects.bulk_create(
            [
                Evidence(
                    id=ids.new_id(), customer_id=customer, purpose=PURPOSE, status=Status.GRANTED, basis=Basis.CONTRACT,
                    source=Source.CONTRACT, touchpoint_id=one.id, at=min(one.occurred_at, now_at), recorded_at=now_at,
                    actor_name=SYSTEM.name,
                )
                for customer, one in fresh.items()
                if customer in named
            ],
            batch_size=5_000,
        )  # fmt: skip
        tell(named)
