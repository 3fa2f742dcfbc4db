"""Pinning touch points to the top of a customer's timeline."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext

from rapport.foundation.lib import clock
from rapport.foundation.workspace.errors import Invalid
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.ledger import policies
from rapport.stores.ledger.models import Pin
from rapport.stores.ledger.queries import touchpoints

MOST_PINS = 10


@transaction.atomic
def pin(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID) -> None:
    """Errors: NotFound, NotAllowed, Invalid when ten are pinned already."""
    policies.require(actor, Action.UPDATE)
    found = touchpoints.get_touchpoint(actor=actor, customer_id=customer_id, touchpoint_id=touchpoint_id)
    ids = touchpoints.ids_of_customer(actor=actor, customer_id=customer_id)
    others = Pin.objects.select_for_update().filter(customer_id__in=ids).exclude(touchpoint_id=touchpoint_id)
    if len(others) >= MOST_PINS:
        said = gettext("At most %(n)d touch points can be pinned. Unpin one first.") % {"n": MOST_PINS}
        raise Invalid({"touchpoint_id": said})
    Pin.objects.get_or_create(
        customer_id=found.customer_id,
        touchpoint_id=found.id,
        defaults={"occurred_at": found.occurred_at, "member_id": actor.member_id, "at": clock.now()},
    )


def unpin(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID) -> None:
    """Errors: NotFound, NotAllowed."""
    policies.require(actor, Action.UPDATE)
    ids = touchpoints.ids_of_customer(actor=actor, customer_id=customer_id)
    Pin.objects.filter(customer_id__in=ids, touchpoint_id=touchpoint_id).delete()
