"""The one way into the permission ledger. Pages, senders, imports and the preference page all record here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.models import Customer
from rapport.stores.customers.queries.customers import get_customer
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import new_touchpoint
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.models import Evidence, EvidenceProof, Wording
from rapport.touchpoints.permission.queries import settings
from rapport.touchpoints.permission.rules.gate import DECIDING, STOPPING
from rapport.touchpoints.permission.rules.points import normalised, point_key
from rapport.touchpoints.permission.services.standing import tell, tell_point
from rapport.touchpoints.permission.types import (
    ANY,
    LONGEST_LIMIT_DAYS,
    Basis,
    Cause,
    PointKind,
    Purpose,
    PurposeKind,
    Source,
    Status,
)

LATEST_AHEAD = timedelta(minutes=5)
SOURCE = "permission"  # of touch points
_TOLD: Mapping[str, str] = {
    Status.GRANTED: "permission_granted",
    Status.REFUSED: "permission_refused",
    Status.WITHDRAWN: "permission_withdrawn",
    Status.STOPPED: "contact_stopped",
    Status.PAUSED: "contact_paused",
}


@dataclass(frozen=True)
class Recorded:
    """One row of evidence as it was written."""

    id: UUID
    customer_id: UUID | None
    at: datetime
    status: str


@transaction.atomic
def record(
    *,
    actor: Actor,
    customer_id: UUID | None,
    contact_point: str | None,
    channel: str,
    purpose: str,
    status: str,
    basis: str = "",
    wording: UUID | None = None,
    touchpoint_id: UUID | None = None,
    address: str | None = None,
    at: datetime | None = None,
    expires_at: datetime | None = None,
    cause: str = "",
    source: str = Source.HAND,
    proof: str = "",
    note: str = "",
    limit_days: int | None = None,
    parent_id: UUID | None = None,
    point: UUID | None = None,
) -> Recorded:
    """Write down what a customer allowed or forbade, or what happened to a contact point.

    A grant for an address says which; without one the customer's first is meant. A stop may name nobody we know
    (`customer_id` None). `point` is the key of an address that is no longer at hand. An empty purpose stands for every one but service, an empty channel for every channel.
    Where no touch point is named, one is added to the customer's timeline. Errors: NotFound, NotAllowed, Invalid.
    """
    policies.require(actor, Action.CREATE)
    customer = None
    if customer_id is not None:
        customer = get_customer(actor=actor, customer_id=customer_id, action=Action.UPDATE)
    now = clock.now()
    purpose_meant = settings.find_purpose(purpose) if purpose else None
    problems = _problems(purpose_meant, channel, status, basis, cause, at or now, now, expires_at)
    kind = channels[channel].point if channel in channels else PointKind.NONE
    if not channel and contact_point:  # a stop of an address on every channel
        kind = PointKind.EMAIL if "@" in contact_point else PointKind.PHONE
    needed = status == Status.GRANTED and kind is not PointKind.NONE and point is None
    text = _point(customer, kind, contact_point, needed=needed)
    if text is None:
        problems["contact_point"] = _("Which address or number is this for?")
    if customer is None and (status not in STOPPING or not (text or point)):
        problems["customer_id"] = _("Only a stop can be of somebody you do not know, and it names an address.")
    if limit_days is not None and status != Status.LIMITED:
        problems["limit_days"] = _("Only how often somebody wants to hear from us has days.")
    if limit_days is not None and not 0 <= limit_days <= LONGEST_LIMIT_DAYS:
        problems["limit_days"] = _("Between a day and a year, or 0 for as it comes.")
    if wording is not None and not Wording.objects.filter(pk=wording).exists():
        problems["wording"] = _("There is no such wording.")
    if problems:
        raise Invalid(problems)
    row = Evidence(
        id=ids.new_id(),
        customer_id=customer.pk if customer else None,
        point_key=point or point_key(kind, text or ""),
        channel=channel,
        purpose=purpose,
        status=status,
        basis=basis,
        cause=cause or (Cause.BY_HAND if status == Status.STOPPED else ""),
        source=source,
        wording_id=wording,
        parent_id=parent_id,
        limit_days=limit_days,
        at=at or now,
        recorded_at=now,
        expires_at=expires_at,
        member_id=actor.member_id,
        actor_name=actor.name[:150],
    )
    row.touchpoint_id = touchpoint_id or _tell(actor, customer, row, purpose_meant)
    row.save(force_insert=True)
    if text or address or proof or note:
        EvidenceProof.objects.create(
            evidence_id=row.pk,
            customer_id=row.customer_id,
            contact_point=text or "",
            address=_text(address or "", 45),
            proof=_text(proof, 500),
            note=_text(note, 1000),
        )
    if row.customer_id and row.status in DECIDING:
        tell([row.customer_id])
    if row.point_key and row.status in STOPPING:
        tell_point(row.point_key)
    return Recorded(row.pk, row.customer_id, row.at, row.status)


@transaction.atomic
def take_back(*, actor: Actor, evidence_id: UUID) -> Recorded:
    """Counter a row that should not be there: a row of its own that names it. Errors: NotFound, NotAllowed, Invalid."""
    policies.require(actor, Action.CREATE)
    row = Evidence.objects.filter(pk=evidence_id).first()
    if row is None or row.status == Status.RETRACTED:
        raise NotFound(_("There is no such entry."))
    if row.customer_id is not None:
        get_customer(actor=actor, customer_id=row.customer_id, action=Action.UPDATE)
    if Evidence.objects.filter(parent_id=row.pk, status=Status.RETRACTED).exists():
        raise Invalid({"evidence": _("This was taken back already.")})
    now = clock.now()
    counter = Evidence.objects.create(
        customer_id=row.customer_id,
        point_key=row.point_key,
        channel=row.channel,
        purpose=row.purpose,
        status=Status.RETRACTED,
        parent_id=row.pk,
        at=now,
        recorded_at=now,
        member_id=actor.member_id,
        actor_name=actor.name[:150],
    )
    if row.customer_id:
        tell([row.customer_id])
    if row.point_key and row.status in STOPPING:
        tell_point(row.point_key)
    return Recorded(counter.pk, counter.customer_id, now, counter.status)


def _problems(
    purpose: Purpose | None,
    channel: str,
    status: str,
    basis: str,
    cause: str,
    at: datetime,
    now: datetime,
    expires_at: datetime | None,
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if status not in Status.values or status == Status.RETRACTED:
        problems["status"] = _("This is no answer that can be written down.")
    if channel and channel not in channels:
        problems["channel"] = _("There is no such channel.")
    if basis and basis not in Basis.values:
        problems["basis"] = _("There is no such lawful basis.")
    if cause and cause not in Cause.values:
        problems["cause"] = _("There is no such cause.")
    if status in (Status.GRANTED, Status.PENDING):
        if purpose is None:
            problems["purpose"] = _("What is it granted for? Permission is given for one purpose at a time.")
        elif purpose.is_retired:
            problems["purpose"] = _("This purpose is no longer in use.")
        elif not channel and purpose.kind not in (PurposeKind.SERVICE, PurposeKind.PROFILING):
            problems["channel"] = _("By which channel? Permission is given for one channel at a time.")
        if not basis and status == Status.GRANTED:
            problems["basis"] = _("On which lawful basis?")
    if at > now + LATEST_AHEAD:
        problems["at"] = _("This lies in the future. Write down what has happened.")
    if expires_at is not None and expires_at <= at:
        problems["expires_at"] = _("This ends before it begins.")
    return problems


def _point(customer: Customer | None, kind: PointKind, named: str | None, *, needed: bool) -> str | None:
    """The normalised contact point; empty for all of them; None when one is needed and there is none."""
    if kind is PointKind.NONE:
        return ""
    text = (named or "").strip()
    if not text and needed and customer is not None:
        text = customer.email if kind is PointKind.EMAIL else customer.phone
    if not text:
        return None if needed else ""
    region = (customer.country if customer else "") or settings.house_region()
    return normalised(kind, text, region)


def _text(given: str, longest: int) -> str:
    return given.replace("\x00", "").strip()[:longest]


def _tell(actor: Actor, customer: Customer | None, row: Evidence, purpose: Purpose | None) -> UUID | None:
    """A touch point in the customer's timeline."""
    kind = _TOLD.get(row.status)
    if customer is None or kind is None:
        return None
    (outcome,) = append(
        actor=policies.teller(actor),
        items=[
            new_touchpoint(
                customer_id=customer.pk,
                channel=row.channel or "service",
                kind=kind,
                direction="in",
                occurred_at=row.at,
                source=SOURCE,
                source_id=str(row.pk),
                properties={"purpose": purpose.name if purpose else ANY, "basis": row.basis, "source": row.source},
                member_id=row.member_id,
            )
        ],
        source=SOURCE,
    )
    return outcome.id
