"""What the ledger takes back is taken out of orders and subscriptions too."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from rapport.foundation.lib import clock
from rapport.foundation.records.models import Change
from rapport.foundation.records.services.copying import delete_at_once
from rapport.foundation.workspace.errors import Conflict
from rapport.stores.commerce.models import Order, Shipment, Subscription, TakenTouchpoint
from rapport.stores.commerce.rules import reading
from rapport.stores.commerce.services.undo import PARTS, recount, remove_orders
from rapport.stores.commerce.types import Taken

_log = logging.getLogger(__name__)


@transaction.atomic
def remove_batch(batch_id: UUID) -> int:
    """Take out all that was taken up from a batch that was retracted. Orders people worked on go out of sight instead."""
    ids = list(Order.objects.filter(batch_id=batch_id, deleted_at=None).values_list("pk", flat=True))
    kept = set(Change.objects.filter(record_id__in=ids, record_type="order").values_list("record_id", flat=True))
    Order.objects.filter(pk__in=kept).update(deleted_at=clock.now())
    remove_orders([pk for pk in ids if pk not in kept])
    subscriptions = Subscription.objects.filter(batch_id=batch_id)
    kept_subscriptions = set(
        Change.objects.filter(record_id__in=subscriptions.values("pk")).values_list("record_id", flat=True)
    )
    subscriptions.filter(pk__in=kept_subscriptions).update(deleted_at=clock.now())
    delete_at_once(subscriptions.exclude(pk__in=kept_subscriptions))
    others = TakenTouchpoint.objects.filter(batch_id=batch_id, outcome=Taken.DONE).exclude(order_id=None)
    for row in others.exclude(order_id__in=ids):
        _forget_part(row)
    delete_at_once(TakenTouchpoint.objects.filter(batch_id=batch_id))
    return len(ids)


def follow_retractions(since: datetime | None) -> None:
    """Orders whose touch point no longer stands go; what was told of an order no longer holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select touchpoint_id, batch_id from ledger_retraction where %s::timestamptz is null or at >= %s",
            [since, since],
        )
        found = cursor.fetchall()
    batches = {batch for _one, batch in found if batch}
    for batch_id in TakenTouchpoint.objects.filter(batch_id__in=batches).values_list("batch_id", flat=True).distinct():
        if batch_id is not None:
            remove_batch(batch_id)
    singles = {one for one, _batch in found if one}
    for row in TakenTouchpoint.objects.filter(touchpoint_id__in=singles).exclude(outcome=Taken.RETRACTED):
        if row.kind == reading.ORDER_PLACED:
            Order.objects.filter(touchpoint_id=row.touchpoint_id).update(deleted_at=clock.now())
        elif row.outcome == Taken.DONE and row.order_id:
            _forget_part(row)
        row.outcome = Taken.RETRACTED
        row.save(update_fields=["outcome"])


def _forget_part(row: TakenTouchpoint) -> None:
    """What one touch point told of an order is forgotten; where that contradicts what came later, it stays."""
    held = Order.objects.select_for_update().filter(deleted_at=None)
    order = held.filter(pk=row.order_id).first() if row.order_id else None
    if order is None:
        return
    try:
        with transaction.atomic():
            for model in PARTS:
                model._default_manager.filter(order=order, touchpoint_id=row.touchpoint_id).delete()
            Shipment.objects.filter(order=order, delivered_touchpoint_id=row.touchpoint_id).update(
                delivered_at=None, delivered_touchpoint_id=None
            )
            if row.kind == reading.CANCELLED:
                order.cancelled_at, order.cancel_reason = None, ""
            recount(order, list(order.lines.order_by("position")))
            order.updated_at, order.version = clock.now(), order.version + 1
            order.save()
    except Conflict:
        _log.info("What was told of order %s was taken back, but later touch points rest on it.", order.number)
