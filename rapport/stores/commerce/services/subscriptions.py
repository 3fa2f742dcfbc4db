"""Starting, renewing and ending subscriptions. Each is an operation and a touch point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.rules import codec
from rapport.foundation.records.services.operations import count, open_operation, record_changes
from rapport.foundation.workspace.errors import Conflict, Invalid
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Product, Subscription
from rapport.stores.commerce.queries.drafts import as_known
from rapport.stores.commerce.rules.money import LARGEST, is_currency, is_exact
from rapport.stores.commerce.rules.subscriptions import renews_on
from rapport.stores.commerce.services.numbers import next_number
from rapport.stores.commerce.services.telling import tell, untell
from rapport.stores.commerce.types import SOURCE, SUBSCRIPTION, Interval, SubscriptionAct, SubscriptionStatus
from rapport.stores.customers.queries.customers import get_customer

CHANGED = ("status", "renewals", "renewed_on", "renews_on", "ended_on", "end_reason")


@transaction.atomic
def start_subscription(
    *,
    actor: Actor,
    customer_id: UUID,
    interval: str,
    currency: str,
    product_id: UUID | None = None,
    name: str = "",
    amount: Decimal | None = None,
    quantity: Decimal = Decimal(1),
    started_on: date | None = None,
    number: str = "",
) -> tuple[Subscription, Operation]:
    """Errors: NotFound, NotAllowed, Invalid."""
    record_policies.require(actor, Action.CREATE, SUBSCRIPTION)
    customer = get_customer(actor=actor, customer_id=customer_id)
    product = Product.objects.filter(pk=product_id, deleted_at=None).first() if product_id else None
    known = as_known(product) if product else None
    if amount is None and known and known.currency == currency:
        amount = known.price
    started_on = started_on or clock.now().date()
    problems = _problems(
        product_missing=bool(product_id) and product is None, name=name or (known.name if known else ""), interval=interval,
        currency=currency, amount=amount, quantity=quantity, started_on=started_on, number=number,
    )  # fmt: skip
    if problems or amount is None:
        raise Invalid(problems)
    operation = open_operation(actor, SubscriptionAct.START, SUBSCRIPTION)
    row = Subscription(
        number=number or next_number("S"), customer_id=customer.pk, product_id=product_id, name=name or (known.name if known else ""),
        interval=interval, quantity=quantity, amount=amount, currency=currency, started_on=started_on,
        renews_on=renews_on(started_on, interval, 0), source=SOURCE, operation_id=operation.id,
    )  # fmt: skip
    row.search = folded(row.number, row.name)
    row.save(force_insert=True)
    operation.label = row.name[:200]
    count(operation, created=1)
    operation.save(update_fields=["label"])
    _tell(actor, operation, row, SubscriptionAct.START, started_on, sku=known.sku if known else "")
    return row, operation


@transaction.atomic
def renew_subscription(
    *, actor: Actor, subscription_id: UUID, renewed_on: date | None = None
) -> tuple[Subscription, Operation]:
    """Another interval begins. Errors: NotFound, NotAllowed, Invalid."""
    row = policies.lock_subscription(actor, subscription_id)
    on = renewed_on or clock.now().date()
    _require_active(row, on, "renewed_on")
    before = _values(row)
    row.renewals += 1
    row.renewed_on, row.renews_on = on, renews_on(row.started_on, row.interval, row.renewals)
    return row, _save(actor, row, SubscriptionAct.RENEW, on, before)


@transaction.atomic
def end_subscription(
    *, actor: Actor, subscription_id: UUID, ended_on: date | None = None, reason: str = ""
) -> tuple[Subscription, Operation]:
    """Errors: NotFound, NotAllowed, Invalid."""
    row = policies.lock_subscription(actor, subscription_id)
    on = ended_on or clock.now().date()
    _require_active(row, on, "ended_on")
    before = _values(row)
    row.status, row.ended_on, row.renews_on = SubscriptionStatus.ENDED, on, None
    row.end_reason = reason[:240]
    return row, _save(actor, row, SubscriptionAct.END, on, before)


def undo_subscription(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler of all three. Errors: Conflict when something that came later rests on it."""
    removed = restored = 0
    for row in Subscription.objects.select_for_update().filter(operation_id=operation.id):
        later = Change.objects.filter(record_id=row.pk, operation__undone_at=None).exclude(operation__kind="undo")
        if later.exists():
            raise Conflict(_("Something was done with this subscription since. Take that back first."))
        row.delete()
        removed += 1
    for change in Change.objects.filter(operation=operation):
        held = Subscription.objects.select_for_update().filter(pk=change.record_id).first()
        if held is None:
            continue
        if any(_values(held)[name] != after for name, after in change.after.items()):
            raise Conflict(_("Something was done with this subscription since. Take that back first."))
        was = _values(held)
        for name, value in change.before.items():
            is_day = name.endswith("_on") and value
            setattr(held, name, date.fromisoformat(value) if is_day else value)
        held.updated_at, held.version = clock.now(), held.version + 1
        held.save()
        _note(reverse, held, was)
        restored += 1
    untell(actor=actor, operation=operation)
    return {"restored": restored, "removed": removed, "kept": 0}


def _problems(
    *,
    product_missing: bool,
    name: str,
    interval: str,
    currency: str,
    amount: Decimal | None,
    quantity: Decimal,
    started_on: date,
    number: str,
) -> dict[str, str]:
    found: dict[str, str] = {}
    if product_missing:
        found["product_id"] = _("There is no such product.")
    elif not name:
        found["name"] = _("Choose a product, or say what is subscribed to.")
    elif len(name) > 240:
        found["name"] = _("At most %(n)s characters.") % {"n": 240}
    if interval not in Interval.values:
        found["interval"] = _("An interval is month, quarter or year.")
    if not is_currency(currency):
        found["currency"] = _("Say the currency: three letters, such as EUR.")
    elif amount is None or not amount.is_finite() or not 0 <= amount < LARGEST or not is_exact(amount, currency):
        found["amount"] = _("Say what is due for each interval, in whole units of the currency.")
    if not quantity.is_finite() or not 0 < quantity < 10**9 or quantity != round(quantity, 4):
        found["quantity"] = _("The quantity must be more than zero.")
    if started_on > clock.now().date() + _DAY or started_on.year < 1900:
        found["started_on"] = _("This lies in the future. Check the date and its time zone.")
    if len(number) > 80 or (number and Subscription.objects.filter(number=number, deleted_at=None).exists()):
        found["number"] = _("There is a subscription with this number already.")
    return found


_DAY = date.resolution


def _require_active(row: Subscription, on: date, field: str) -> None:
    if row.status != SubscriptionStatus.ACTIVE:
        raise Invalid({"subscription": _("This subscription has ended.")})
    if on < row.started_on:
        raise Invalid({field: _("This is before it started.")})
    if on > clock.now().date() + _DAY:
        raise Invalid({field: _("This lies in the future. Check the date and its time zone.")})


def _values(row: Subscription) -> dict[str, Any]:
    return {name: codec.encode(getattr(row, name)) for name in CHANGED}


def _save(actor: Actor, row: Subscription, act: SubscriptionAct, on: date, before: Mapping[str, Any]) -> Operation:
    operation = open_operation(actor, act, SUBSCRIPTION, label=row.name)
    row.updated_at, row.version = clock.now(), row.version + 1
    row.save()
    _note(operation, row, before)
    _tell(actor, operation, row, act, on)
    return operation


def _note(operation: Operation, row: Subscription, before: Mapping[str, Any]) -> None:
    after = _values(row)
    names = [name for name in after if after[name] != before[name]]
    change = (row.pk, {name: before[name] for name in names}, {name: after[name] for name in names})
    record_changes(operation, "updated", [change])
    count(operation, updated=1)


def _tell(
    actor: Actor, operation: Operation, row: Subscription, act: SubscriptionAct, on: date, *, sku: str = ""
) -> None:
    now = clock.now()
    at = now if on >= now.date() else datetime.combine(on, time(12), UTC)
    said = {
        "subscription": row.number,
        "name": row.name,
        "interval": row.interval,
        "sku": sku,
        "reason": row.end_reason,
    }
    said["quantity"] = format(row.quantity.normalize(), "f")
    tell(
        actor=actor, operation=operation, customer_id=row.customer_id, kind=act, source_id=f"{row.pk}:{operation.id}", at=at,
        channel="shop", direction="none", amount=None if act is SubscriptionAct.END else row.amount * row.quantity,
        currency=row.currency, properties={name: value for name, value in said.items() if value},
    )  # fmt: skip
