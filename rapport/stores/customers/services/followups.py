"""Opening, changing and closing follow-ups. Each act of a person is in the history of the customer, with a way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock, ids
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Operation
from rapport.foundation.workspace.errors import Conflict, Invalid, NotAllowed, NotFound
from rapport.foundation.workspace.queries.members import active_members
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers import policies
from rapport.stores.customers.models import Customer, FollowUp
from rapport.stores.customers.policies import RECORD_TYPE
from rapport.stores.customers.queries.customers import get_customer
from rapport.stores.customers.services import parts
from rapport.stores.customers.types import FollowUpOutcome

PART = "follow_up"
_UNSET: Any = object()


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A follow-up that opens by itself. `trip` is what it is known by: the same trip opens once."""

    customer_id: UUID
    title: str
    why: str
    rule: str
    trip: str
    owner_id: UUID | None
    due_on: date
    evidence: dict[str, Any] = field(default_factory=dict)
    about: tuple[str, UUID] | None = None


@transaction.atomic
def open_follow_up(
    *,
    actor: Actor,
    customer_id: UUID,
    title: str,
    due_on: date,
    owner_id: UUID | None = None,
    why: str = "",
    about: tuple[str, UUID] | None = None,
) -> tuple[FollowUp, Operation]:
    """`about` is a record of the customer's, by type and id, that the caller has seen. Errors: NotFound, NotAllowed, Invalid."""
    customer, _every = policies.lock_customer(actor, customer_id)
    problems = {**_text_problems(title=title, why=why), **_owner_problems(owner_id)}
    if problems:
        raise Invalid(problems)
    row = FollowUp.objects.create(
        customer_id=customer.pk,
        title=title.strip(),
        why=why.strip(),
        owner_id=owner_id,
        due_on=due_on,
        about_type=about[0] if about else None,
        about_id=about[1] if about else None,
        opened_at=clock.now(),
        opened_by=actor.name[:150],
    )
    return row, _written(actor, customer, None, parts.snapshot(PART, row))


def open_by_rule(openings: Sequence[Opening], *, by: str) -> set[str]:
    """Open those that were not opened before; returns their trips. One statement, whatever their number."""
    if not openings:
        return set()
    now = clock.now()
    columns: list[list[Any]] = [list(column) for column in zip(*[
        (
            ids.new_id(), one.customer_id, one.title[:200], one.why[:500], one.rule, one.trip, json.dumps(one.evidence),
            one.owner_id, one.due_on, one.about[0] if one.about else None, one.about[1] if one.about else None,
        )
        for one in openings
    ], strict=True)]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_followup (id, customer_id, title, why, rule, trip, evidence, owner_id, due_on,"
            "  about_type, about_id, opened_at, opened_by, closed_by, outcome, note)"
            " select n.id, n.customer_id, n.title, n.why, n.rule, n.trip, n.evidence::jsonb, n.owner_id, n.due_on,"
            "  n.about_type, n.about_id, %s, %s,"
            "  '', '', ''"
            " from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[],"
            "  %s::date[], %s::text[], %s::uuid[])"
            " as n (id, customer_id, title, why, rule, trip, evidence, owner_id, due_on, about_type, about_id)"
            " on conflict (trip) do nothing returning trip",
            [now, by[:150], *columns],
        )
        return {trip for (trip,) in cursor.fetchall()}


def remove_about(record_ids: Sequence[UUID]) -> int:
    """Follow-ups about records that are removed for good go with them. One statement."""
    return FollowUp.objects.filter(about_id__in=list(record_ids)).delete()[0]


@transaction.atomic
def change_follow_up(
    *,
    actor: Actor,
    follow_up_id: UUID,
    title: str | None = None,
    owner_id: UUID | None = _UNSET,
    due_on: date | None = None,
) -> Operation | None:
    """Another owner, day or wording. Errors: NotFound, NotAllowed, Invalid, Conflict when it is closed."""
    row, customer = _locked(actor, follow_up_id)
    if row.closed_at:
        raise Conflict(_("This follow-up is closed."))
    problems = {} if owner_id is _UNSET else _owner_problems(owner_id)
    problems |= _text_problems(title=row.title if title is None else title)
    if problems:
        raise Invalid(problems)
    before = parts.snapshot(PART, row)
    row.title = row.title if title is None else title.strip()
    row.owner_id = row.owner_id if owner_id is _UNSET else owner_id
    row.due_on = due_on or row.due_on
    after = parts.snapshot(PART, row)
    if after == before:
        return None
    row.save(update_fields=["title", "owner_id", "due_on"])
    return _written(actor, customer, before, after)


@transaction.atomic
def close_follow_up(*, actor: Actor, follow_up_id: UUID, outcome: str, note: str = "") -> Operation:
    """Tick it off with what came of it. Errors: NotFound, NotAllowed, Invalid, Conflict when somebody did already."""
    row, customer = _locked(actor, follow_up_id)
    problems = _text_problems(note=note)
    if outcome not in FollowUpOutcome.values:
        problems["outcome"] = _("Say what came of it.")
    if problems:
        raise Invalid(problems)
    if row.closed_at:
        raise Conflict(_("%(name)s has closed this follow-up already.") % {"name": row.closed_by})
    before = parts.snapshot(PART, row)
    row.closed_at, row.closed_by, row.outcome, row.note = clock.now(), actor.name[:150], outcome, note.strip()
    row.save(update_fields=["closed_at", "closed_by", "outcome", "note"])
    return _written(actor, customer, before, parts.snapshot(PART, row))


def may_work_on(actor: Actor, customer: Customer, owner_id: UUID | None) -> bool:
    """Whoever may change the customer; and its owner, if their role changes customers at all."""
    own = owner_id is not None and owner_id == actor.member_id
    if own and actor.may(Action.UPDATE, RECORD_TYPE):
        return True
    return record_policies.may_on(actor, Action.UPDATE, RECORD_TYPE, customer)


def require_work_on(actor: Actor, customer: Customer, owner_id: UUID | None) -> None:
    if not may_work_on(actor, customer, owner_id):
        raise NotAllowed(_("Your role does not let you change this."))


def _locked(actor: Actor, follow_up_id: UUID) -> tuple[FollowUp, Customer]:
    row = FollowUp.objects.select_for_update().filter(pk=follow_up_id).first()
    if row is None:
        raise NotFound(_("There is no such follow-up."))
    customer = get_customer(actor=actor, customer_id=row.customer_id)
    require_work_on(actor, customer, row.owner_id)
    return row, customer


def _written(actor: Actor, customer: Customer, before: Any, after: Any) -> Operation:
    return parts.write_down(actor, PART, [customer.pk], before=before, after=after, label=customer.name)


def _text_problems(**texts: str) -> dict[str, str]:
    most = {"title": 200, "why": 500, "note": 500}
    problems = {}
    for name, text in texts.items():
        if name == "title" and not text.strip():
            problems[name] = _("Say what to do.")
        elif len(text) > most[name] or "\x00" in text:
            problems[name] = _("Use at most %(n)s characters.") % {"n": most[name]}
    return problems


def _owner_problems(owner_id: UUID | None) -> dict[str, str]:
    if owner_id is not None and owner_id not in {member.id for member in active_members()}:
        return {"owner_id": _("Choose a colleague who is here.")}
    return {}
