"""Taking back, correcting and erasing. The ledger's rows stay as they are: each of these is a new row beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.ledger import policies
from rapport.stores.ledger.models import Pin, Retraction, Touchpoint, TouchpointContent
from rapport.stores.ledger.queries import touchpoints
from rapport.stores.ledger.rules.items import OWN_SOURCE
from rapport.stores.ledger.services import phases
from rapport.stores.ledger.services.ingestion import append
from rapport.stores.ledger.types import CustomerRef, NewTouchpoint, Outcome, Status

CORRECTED = "corrected"


def retract_batch(*, actor: Actor, batch_id: UUID, reason: str = "") -> Retraction:
    """Take back all touch points of a batch, however many, with one row. Doing it twice is harmless. Errors: NotAllowed."""
    policies.require(actor, Action.DELETE)
    retraction, _ = Retraction.objects.get_or_create(
        batch_id=batch_id, defaults={"reason": reason[:200], "actor_name": actor.name[:150], "at": clock.now()}
    )
    phases.mark_of_batch(batch_id)
    return retraction


def retract_touchpoint(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID, reason: str = "") -> Retraction:
    """Take back one touch point: what one wrote oneself, or anything for those who may delete all.

    Errors: NotFound, NotAllowed.
    """
    found = touchpoints.get_touchpoint(actor=actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    if not policies.may_retract(actor, member_id=found.member_id, source=found.source, own_source=OWN_SOURCE):
        raise NotAllowed(gettext("Only what you logged yourself can be taken back."))
    phases.mark_of_touchpoint(found.customer_id, found.kind)
    return _retract(actor, found.customer_id, touchpoint_id, reason)


def retract_touchpoints(
    *, actor: Actor, touchpoints: Sequence[tuple[UUID, UUID]], kinds: Sequence[str] = (), reason: str = ""
) -> None:
    """Take back many by (customer id they were recorded with, id), for services that appended them. Twice is harmless.

    `kinds` are those among them that may say something of a phase. Errors: NotAllowed.
    """
    policies.require(actor, Action.DELETE)
    now = clock.now()
    Retraction.objects.bulk_create(
        [
            Retraction(
                customer_id=customer, touchpoint_id=one, reason=reason[:200], actor_name=actor.name[:150], at=now
            )
            for customer, one in touchpoints
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    for customer in {customer for customer, _one in touchpoints}:
        for kind in kinds:
            phases.mark_of_touchpoint(customer, kind)


@transaction.atomic
def restore_touchpoint(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID) -> None:
    """Undo a retraction; who may take a touch point back may also restore it. Errors: NotFound, NotAllowed."""
    ids = touchpoints.ids_of_customer(actor=actor, customer_id=customer_id)
    rows = Retraction.objects.select_for_update().filter(touchpoint_id=touchpoint_id, customer_id__in=ids)
    retraction = rows.exclude(reason=CORRECTED).first()
    found = Touchpoint.objects.filter(customer_id__in=ids, id=touchpoint_id).first() if retraction else None
    if retraction is None or found is None:
        raise NotFound(gettext("There is no such touch point that was taken back."))
    if not policies.may_retract(actor, member_id=found.member_id, source=found.source, own_source=OWN_SOURCE):
        raise NotAllowed(gettext("Only the person who logged this can bring it back."))
    retraction.delete()
    phases.mark_of_touchpoint(found.customer_id, found.kind)


@transaction.atomic
def correct_touchpoint(
    *,
    actor: Actor,
    customer_id: UUID,
    touchpoint_id: UUID,
    content: str | None = None,
    subject: str | None = None,
    occurred_at: datetime | None = None,
    properties: dict[str, Any] | None = None,
    direction: str | None = None,
    kind: str | None = None,
    amount: Decimal | None = None,
) -> Outcome:
    """Replace what was written by hand with a new row that names the old one; what is None stays as it was.

    Errors: NotFound, NotAllowed, Invalid.
    """
    old = touchpoints.get_touchpoint(actor=actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    if not policies.may_correct(actor, member_id=old.member_id, source=old.source, own_source=OWN_SOURCE):
        raise NotAllowed(gettext("Only what you logged yourself can be corrected."))
    if content is None:
        kept = TouchpointContent.objects.filter(customer_id=old.customer_id, touchpoint_id=old.id).first()
        content = kept.body if kept else ""
    item = NewTouchpoint(
        customer=CustomerRef(id=old.customer_id),
        channel=old.channel,
        kind=kind or old.kind,
        occurred_at=occurred_at or old.occurred_at,
        direction=direction or old.direction,
        subject=old.subject if subject is None else subject,
        amount=old.amount if amount is None else amount,
        currency=old.currency,
        properties=msgspec.Raw(msgspec.json.encode(old.properties if properties is None else properties)),
        content=content,
        member_id=old.member_id,
    )
    (outcome,) = append(actor=actor, items=[item], source=old.source, batch_id=old.batch_id, corrects_id=old.id)
    if outcome.status is not Status.CREATED or outcome.id is None:
        raise Invalid({problem.pointer.lstrip("/"): problem.reason for problem in outcome.problems})
    _retract(actor, old.customer_id, old.id, CORRECTED)
    phases.mark_of_touchpoint(old.customer_id, old.kind)
    Pin.objects.filter(customer_id=old.customer_id, touchpoint_id=old.id).update(
        touchpoint_id=outcome.id, occurred_at=item.occurred_at
    )
    return outcome


@transaction.atomic
def erase_contents(*, actor: Actor, customer_id: UUID, touchpoint_ids: Sequence[UUID] | None = None) -> int:
    """Erase what people wrote, for some or all touch points of a customer, corrected versions included. No undo.

    The rows of the ledger stay; `erased_at` says that there was something. Errors: NotFound, NotAllowed.
    """
    if not policies.may_erase(actor):
        raise NotAllowed(gettext("Your role does not let you erase what was written."))
    ids = touchpoints.ids_of_customer(actor=actor, customer_id=customer_id)
    contents = TouchpointContent.objects.filter(customer_id__in=ids, erased_at=None)
    if touchpoint_ids is not None:
        wanted: set[UUID] = set()
        for one in touchpoint_ids:
            found = touchpoints.get_touchpoint(actor=actor, customer_id=customer_id, touchpoint_id=one)
            wanted.update(touchpoints.chain(found, ids))
        contents = contents.filter(touchpoint_id__in=wanted)
    return contents.update(body="", erased_at=clock.now())


def _retract(actor: Actor, customer_id: UUID, touchpoint_id: UUID, reason: str) -> Retraction:
    retraction, made = Retraction.objects.get_or_create(
        touchpoint_id=touchpoint_id,
        defaults={
            "customer_id": customer_id,
            "reason": reason[:200],
            "actor_name": actor.name[:150],
            "at": clock.now(),
        },
    )
    if not made and reason == CORRECTED:
        raise NotFound(gettext("This touch point was changed or taken back meanwhile."))
    return retraction
