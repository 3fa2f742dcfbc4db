"""Sets: the customers behind a figure, gathered in the worker and kept as ids."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from rapport.foundation.lib import clock
from rapport.foundation.records.policies import visible
from rapport.foundation.workspace.types import SYSTEM, Actor
from rapport.insight.mining import policies
from rapport.insight.mining.errors import NotEnough
from rapport.insight.mining.extension_points import deferrers
from rapport.insight.mining.models import CustomerSet, SetMember, State
from rapport.insight.mining.rules import questions
from rapport.insight.mining.types import Part, Question, Reason
from rapport.stores.warehouse.errors import NotWritten

_log = logging.getLogger(__name__)
AT_ONCE = 5_000
FRESH = timedelta(hours=6)  # a set gathered within is good for a look
FORGOTTEN = timedelta(minutes=30)
KEPT = timedelta(days=30)


def want_set(*, actor: Actor, question: Question, part: Part, keep: bool = False) -> CustomerSet:
    """The set's row, with the worker called unless it was gathered lately. Errors: NotAllowed."""
    policies.require_reading(actor)
    with transaction.atomic():
        row, created = CustomerSet.objects.select_for_update().get_or_create(
            digest=questions.digest(question, part),
            defaults={"question": questions.to_json(question), "part": questions.to_json(part)},
        )
        now = clock.now()
        is_stale = not row.is_busy and (row.gathered_at is None or row.gathered_at < now - FRESH)
        is_stuck = row.is_busy and row.asked_at < now - FORGOTTEN
        row.is_kept = row.is_kept or keep
        if created or is_stale or is_stuck:
            row.state, row.asked_at = State.WAITING, now
            deferrers["set"](row.pk)
        row.save()
    return row


def gather(set_id: UUID) -> None:
    """Find the members and store them in the place of the former ones; safe to do twice. Called in the worker."""
    row = CustomerSet.objects.filter(pk=set_id).first()
    if row is None:
        return
    CustomerSet.objects.filter(pk=set_id).update(state=State.WORKING)
    try:
        found = _found(row)
    except (NotEnough, NotWritten) as error:
        row.state, row.reason = State.NOTHING, error.reason if isinstance(error, NotEnough) else Reason.NO_WAREHOUSE
        row.save(update_fields=["state", "reason"])
        return
    except Exception:  # noqa: BLE001 (whatever it died of, the page must not wait for ever)
        _log.exception("The set %s could not be gathered.", row.pk)
        row.state, row.reason = State.NOTHING, Reason.BROKEN
        row.save(update_fields=["state", "reason"])
        return
    with transaction.atomic():
        _members(set_id).delete()
        size = 0
        for begin in range(0, len(found), AT_ONCE):
            known = (
                visible(SYSTEM, "customer").filter(pk__in=found[begin : begin + AT_ONCE]).values_list("pk", flat=True)
            )
            size += len(
                SetMember.objects.bulk_create(
                    [SetMember(set_id=set_id, customer_id=one) for one in known], ignore_conflicts=True
                )
            )
        row.size, row.strangers, row.reason = size, len(found) - size, ""
        row.state, row.gathered_at = State.DONE, clock.now()
        row.save()


def kept_sets() -> list[UUID]:
    """Those that views rest on."""
    return list(CustomerSet.objects.filter(is_kept=True).values_list("pk", flat=True))


@transaction.atomic
def forget_old() -> None:
    old = CustomerSet.objects.filter(is_kept=False, asked_at__lt=clock.now() - KEPT)
    SetMember.objects.filter(set_id__in=old.values("pk")).delete()
    old.delete()


def _members(set_id: UUID) -> QuerySet[SetMember]:
    return SetMember.objects.filter(set_id=set_id)


def _found(row: CustomerSet) -> list[UUID]:
    from rapport.insight.mining.services import gathering
    from rapport.stores.warehouse.queries.engine import open_engine

    with open_engine() as engine:
        ids = gathering.members_of(
            questions.question_of(row.question), questions.part_of(row.part), engine, clock.now()
        )
    return [UUID(one) for one in ids]
