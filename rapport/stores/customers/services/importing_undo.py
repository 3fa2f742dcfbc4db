"""Taking an import of customers back: what was there before is there again, but for what somebody changed since."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.queries.fields import record_type
from rapport.stores.customers.models import Customer
from rapport.stores.customers.queries.customers import RECORD_TYPE
from rapport.stores.customers.services.importing_rows import proposal_source
from rapport.stores.customers.services.loading import unload_customers
from rapport.stores.customers.services.mass_changes import (
    Changed,
    change_customers,
    lock_customers,
)

CHANGES_AT_ONCE = 5_000


def undo_customers(operation: Operation, reverse: Operation) -> dict[str, int]:
    """Returns counts restored, removed and kept."""
    with connection.cursor() as cursor:  # soon after an import the planner still takes these for empty
        cursor.execute("analyze customers_relationship, customers_address, customers_customeralias, records_change")
    restored, kept = _restore(operation, reverse)
    _forget_attached(operation.id)
    created = unload_customers(operation=operation)
    return {"restored": restored, "removed": created.get("removed", 0), "kept": kept + created.get("kept", 0)}


def _restore(operation: Operation, reverse: Operation) -> tuple[int, int]:
    """Set changed fields back to what they were, except those that somebody changed since."""
    declared = record_type(RECORD_TYPE)
    restored = kept = 0
    # Customers whom the import itself added go altogether; what it changed of them since needs no way back.
    own = Customer.objects.filter(operation_id=operation.id).values("pk")
    rows = Change.objects.filter(operation=operation, record_type=RECORD_TYPE, action="updated")
    rows = rows.exclude(record_id__in=own).order_by("-id")
    changes_made = rows.iterator(chunk_size=CHANGES_AT_ONCE)
    while batch := list(itertools.islice(changes_made, CHANGES_AT_ONCE)):
        for wave in _once_each(batch):
            fields = [
                one for name in {name for change in wave for name in change.before} if (one := declared.field(name))
            ]
            standing = lock_customers({change.record_id for change in wave}, fields)
            changes = []
            for change in wave:
                row = standing.get(change.record_id)
                if row is None:
                    kept += 1
                    continue
                back = Changed(row)
                for name, was in change.before.items():
                    one = declared.field(name)
                    if one is None or row.value(one) != change.after.get(name):
                        kept += 1
                    else:
                        back.put(one, was)
                changes.append(back)
            restored += change_customers(changes, declared, operation_id=reverse.id)
    return restored, kept


def _once_each(batch: Sequence[Change]) -> list[list[Change]]:
    """Changes in waves that name each record once, in their order: a row that changed twice goes back twice."""
    waves: list[list[Change]] = []
    times: dict[UUID, int] = {}
    for change in batch:
        turn = times.get(change.record_id, 0)
        times[change.record_id] = turn + 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(change)
    return waves


def _forget_attached(operation_id: UUID) -> None:
    """What the import hung on customers who were there before: identities, addresses, firms, proposals."""
    with connection.cursor() as cursor:
        # An identity that the customer's own column shows by now is somebody's later choice, and stays.
        cursor.execute(
            "delete from customers_identity i using customers_customer c where i.operation_id = %s and c.id = i.customer_id"
            " and c.operation_id is distinct from %s and i.value <> c.email and i.value <> c.phone",
            [operation_id, operation_id],
        )
        for table, owner in (("customers_address", "customer_id"), ("customers_relationship", "from_customer_id")):
            cursor.execute(
                f"delete from {table} t using customers_customer c where t.operation_id = %s and c.id = t.{owner}"  # noqa: S608 (names of our own tables)
                " and c.operation_id is distinct from %s",
                [operation_id, operation_id],
            )
        cursor.execute(
            "delete from customers_duplicateproposal where source = %s and decided_at is null",
            [proposal_source(operation_id)],
        )
