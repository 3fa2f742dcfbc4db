"""Finding touch points again: single ones, the ids they hang on, and which of them still stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.queries.detail import customer_with_ids
from rapport.stores.ledger.models import Retraction, Touchpoint


def standing(touchpoints: QuerySet[Touchpoint]) -> QuerySet[Touchpoint]:
    """Without those that were retracted, one by one or with their batch, or replaced by a correction."""
    return touchpoints.filter(
        ~Exists(Retraction.objects.filter(touchpoint_id=OuterRef("id"))),
        Q(batch_id=None) | ~Exists(Retraction.objects.filter(batch_id=OuterRef("batch_id"))),
    )


def used_in_ledger(operation_id: UUID) -> Exists:
    """Whether a customer has touch points beside those of this operation and of batches that were taken back."""
    taken_back = Retraction.objects.filter(batch_id__isnull=False).values("batch_id")
    own = Touchpoint.objects.filter(customer_id=OuterRef("pk")).exclude(batch_id=operation_id)
    return Exists(own.exclude(batch_id__in=taken_back))


def ids_of_customer(*, actor: Actor, customer_id: UUID) -> list[UUID]:
    """All ids whose touch points are this customer's, the standing one first. Errors: NotFound."""
    _customer, ids = customer_with_ids(actor=actor, customer_id=customer_id)
    return ids


def get_touchpoint(*, actor: Actor, customer_id: UUID, touchpoint_id: UUID) -> Touchpoint:
    """A standing touch point of a customer the actor may see. Errors: NotFound."""
    ids = ids_of_customer(actor=actor, customer_id=customer_id)
    found = standing(Touchpoint.objects.filter(customer_id__in=ids, id=touchpoint_id)).first()
    if found is None:
        raise NotFound(gettext("There is no such touch point, or it was taken back."))
    return found


def chain(touchpoint: Touchpoint, ids: Sequence[UUID]) -> list[UUID]:
    """The touch point and those it corrects, back to the first."""
    found = [touchpoint.id]
    earlier = touchpoint.corrects_id
    while earlier and earlier not in found:
        found.append(earlier)
        row = Touchpoint.objects.filter(customer_id__in=ids, id=earlier).only("corrects_id").first()
        earlier = row.corrects_id if row else None
    return found


def retracted_batches(batch_ids: Iterable[UUID]) -> set[UUID]:
    found = Retraction.objects.filter(batch_id__in=set(batch_ids)).values_list("batch_id", flat=True)
    return {batch for batch in found if batch is not None}
