"""Imports of orders taken back."""

from __future__ import annotations

from rapport.foundation.records.models import Change, Operation
from rapport.foundation.workspace.types import Actor
from rapport.stores.commerce.models import Order
from rapport.stores.commerce.services.importing_run import tell_some
from rapport.stores.commerce.services.telling import untell
from rapport.stores.commerce.services.undo import put_lines_back, remove_orders
from rapport.stores.commerce.types import ORDER


def undo_orders(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """Orders the import made go, unless somebody worked on them; those it changed are as they were."""
    made = list(Order.objects.filter(operation_id=operation.id).values_list("pk", flat=True))
    worked_on = set(
        Change.objects.filter(record_id__in=made, record_type=ORDER)
        .exclude(operation=operation)
        .exclude(operation__kind="undo")
        .filter(operation__undone_at=None)
        .values_list("record_id", flat=True)
    )
    gone = [pk for pk in made if pk not in worked_on]
    for start in range(0, len(gone), 5_000):
        remove_orders(gone[start : start + 5_000])
    untell(actor=actor, operation=operation)
    restored = 0
    for change in Change.objects.filter(operation=operation, record_type=ORDER):
        restored += put_lines_back(actor=actor, change=change, reverse=reverse)
    kept = Order.objects.filter(pk__in=worked_on, deleted_at=None)
    kept.update(touchpoint_id=None, batch_id=None)  # their customers are in use
    while tell_some(actor, reverse, kept.filter(touchpoint_id=None).exclude(placed_at=None).order_by("pk")):
        pass
    return {"removed": len(gone), "kept": len(worked_on), "restored": restored}
