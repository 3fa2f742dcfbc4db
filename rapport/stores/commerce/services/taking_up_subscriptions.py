"""Subscriptions from touch points: started, renewed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from rapport.foundation.lib.text import folded
from rapport.stores.commerce.models import Subscription, TakenTouchpoint
from rapport.stores.commerce.queries.drafts import known_products
from rapport.stores.commerce.queries.news import again
from rapport.stores.commerce.rules import reading
from rapport.stores.commerce.rules.drafts import DraftLine
from rapport.stores.commerce.rules.reading import Heard
from rapport.stores.commerce.rules.subscriptions import renews_on
from rapport.stores.commerce.services.numbers import next_number
from rapport.stores.commerce.services.taken_notes import Notes
from rapport.stores.commerce.types import Interval, SubscriptionStatus, Taken


def take_subscriptions(heard: Sequence[Heard], notes: Notes) -> None:
    if not heard:
        return
    said = {one.number for one in heard if one.number}
    known = {
        row.number: row for row in Subscription.objects.filter(number__in=said, deleted_at=None).select_for_update()
    }
    skus = [DraftLine(sku=sku) for one in heard if (sku := one.text("sku", most=80))]
    products = known_products(skus)
    new: dict[UUID, Subscription] = {}
    changed: dict[UUID, Subscription] = {}
    ordered = sorted(heard, key=lambda one: (one.kind != reading.STARTED, one.occurred_at, one.id))
    started = [one for one in ordered if one.kind == reading.STARTED]
    for one in started:
        _start(one, known, products, new, notes)
    waiting = TakenTouchpoint.objects.filter(
        number__in={row.number for row in new.values()}, outcome=Taken.WAITING, kind__in=reading.SUBSCRIPTIONS
    )
    others = [*again(waiting), *ordered[len(started) :]]
    for one in sorted(others, key=lambda one: (one.occurred_at, one.id)):
        row = known.get(one.number)
        if row is None:
            notes.add(one, Taken.WAITING)
            continue
        if one.kind == reading.RENEWED:
            row.renewals += 1
            row.renewed_on = one.occurred_at.date()
            row.renews_on = row.next_renewal
        else:
            row.status, row.ended_on, row.renews_on = SubscriptionStatus.ENDED, one.occurred_at.date(), None
            row.end_reason = one.text("reason", most=240)
        if row.pk not in new:
            changed[row.pk] = row
        notes.add(one, Taken.DONE)
    Subscription.objects.bulk_create(new.values(), batch_size=1000)
    Subscription.objects.bulk_update(
        changed.values(),
        ["renewals", "renewed_on", "renews_on", "status", "ended_on", "end_reason"],
        batch_size=500,
    )


def _start(
    one: Heard, known: dict[str, Subscription], products: dict[str, Any], new: dict[UUID, Subscription], notes: Notes
) -> None:
    if one.number in known:
        notes.refuse(one, {"subscription": _("There is a subscription with this number already.")})
        return
    product = products.get(one.text("sku", most=80))
    interval = one.text("interval") or Interval.MONTH.value
    quantity = one.decimal("quantity") or Decimal(1)
    problems = {}
    if interval not in Interval.values:
        problems["interval"] = _("An interval is month, quarter or year.")
    if one.amount is None or one.amount < 0:
        problems["amount"] = _("Say what is due for each interval.")
    if not 0 < quantity < 10**9:
        problems["quantity"] = _("The quantity must be more than zero.")
    if problems or one.amount is None:
        notes.refuse(one, problems)
        return
    name = one.text("name", "product", most=240) or (product.name if product else "") or _("Subscription")
    day = one.occurred_at.date()
    row = Subscription(
        number=one.number or next_number("S"), customer_id=one.customer_id, product_id=product.id if product else None,
        name=name, interval=interval, quantity=round(quantity, 4), amount=round(one.amount / quantity, 4), currency=one.currency,
        started_on=day, renews_on=renews_on(day, interval, 0), source=one.source, batch_id=one.batch_id,
    )  # fmt: skip
    row.search = folded(row.number, row.name)
    known[row.number] = new[row.pk] = row
    notes.add(one, Taken.DONE)
