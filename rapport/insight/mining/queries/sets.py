"""Sets as conditions of lists, and as a page that waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from rapport.foundation.records.queries.fragments import id_in, of_queryset
from rapport.foundation.workspace.errors import NotFound
from rapport.foundation.workspace.types import Actor
from rapport.insight.mining import policies
from rapport.insight.mining.models import CustomerSet, SetMember
from rapport.insight.mining.rules import questions
from rapport.insight.mining.rules.parts import part_title
from rapport.stores.customers.models import Customer, CustomerAlias


def compile_set(set_id: UUID, record_type: str, *, actor: Actor, now: datetime, negated: bool) -> Q:
    """Customers of a set; who was merged since counts by the customer they are now. A set that is gone holds nobody."""
    ids = SetMember.objects.filter(set_id=set_id).order_by().values("customer_id")
    merged = CustomerAlias.objects.filter(absorbed_id__in=ids).order_by().values("surviving_id")
    return id_in("(" + of_queryset(ids) + " UNION " + of_queryset(merged) + ")", Customer, negated=negated)


def get_set(set_id: UUID, *, actor: Actor) -> CustomerSet:
    """Errors: NotAllowed, NotFound."""
    policies.require_reading(actor)
    row = CustomerSet.objects.filter(pk=set_id).first()
    if row is None:
        raise NotFound("There is no such set.")
    return row


def set_titles(ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """What each set holds, in the reader's language."""
    return {row.pk: title_of(row) for row in CustomerSet.objects.filter(pk__in=list(ids))}


def title_of(row: CustomerSet) -> str:
    return part_title(questions.question_of(row.question), questions.part_of(row.part))
