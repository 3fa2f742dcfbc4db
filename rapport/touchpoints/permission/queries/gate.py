"""May we contact this customer? One answer with its reason, for pages, senders and the API."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Max, OuterRef, Subquery

from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import SYSTEM, Action, Actor
from rapport.stores.customers.models import Customer, CustomerAlias
from rapport.stores.customers.queries.customers import surviving_id
from rapport.touchpoints.permission import policies
from rapport.touchpoints.permission.models import IssuedPermit
from rapport.touchpoints.permission.queries import settings
from rapport.touchpoints.permission.queries.evidence import rows_about
from rapport.touchpoints.permission.rules.caps import Slot
from rapport.touchpoints.permission.rules.gate import House, Question, Row, Verdict, decide
from rapport.touchpoints.permission.rules.points import normalised, point_key
from rapport.touchpoints.permission.rules.quiet import zone_of
from rapport.touchpoints.permission.rules.words import SENTENCES
from rapport.touchpoints.permission.types import Channel, Decision, PointKind


@dataclass(frozen=True)
class Asked:
    """A question with all that the rule needs to answer it."""

    customer: Customer
    contact_point: str  # normalised
    question: Question
    rows: Sequence[Row]
    house: House

    def verdict(self) -> Verdict:
        return decide(self.question, self.rows, self.slots(), self.house)

    def slots(self) -> list[Slot]:
        return slots_of(self.question.ids)


def may_contact(
    *,
    actor: Actor,
    customer_id: UUID,
    purpose: str,
    channel: str,
    contact_point: str | None = None,
    at: datetime | None = None,
) -> Decision:
    """Whether the customer may be contacted, and why. Without a contact point the customer's first one is meant.

    `channel` may be empty for profiling. Errors: NotFound, NotAllowed, Invalid.
    """
    policies.require(actor, Action.READ)
    found = ask(
        actor=actor,
        customer_id=customer_id,
        purpose=purpose,
        channel=channel,
        contact_point=contact_point,
        at=at or clock.now(),
    )
    return as_decision(found.verdict())


def still_holds(*, permit_id: UUID, contact_point: str, at: datetime | None = None) -> Decision:
    """Whether a message that has its permit may still leave: stops, withdrawals and quiet hours since count, caps do not.

    Errors: NotFound.
    """
    permit = IssuedPermit.objects.filter(pk=permit_id).first()
    if permit is None:
        raise NotFound("There is no such permit.")
    found = ask(
        actor=SYSTEM,
        customer_id=permit.customer_id,
        purpose=permit.purpose,
        channel=permit.channel,
        contact_point=contact_point,
        at=at or clock.now(),
    )
    others = [slot for pk, slot in _slots(found.question.ids) if pk != permit.pk and slot.at < permit.at]
    return as_decision(decide(found.question, found.rows, others, found.house))


def ask(
    *, actor: Actor, customer_id: UUID, purpose: str, channel: str, contact_point: str | None, at: datetime
) -> Asked:
    """Read what the rule needs: the customer, the evidence, the settings. Errors: NotFound, Invalid."""
    wanted = settings.find_purpose(purpose)
    way = settings.find_channel(channel, wanted)
    customer = _customer(actor, customer_id)
    point = _point(customer, way, contact_point)
    kind = way.point if way else PointKind.NONE
    ids = frozenset([customer.pk, *customer.absorbed])
    question = Question(
        purpose=wanted,
        channel=way,
        at=at,
        ids=ids,
        point_key=point_key(kind, point),
        merged_at=customer.merged_last,
        zone=zone_of(customer.timezone, customer.country, settings.house_zone()),
    )
    return Asked(customer, point, question, rows_about(ids, [question.point_key]), settings.house())


def slots_of(ids: Set[UUID]) -> list[Slot]:
    """What counts against caps of this customer."""
    return [slot for _pk, slot in _slots(ids)]


def _slots(ids: Set[UUID]) -> list[tuple[UUID, Slot]]:
    rows = IssuedPermit.objects.filter(customer_id__in=list(ids), released_at=None)
    return [
        (pk, Slot(at, purpose, channel, is_service))
        for pk, at, purpose, channel, is_service in rows.values_list("pk", "at", "purpose", "channel", "is_service")
    ]


def as_decision(verdict: Verdict) -> Decision:
    return Decision(verdict.allowed, verdict.reason, str(SENTENCES[verdict.reason]), verdict.evidence_id, verdict.until)


def _customer(actor: Actor, customer_id: UUID) -> Any:
    """The standing customer, with absorbed ids and the last merge. One query, a second for an id that was merged."""
    aliases = CustomerAlias.objects.filter(surviving_id=OuterRef("pk"))
    rows = visible(actor, "customer").annotate(
        absorbed=ArraySubquery(aliases.values("absorbed_id")),
        merged_last=Subquery(aliases.values("surviving_id").annotate(last=Max("created_at")).values("last")),
    )
    found = rows.filter(pk=customer_id).first() or rows.filter(pk=surviving_id(customer_id)).first()
    if found is None:
        raise NotFound("There is no such customer, or you may not see them.")
    return found


def _point(customer: Customer, channel: Channel | None, named: str | None) -> str:
    if channel is None or channel.point is PointKind.NONE:
        return ""
    text = named if named is not None else (customer.email if channel.point is PointKind.EMAIL else customer.phone)
    return normalised(channel.point, text or "", customer.country or settings.house_region()) or ""
