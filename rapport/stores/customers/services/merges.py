"""Merging two customers and taking it back. Nothing that hangs on a customer is rewritten: an alias joins the two ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from rapport.foundation.lib import clock
from rapport.foundation.records import policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.queries.fields import record_type as record_type_of
from rapport.foundation.records.services import records
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.records.types import RecordType
from rapport.foundation.workspace.errors import Conflict, Invalid, NotFound
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.customers.models import Customer, CustomerAlias, Merge
from rapport.stores.customers.queries.customers import RECORD_TYPE, all_ids
from rapport.stores.customers.rules import customers as rules
from rapport.stores.customers.services import duplicates, phases


@transaction.atomic
def merge_customers(
    *, actor: Actor, surviving_id: UUID, absorbed_id: UUID, chosen: Mapping[str, str] | None = None
) -> Merge:
    """Make one customer of two; `chosen` says by field whose value stays ("surviving" or "absorbed").

    The cost does not depend on how many touch points, files or relationships the two have.
    Errors: NotFound, NotAllowed, Invalid.
    """
    policies.require(actor, Action.MERGE, RECORD_TYPE)
    if surviving_id == absorbed_id:
        raise Invalid({"absorbed_id": "A customer cannot be merged with itself."})
    bad = {name for name, side in (chosen or {}).items() if side not in ("surviving", "absorbed")}
    if bad:
        raise Invalid(dict.fromkeys(bad, "Choose surviving or absorbed."))
    first, second = sorted((surviving_id, absorbed_id))  # one lock order, so that two merges can't wait for each other
    locked = {one: policies.get_record(actor, RECORD_TYPE, one, Action.MERGE, lock=True) for one in (first, second)}
    surviving, absorbed = locked[surviving_id], locked[absorbed_id]

    declared = record_type_of(RECORD_TYPE)
    before, other = _values(surviving, declared), _values(absorbed, declared)
    after = rules.merged_values(before, other, chosen or {})
    operation = open_operation(actor, "merge", RECORD_TYPE, label=f"{absorbed.name} into {surviving.name}")
    changed = {name: value for name, value in after.items() if value != before[name]}
    _write(surviving, declared, changed, operation)

    absorbed.merged_into, absorbed.version = surviving, absorbed.version + 1
    absorbed.save(update_fields=["merged_into", "version"])
    CustomerAlias.objects.filter(surviving_id=absorbed_id).update(
        surviving_id=surviving_id, direct_id=Coalesce(F("direct_id"), Value(absorbed_id))
    )
    merge = Merge.objects.create(
        surviving_id=surviving_id,
        absorbed_id=absorbed_id,
        surviving_before={name: before[name] for name in changed},
        surviving_after=changed,
        absorbed_before=other,
        operation_id=operation.id,
        actor_name=actor.name,
        merged_at=clock.now(),
    )
    CustomerAlias.objects.create(
        absorbed_id=absorbed_id, surviving_id=surviving_id, direct_id=surviving_id, reason="merged", merge_id=merge.id
    )
    duplicates.settle_merged(actor=actor, ids_=all_ids(surviving_id))
    record_changes(
        operation,
        "merged",
        [
            (surviving_id, merge.surviving_before, changed),
            (absorbed_id, {"merged_into": None}, {"merged_into": str(surviving_id)}),
        ],
    )
    count(operation, merged=1)
    phases.mark_due([surviving_id, absorbed_id])
    return merge


@transaction.atomic
def unmerge_customers(*, actor: Actor, merge_id: UUID, operation: Operation | None = None) -> Merge:
    """Two customers again, each with its own touch points, also those that arrived since under its own identities.

    A merge of the survivor into a third customer must be taken back first. Errors: NotFound, NotAllowed, Conflict.
    """
    policies.require(actor, Action.MERGE, RECORD_TYPE)
    merge = Merge.objects.select_for_update().filter(id=merge_id).first()
    if merge is None:
        raise NotFound("There is no such merge.")
    if merge.undone_at:
        raise Conflict("This merge was already undone.")
    survivor_now = Customer.objects.filter(pk=merge.surviving_id).values_list("merged_into", flat=True).first()
    if survivor_now:
        raise Conflict("The merged customer was itself merged into another since. Undo that merge first.")
    surviving = policies.get_record(actor, RECORD_TYPE, merge.surviving_id, Action.MERGE, lock=True)
    absorbed = Customer.objects.select_for_update().get(pk=merge.absorbed_id)

    operation = operation or open_operation(
        actor, "unmerge", RECORD_TYPE, label=f"{absorbed.name} from {surviving.name}", undoes=merge.operation_id
    )
    declared = record_type_of(RECORD_TYPE)
    current = _values(surviving, declared)
    back = rules.after_unmerge(current, merge.surviving_before, merge.surviving_after)
    _write(surviving, declared, back, operation)
    _splice_out(merge)

    absorbed.merged_into, absorbed.version = None, absorbed.version + 1
    absorbed.save(update_fields=["merged_into", "version"])
    _give_back_aliases(merge.surviving_id, merge.absorbed_id)
    duplicates.reopen(one=all_ids(merge.surviving_id), other=all_ids(merge.absorbed_id))
    merge.undone_at = clock.now()
    merge.save(update_fields=["undone_at"])
    Operation.objects.filter(id=merge.operation_id, undone_at=None).update(
        undone_at=merge.undone_at, undone_by_name=actor.name
    )
    record_changes(
        operation,
        "unmerged",
        [
            (surviving.pk, {name: current[name] for name in back}, back),
            (absorbed.pk, {"merged_into": str(surviving.pk)}, {"merged_into": None}),
        ],
    )
    count(operation, unmerged=1)
    phases.mark_due([merge.surviving_id, merge.absorbed_id])
    return merge


def undo_merge(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler of merges."""
    merge = Merge.objects.filter(operation_id=operation.id).first()
    if merge is None:
        raise NotFound("There is no such merge.")
    unmerge_customers(actor=actor, merge_id=merge.id, operation=reverse)
    return {"restored": 2}


def _splice_out(merge: Merge) -> None:
    """A later merge into the same survivor must not bring back, when it is undone in turn, what this one had brought."""
    later = Merge.objects.filter(surviving_id=merge.surviving_id, undone_at=None, merged_at__gt=merge.merged_at)
    for other in later.order_by("merged_at").select_for_update():
        back = rules.after_unmerge(other.surviving_before, merge.surviving_before, merge.surviving_after)
        known = {name: value for name, value in back.items() if name in other.surviving_before}
        if known:
            other.surviving_before = {**other.surviving_before, **known}
            other.save(update_fields=["surviving_before"])


def _give_back_aliases(surviving_id: UUID, absorbed_id: UUID) -> None:
    """All ids that were joined to the absorbed customer, directly or through others, become its own again."""
    joined = list(CustomerAlias.objects.filter(surviving_id=surviving_id).exclude(absorbed_id=absorbed_id))
    own = {absorbed_id}
    grew = True
    while grew:
        more = {alias.absorbed_id for alias in joined if alias.direct_id in own} - own
        own |= more
        grew = bool(more)
    CustomerAlias.objects.filter(absorbed_id__in=own - {absorbed_id}).update(surviving_id=absorbed_id)
    CustomerAlias.objects.filter(absorbed_id=absorbed_id).delete()


def _values(customer: Customer, declared: RecordType) -> dict[str, Any]:
    return {field.name: records.current_value(customer, field) for field in declared.fields if field.editable}


def _write(customer: Customer, declared: RecordType, values: Mapping[str, Any], operation: Operation) -> None:
    """Set values that were checked when they were first written; field rules of the actor do not cut a merge in half."""
    if values:
        records.put_values(customer, declared, values, operation_id=operation.id)
