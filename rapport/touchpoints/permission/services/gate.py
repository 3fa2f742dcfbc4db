"""Permits: the only leave to send. A permit takes its place under the caps in the transaction it is given in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from rapport.foundation.lib import clock, ids
from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission import types as words
from rapport.touchpoints.permission.errors import Refused
from rapport.touchpoints.permission.models import IssuedPermit
from rapport.touchpoints.permission.queries import settings
from rapport.touchpoints.permission.queries.bulk import verdicts
from rapport.touchpoints.permission.queries.gate import Asked, as_decision, ask
from rapport.touchpoints.permission.rules.gate import Verdict
from rapport.touchpoints.permission.rules.quiet import covering, next_quiet_at, zone_of
from rapport.touchpoints.permission.types import Decision, Permit, PointKind, Reason

LONGEST = timedelta(hours=24)
STRIPES = 256
_COLUMNS = {PointKind.EMAIL: "email", PointKind.PHONE: "phone"}


@dataclass(frozen=True)
class Permits:
    """What became of asking for many: permits by customer, and the answers for those who may not be contacted."""

    given: Mapping[UUID, Permit]
    refused: Mapping[UUID, Decision]


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
    # What is read after the lock was taken sees the permits of those before.
    lock_customers([found.customer.pk])
    verdict = found.verdict()
    if not verdict.allowed or verdict.evidence_id is None:
        raise Refused(as_decision(verdict))
    return _issue(actor, found, verdict, verdict.evidence_id)


def release(*, permit_id: UUID) -> None:
    """The message was not sent: the permit no longer counts against caps, and no longer holds. Errors: NotFound."""
    if not IssuedPermit.objects.filter(pk=permit_id, released_at=None).update(released_at=clock.now()):
        raise NotFound("There is no such permit, or it was released.")


@transaction.atomic
def permit_many(
    *,
    actor: Actor,
    customers: QuerySet[Any] | Iterable[UUID],
    purpose: str,
    channel: str,
    at: datetime | None = None,
) -> Permits:
    """Permits for all customers who may be contacted, at their first contact point, and the answers for the others.

    Caps hold as for `permit`, which is the same for one. In one transaction ask once: senders that lock customers one by
    one, each in another order, stand in each other's way. Errors: NotAllowed, Invalid.
    """
    policies.require(actor, Action.READ)
    when, now = at or clock.now(), clock.now()
    rows = visible(actor, "customer")
    rows = rows.filter(pk__in=customers.values("pk") if isinstance(customers, QuerySet) else list(customers))
    column = _COLUMNS.get(_kind_of(channel, purpose))
    points = {
        pk: (point, zone, country)
        for pk, point, zone, country in rows.values_list("pk", column or "pk", "timezone", "country")
    }
    lock_customers(points)
    purpose_meant = settings.find_purpose(purpose)
    quiet = covering(settings.house().quiet, purpose_meant, channel)
    home = settings.house_zone()
    issued: list[IssuedPermit] = []
    refused: dict[UUID, Decision] = {}
    for customer_id, verdict, key in verdicts(purpose=purpose, channel=channel, rows=rows, at=when):
        if not verdict.allowed or verdict.evidence_id is None or customer_id not in points:
            refused[customer_id] = as_decision(verdict)
            continue
        _point, timezone, country = points[customer_id]
        quiet_at = next_quiet_at(when, zone_of(timezone, country, home), quiet) if quiet else None
        issued.append(
            IssuedPermit(
                id=ids.new_id(),
                customer_id=customer_id,
                evidence_id=verdict.evidence_id,
                purpose=purpose,
                channel=channel,
                is_service=purpose_meant.is_service,
                point_key=key,
                reason=verdict.reason,
                at=when,
                issued_at=now,
                valid_until=min(end for end in (when + LONGEST, verdict.until, quiet_at) if end is not None),
                member_id=actor.member_id,
                actor_name=actor.name[:150],
            )
        )
    IssuedPermit.objects.bulk_create(issued, batch_size=5_000)
    return Permits(
        {row.customer_id: _permit(row, points[row.customer_id][0] if column else "") for row in issued}, refused
    )


def lock_customers(customer_ids: Iterable[UUID]) -> None:
    """Until the end of the transaction nobody else gives permits for these customers.

    They share a few hundred locks, so that a campaign does not fill the server's table of them; always taken in order.
    """
    stripes = sorted({customer_id.int % STRIPES for customer_id in customer_ids})
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtext(current_schema() || 'permits'), stripe)"
            " from (select stripe from unnest(%s::int[]) as s (stripe) order by stripe offset 0) ordered",
            [stripes],
        )


def _kind_of(channel: str, purpose: str) -> PointKind:
    way = settings.find_channel(channel, settings.find_purpose(purpose))
    return way.point if way else PointKind.NONE


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
    return _permit(row, found.contact_point)


def _permit(row: IssuedPermit, contact_point: str) -> Permit:
    return Permit(
        id=row.pk,
        customer_id=row.customer_id,
        purpose=row.purpose,
        channel=row.channel,
        contact_point=contact_point,
        decided_at=row.at,
        valid_until=row.valid_until,
        reason=Reason(row.reason),
        evidence_id=row.evidence_id,
        seal=words._SEAL,
    )
