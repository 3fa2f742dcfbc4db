"""What hangs on a customer as rows of its own: addresses, identities, relationships, files. Written down and taken back alike.

A change holds such a part whole under its name, in JSON form: None before it was there, None after it went.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.rules.codec import encode
from rapport.foundation.records.services.operations import open_operation, record_changes
from rapport.foundation.records.services.undo import undo_changes
from rapport.foundation.workspace.types import Actor
from rapport.stores.customers.models import (
    Address,
    Customer,
    CustomerFile,
    FollowUp,
    Identity,
    PhaseByHand,
    Relationship,
)
from rapport.stores.customers.policies import RECORD_TYPE

Snapshot = dict[str, Any]

_COLUMNS: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "address": (Address, ("id", "customer_id", "purpose", "street", "postal_code", "city", "region", "country")),
    "identity": (Identity, ("id", "customer_id", "kind", "namespace", "value", "is_primary", "source")),
    "relationship": (Relationship, ("id", "type_id", "from_customer_id", "to_customer_id", "role", "since", "until")),
    "file": (CustomerFile, ("id", "customer_id", "name", "size_bytes")),
    "follow_up": (
        FollowUp,
        (
            "id",
            "customer_id",
            "title",
            "why",
            "rule",
            "trip",
            "owner_id",
            "due_on",
            "opened_at",
            "opened_by",
            "closed_at",
            "closed_by",
            "outcome",
            "note",
            "about_type",
            "about_id",
        ),
    ),
    "phase_by_hand": (PhaseByHand, ("id", "customer_id", "phase", "since", "decided_at", "reason", "by")),
}
NAMES = tuple(_COLUMNS)


def snapshot(name: str, row: models.Model) -> Snapshot:
    """The row in the form that changes hold."""
    return {column: encode(getattr(row, column)) for column in _COLUMNS[name][1]}


def write_down(
    actor: Actor,
    name: str,
    customers: Iterable[UUID],
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    label: str = "",
    operation: Operation | None = None,
) -> Operation:
    """Record that a part of these customers came, changed or went."""
    operation = operation or open_operation(actor, name, RECORD_TYPE, label=label)
    action = "added" if before is None else "removed" if after is None else "updated"
    record_changes(
        operation, action, [(customer_id, {name: before}, {name: after}) for customer_id in dict.fromkeys(customers)]
    )
    return operation


def undo_parts(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler: parts first, then the fields that were changed along with them.

    What somebody changed since stays as it is now.
    """
    changes = list(Change.objects.filter(operation=operation).order_by("-id"))
    list(Customer.objects.filter(pk__in={change.record_id for change in changes}).order_by("pk").select_for_update())
    outcome: dict[tuple[str, str], bool] = {}
    done: list[tuple[UUID, Snapshot, Snapshot]] = []
    for change in changes:
        for name in set(change.after) & set(_COLUMNS):
            before, after = change.before.get(name), change.after.get(name)
            key = (name, (before or after)["id"])
            if key not in outcome:
                outcome[key] = _put_back(name, key[1], before, after)
            if outcome[key]:
                done.append((change.record_id, {name: after}, {name: before}))
    record_changes(reverse, "updated", done)
    fields = undo_changes(operation, reverse)
    restored = sum(outcome.values())
    return {"restored": fields["restored"] + restored, "kept": fields["kept"] + len(outcome) - restored}


def _put_back(name: str, row_id: str, before: Snapshot | None, after: Snapshot | None) -> bool:
    model, columns = _COLUMNS[name]
    row = model._default_manager.select_for_update().filter(pk=row_id).first()
    present = row is not None and getattr(row, "deleted_at", None) is None
    if (snapshot(name, row) if row is not None and present else None) != _columns_of(after, columns):
        return False
    if name == "file":
        # The bytes are in the storage either way; the row only says whether the file is there.
        model._default_manager.filter(pk=row_id).update(deleted_at=clock.now() if before is None else None)
        return True
    try:
        with transaction.atomic():
            if before is None:
                model._default_manager.filter(pk=row_id).delete()
            elif row is None:
                model._default_manager.create(**{column: before.get(column) for column in columns})
            else:
                model._default_manager.filter(pk=row_id).update(**{column: before.get(column) for column in columns})
    except IntegrityError:  # somebody else has it by now
        return False
    return True


def _columns_of(held: Snapshot | None, columns: Sequence[str]) -> Snapshot | None:
    """Changes may hold words beside the columns, such as names for the history."""
    return None if held is None else {column: held.get(column) for column in columns}


def own(rows: models.QuerySet[Any], ids: Sequence[UUID], row_id: UUID) -> Any:
    """The row, locked, if it is one of the customer's; None otherwise."""
    return rows.filter(pk=row_id, customer_id__in=ids).select_for_update().first()
