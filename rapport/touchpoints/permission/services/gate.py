"""Permits: the only leave to send. A permit takes its place under the caps in the transaction it is given in."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission import types as words
from rapport.touchpoints.permission.errors import Refused
from rapport.touchpoints.permission.models import IssuedPermit
from rapport.touchpoints.permission.queries.gate import Asked, as_decision, ask
from rapport.touchpoints.permission.rules.gate import Verdict
from rapport.touchpoints.permission.rules.quiet import covering, next_quiet_at
from rapport.touchpoints.permission.types import Permit

LONGEST = timedelta(hours=24)


@transaction.atomic
def permit(
    *,
    actor: Actor,
    customer_id: UUID,
    purpose: str,
    channel: str,
    contact_point: str | None = None,
    at: datetime | None = None,
) -> Permit:
    """Leave to send one message at `at` (now, where none is named). Errors: Refused, NotFound, NotAllowed, Invalid.

    Senders that ask for the same customer wait for each other until their transactions end, so that caps hold.
    """
    policies.require(actor, Action.READ)
    when = at or clock.now()
    found = ask(
        actor=actor, customer_id=customer_id, purpose=purpose, channel=channel, contact_point=contact_point, at=when
    )
    # The lock is of the standing customer; what is read after it was taken sees the permits of those before.
    lock_customer(found.customer.pk)
    verdict = found.verdict()
    if not verdict.allowed or verdict.evidence_id is None:
        raise Refused(as_decision(verdict))
    return _issue(actor, found, verdict, verdict.evidence_id)


def release(*, permit_id: UUID) -> None:
    """The message was not sent: the permit no longer counts against caps, and no longer holds. Errors: NotFound."""
    if not IssuedPermit.objects.filter(pk=permit_id, released_at=None).update(released_at=clock.now()):
        raise NotFound("There is no such permit, or it was released.")


def lock_customer(customer_id: UUID) -> None:
    """Until the end of the transaction nobody else gives permits for this customer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(current_schema() || 'permit' || %s, 0))", [str(customer_id)]
        )


def _issue(actor: Actor, found: Asked, verdict: Verdict, evidence_id: UUID) -> Permit:
    asked, now = found.question, clock.now()
    quiet = covering(found.house.quiet, asked.purpose, asked.channel_name)
    ends = [asked.at + LONGEST, verdict.until, next_quiet_at(asked.at, asked.zone, quiet) if quiet else None]
    row = IssuedPermit.objects.create(
        id=ids.new_id(),
        customer_id=found.customer.pk,
        evidence_id=evidence_id,
        purpose=asked.purpose.name,
        channel=asked.channel_name,
        is_service=asked.purpose.is_service,
        point_key=asked.point_key,
        reason=verdict.reason,
        at=asked.at,
        issued_at=now,
        valid_until=min(end for end in ends if end is not None),
        member_id=actor.member_id,
        actor_name=actor.name[:150],
    )
    return Permit(
        id=row.pk,
        customer_id=row.customer_id,
        purpose=row.purpose,
        channel=row.channel,
        contact_point=found.contact_point,
        decided_at=row.at,
        valid_until=row.valid_until,
        reason=verdict.reason,
        evidence_id=row.evidence_id,
        seal=words._SEAL,
    )
