"""What is done with a deal beside changing its fields: approving it, naming who takes part. Each can be taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.applications.sales import policies
from rapport.applications.sales.models import Deal, DealPerson
from rapport.applications.sales.types import DEAL, PersonRole, State
from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.queries.customers import get_customer

APPROVED, PEOPLE = "deal_approved", "deal_people"
_APPROVAL = ("approved_amount", "approved_currency", "approved_by")
MOST_PEOPLE = 50


@transaction.atomic
def approve_deal(*, actor: Actor, deal_id: UUID) -> Operation:
    """Say that this deal may go on, up to what it is worth now. Errors: NotFound, NotAllowed, Invalid."""
    deal = policies.lock_deal(actor, deal_id)
    policies.require_approve(actor, deal)
    if deal.amount is None:
        raise Invalid({"amount": _("Say what the deal is worth before it is approved.")})
    if deal.state != State.OPEN:
        raise Invalid({"stage": _("This deal is closed.")})
    before = _approval(deal)
    deal.approved_amount, deal.approved_currency, deal.approved_by = deal.amount, deal.currency, actor.name[:150]
    return _saved(actor, deal, APPROVED, before, _approval(deal), _APPROVAL)


@transaction.atomic
def add_person(*, actor: Actor, deal_id: UUID, customer_id: UUID, role: str, note: str = "") -> Operation:
    """Name somebody who has to do with the deal. Errors: NotFound, NotAllowed, Invalid."""
    deal = policies.lock_deal(actor, deal_id)
    customer = get_customer(actor=actor, customer_id=customer_id)
    problems = {}
    if role not in PersonRole.values:
        problems["role"] = _("Choose what they have to do with it.")
    elif DealPerson.objects.filter(deal=deal, customer_id=customer.pk, role=role).exists():
        problems["customer"] = _("%(name)s has this role already.") % {"name": customer.name}
    if len(note) > 240:
        problems["note"] = _("At most %(n)s characters.") % {"n": 240}
    before = _people(deal)
    if len(before) >= MOST_PEOPLE:
        problems["customer"] = _("At most %(n)s people take part in a deal.") % {"n": MOST_PEOPLE}
    if problems:
        raise Invalid(problems)
    DealPerson.objects.create(deal=deal, customer_id=customer.pk, role=role, note=note.strip())
    return _saved(actor, deal, PEOPLE, {PEOPLE: before}, {PEOPLE: _people(deal)}, ())


@transaction.atomic
def remove_person(*, actor: Actor, deal_id: UUID, person_id: UUID) -> Operation | None:
    """None: they take no part (any more). Errors: NotFound, NotAllowed."""
    deal = policies.lock_deal(actor, deal_id)
    before = _people(deal)
    if not DealPerson.objects.filter(deal=deal, pk=person_id).delete()[0]:
        return None
    return _saved(actor, deal, PEOPLE, {PEOPLE: before}, {PEOPLE: _people(deal)}, ())


def undo_part(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler of both. Errors: Conflict when something of the kind was done since."""
    restored = 0
    for change in Change.objects.filter(operation=operation):
        deal = Deal.objects.select_for_update().filter(pk=change.record_id).first()
        if deal is None:
            continue
        now_is = _approval(deal) if operation.kind == APPROVED else {PEOPLE: _people(deal)}
        if now_is != change.after:
            raise Conflict(_("Something was done with this deal since. Take that back first."))
        if operation.kind == APPROVED:
            amount = change.before["approved_amount"]
            deal.approved_amount = None if amount is None else Decimal(amount)
            deal.approved_currency = change.before["approved_currency"]
            deal.approved_by = change.before["approved_by"]
            deal.save(update_fields=list(_APPROVAL))
        else:
            DealPerson.objects.filter(deal=deal).delete()
            DealPerson.objects.bulk_create([DealPerson(deal=deal, **row) for row in change.before[PEOPLE]])
        record_changes(reverse, "updated", [(deal.pk, change.after, change.before)])
        restored += 1
    return {"restored": restored, "removed": 0, "kept": 0}


def people_line(part: Any) -> str:
    """For the history: roles, since names may have changed or be hidden."""
    return ", ".join(str(PersonRole(row["role"]).label) for row in part or ())


def _approval(deal: Deal) -> dict[str, Any]:
    return {name: codec.encode(getattr(deal, name)) for name in _APPROVAL}


def _people(deal: Deal) -> list[dict[str, str]]:
    rows = DealPerson.objects.filter(deal=deal).order_by("id")
    return [
        {"id": str(row.pk), "customer_id": str(row.customer_id), "role": row.role, "note": row.note} for row in rows
    ]


def _saved(
    actor: Actor, deal: Deal, kind: str, before: dict[str, Any], after: dict[str, Any], columns: tuple[str, ...]
) -> Operation:
    operation = open_operation(actor, kind, DEAL, label=deal.name)
    deal.updated_at, deal.version = clock.now(), deal.version + 1
    deal.save(update_fields=[*columns, "updated_at", "version"])
    record_changes(operation, "updated", [(deal.pk, before, after)])
    count(operation, updated=1)
    return operation
