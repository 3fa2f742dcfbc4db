"""Subscriptions renew and end by themselves when their day has come, one interval after the other.

Each step is a transaction of its own that locks the subscription and looks again, so the worker may be killed anywhere and
begin anew. The touch point of a renewal is known by the interval it begins. What somebody took back is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.types import SYSTEM
from rapport.stores.commerce.models import Subscription
from rapport.stores.commerce.queries.days import today
from rapport.stores.commerce.rules.subscriptions import Step, next_step
from rapport.stores.commerce.services.subscriptions import (
    begin_interval,
    end_on,
    period_id,
    save,
    tell_of,
    values_of,
)
from rapport.stores.commerce.types import SubscriptionAct, SubscriptionStatus
from rapport.stores.customers.models import Customer

CHUNK = 500


@dataclass
class Done:
    renewed: int = 0
    ended: int = 0
    failed: int = 0


def has_due() -> bool:
    """A cheap look: whether a day has come."""
    return _due(today()).exists()


def renew_due() -> Done:
    """Whatever is due in the current workspace. What can't be renewed says why and is tried again the next time."""
    done, day, after = Done(), today(), UUID(int=0)
    while chunk := _after(_due(day), after):
        for subscription_id in chunk:
            while _step(subscription_id, day, done):
                pass
        after = chunk[-1]
    return done


def _due(day: date) -> QuerySet[Subscription]:
    renewing = Q(status=SubscriptionStatus.ACTIVE, renews_itself=True)
    return Subscription.objects.filter(
        Q(ends_on__isnull=False) | renewing, deleted_at=None, renews_on__lte=day
    ).exclude(status=SubscriptionStatus.ENDED)


def _after(rows: QuerySet[Subscription], after: UUID) -> Sequence[UUID]:
    return list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK])


def _step(subscription_id: UUID, day: date, done: Done) -> bool:
    """One interval or the end; whether more may be due."""
    try:
        with transaction.atomic():
            row = Subscription.objects.select_for_update().filter(pk=subscription_id, deleted_at=None).first()
            step = next_step(row.standing, day) if row else None
            if row is None or step is None:
                return False
            if not Customer.objects.filter(pk=row.customer_id, deleted_at=None).exists():
                raise Conflict(_("The customer is in the bin, or gone."))
            _end(row) if step is Step.END else _renew(row)
    except Invalid as error:
        return _failed(subscription_id, " ".join(error.problems.values()), done)
    except Conflict as error:
        return _failed(subscription_id, str(error), done)
    if step is Step.END:
        done.ended += 1
    else:
        done.renewed += 1
    return step is Step.RENEW


def _renew(row: Subscription) -> None:
    period, before = row.renews_on, values_of(row)
    assert period is not None  # noqa: S101 - next_step said so
    if _was_taken_back(row, SubscriptionAct.RENEW, "renews_on", period):
        raise Conflict(
            _("The renewal of this period was taken back. Renew it by hand, pause the subscription or end it.")
        )
    begin_interval(row, on=period)
    operation = save(SYSTEM, row, SubscriptionAct.RENEW, before)
    tell_of(SYSTEM, operation, row, SubscriptionAct.RENEW, period, source_id=period_id(row, period))


def _end(row: Subscription) -> None:
    on, before = row.ends_on, values_of(row)
    assert on is not None  # noqa: S101 - next_step said so
    if _was_taken_back(row, SubscriptionAct.END, "ends_on", on):
        raise Conflict(_("Its end was taken back. Resume the subscription, or end it by hand."))
    end_on(row, on)
    operation = save(SYSTEM, row, SubscriptionAct.END, before)
    tell_of(SYSTEM, operation, row, SubscriptionAct.END, on, source_id=f"{row.pk}:end:{on.isoformat()}")


def _was_taken_back(row: Subscription, act: SubscriptionAct, column: str, day: date) -> bool:
    """Whether somebody undid just this: then it is theirs to decide."""
    undone = Change.objects.filter(record_id=row.pk, operation__kind=act, operation__undone_at__isnull=False)
    return undone.filter(**{f"before__{column}": day.isoformat()}).exists()


def _failed(subscription_id: UUID, why: str, done: Done) -> bool:
    done.failed += 1
    Subscription.objects.filter(pk=subscription_id).update(renewal_problem=why[:240], renewal_tried_at=clock.now())
    return False
