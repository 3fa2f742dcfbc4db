"""Starting, renewing, pausing and ending subscriptions. Each is an operation and a touch point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
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
from rapport.stores.commerce.models import PriceList, Product, Subscription
from rapport.stores.commerce.queries.days import today, zone
from rapport.stores.commerce.queries.drafts import as_known, listed_prices
from rapport.stores.commerce.rules.money import LARGEST, is_currency, is_exact
from rapport.stores.commerce.rules.products import price_for
from rapport.stores.commerce.rules.subscriptions import instant_of, renews_on
from rapport.stores.commerce.services.numbers import next_number
from rapport.stores.commerce.services.telling import tell, untell
from rapport.stores.commerce.types import SOURCE, SUBSCRIPTION, Interval, SubscriptionAct, SubscriptionStatus
from rapport.stores.customers.queries.customers import get_customer

CHANGED = (
    "status",
    "amount",
    "renewals",
    "renewed_on",
    "renews_on",
    "anchor_on",
    "anchor_renewals",
    "paused_on",
    "ends_on",
    "ended_on",
    "end_reason",
)


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
    renews_itself: bool = True,
    price_list_id: UUID | None = None,
) -> tuple[Subscription, Operation]:
    """At an amount, at what a price list says for each interval, or at the product's price. When it started some time ago
    and renews by itself, the intervals since then follow. Errors: NotFound, NotAllowed, Invalid."""
    record_policies.require(actor, Action.CREATE, SUBSCRIPTION)
    customer = get_customer(actor=actor, customer_id=customer_id)
    product = Product.objects.filter(pk=product_id, deleted_at=None).first() if product_id else None
    known = as_known(product) if product else None
    started_on = started_on or today()
    if price_list_id:
        amount = _first_amount(price_list_id, product_id, quantity, currency, started_on, amount)
    elif amount is None and known and known.currency == currency:
        amount = known.price
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
        renews_itself=renews_itself, price_list_id=price_list_id, renews_on=renews_on(started_on, interval, 0), source=SOURCE, operation_id=operation.id,
    )  # fmt: skip
    row.search = folded(row.number, row.name)
    row.save(force_insert=True)
    operation.label = row.name[:200]
    count(operation, created=1)
    operation.save(update_fields=["label"])
    tell_of(
        actor, operation, row, SubscriptionAct.START, started_on, source_id=f"{row.pk}:{operation.id}",
        sku=known.sku if known else "",
    )  # fmt: skip
    return row, operation


def _first_amount(
    list_id: UUID, product_id: UUID | None, quantity: Decimal, currency: str, on: date, amount: Decimal | None
) -> Decimal:
    if amount is not None:
        raise Invalid({"amount": _("Say an amount or a price list, not both.")})
    if not PriceList.objects.filter(pk=list_id).exists():
        raise Invalid({"price_list_id": _("There is no such price list.")})
    if product_id is None:
        raise Invalid({"price_list_id": _("A price list knows products: choose one.")})
    asked = Subscription(
        price_list_id=list_id, product_id=product_id, quantity=quantity, currency=currency, renews_on=on
    )
    try:
        return _listed_amount(asked, on)
    except Invalid as error:
        raise Invalid({"price_list_id": " ".join(error.problems.values())}) from error


@transaction.atomic
def renew_subscription(
    *, actor: Actor, subscription_id: UUID, renewed_on: date | None = None
) -> tuple[Subscription, Operation]:
    """Another interval begins. Errors: NotFound, NotAllowed, Invalid."""
    row = policies.lock_subscription(actor, subscription_id)
    on = renewed_on or today()
    _require_active(row, on, "renewed_on")
    if row.ends_on:
        raise Invalid({"subscription": _("It ends with its period. Resume it first.")})
    period, before = row.renews_on or on, values_of(row)
    begin_interval(row, on=on)
    operation = save(actor, row, SubscriptionAct.RENEW, before)
    tell_of(actor, operation, row, SubscriptionAct.RENEW, on, source_id=period_id(row, period))
    return row, operation


@transaction.atomic
def pause_subscription(*, actor: Actor, subscription_id: UUID) -> tuple[Subscription, Operation]:
    """What was paid for runs on to its end; nothing is renewed. Errors: NotFound, NotAllowed, Invalid."""
    row = policies.lock_subscription(actor, subscription_id)
    on = today()
    _require_active(row, on, "subscription")
    before = values_of(row)
    row.status, row.paused_on, row.renewal_problem = SubscriptionStatus.PAUSED, on, ""
    return _told(actor, row, SubscriptionAct.PAUSE, on, before)


@transaction.atomic
def resume_subscription(*, actor: Actor, subscription_id: UUID) -> tuple[Subscription, Operation]:
    """It goes on after a pause, or after all. When what was paid for is used up, an interval is due at once, and later ones
    are counted from today. Errors: NotFound, NotAllowed, Invalid."""
    row = policies.lock_subscription(actor, subscription_id)
    on = today()
    if row.status == SubscriptionStatus.ENDED:
        raise Invalid({"subscription": _("This subscription has ended.")})
    if row.status != SubscriptionStatus.PAUSED and not row.ends_on:
        raise Invalid({"subscription": _("This subscription goes on already.")})
    before = values_of(row)
    if row.status == SubscriptionStatus.PAUSED and row.renews_on is not None and row.renews_on < on:
        row.anchor_on, row.anchor_renewals, row.renews_on = on, row.renewals + 1, on
    row.status, row.paused_on, row.ends_on, row.renewal_problem = SubscriptionStatus.ACTIVE, None, None, ""
    return _told(actor, row, SubscriptionAct.RESUME, on, before)


@transaction.atomic
def end_subscription(
    *,
    actor: Actor,
    subscription_id: UUID,
    ended_on: date | None = None,
    reason: str = "",
    with_period: bool = False,
) -> tuple[Subscription, Operation]:
    """It ends on a day, or `with_period`: when it would be renewed. Errors: NotFound, NotAllowed, Invalid."""
    row = policies.lock_subscription(actor, subscription_id)
    on = ended_on or today()
    _require_running(row, on, "ended_on")
    before = values_of(row)
    row.end_reason, row.renewal_problem = reason[:240], ""
    if with_period and row.renews_on and row.renews_on > today():
        row.ends_on = row.renews_on
        return _told(actor, row, SubscriptionAct.CANCEL, today(), before)
    end_on(row, on)
    return _told(actor, row, SubscriptionAct.END, on, before)


# What the worker does, too


def begin_interval(row: Subscription, *, on: date) -> None:
    """The interval that is due begins, at what it costs then. Errors: Invalid."""
    row.amount = _listed_amount(row, row.renews_on or on)
    row.renewals += 1
    row.renewed_on, row.renews_on, row.renewal_problem = on, row.next_renewal, ""


def end_on(row: Subscription, on: date) -> None:
    row.status, row.ended_on = SubscriptionStatus.ENDED, on
    row.renews_on = row.ends_on = row.paused_on = None


def period_id(row: Subscription, period: date) -> str:
    """What a renewal is known by in the ledger: the interval it begins."""
    return f"{row.pk}:{period.isoformat()}"


def _listed_amount(row: Subscription, on: date) -> Decimal:
    """What its price list says for a day; without a list, what was agreed. Errors: Invalid."""
    if row.price_list_id is None or row.product_id is None:
        return row.amount
    prices = [one for one in listed_prices([row.product_id]) if one.list_id == row.price_list_id]
    found = price_for(
        prices,
        product_id=row.product_id,
        quantity=row.quantity,
        currency=row.currency,
        on=on,
        list_id=row.price_list_id,
    )
    if found is None:
        raise Invalid(
            {"price_list": _("The price list has no price in %(currency)s for this day.") % {"currency": row.currency}}
        )
    return found


def _told(
    actor: Actor, row: Subscription, act: SubscriptionAct, on: date, before: Mapping[str, Any]
) -> tuple[Subscription, Operation]:
    operation = save(actor, row, act, before)
    tell_of(actor, operation, row, act, on, source_id=f"{row.pk}:{operation.id}")
    return row, operation


def undo_subscription(*, actor: Actor, operation: Operation, reverse: Operation) -> dict[str, int]:
    """The undo handler of all of them. Errors: Conflict when something that came later rests on it."""
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
        if any(values_of(held)[name] != after for name, after in change.after.items()):
            raise Conflict(_("Something was done with this subscription since. Take that back first."))
        was = values_of(held)
        for name, value in change.before.items():
            setattr(held, name, _decoded(name, value))
        held.updated_at, held.version, held.renewal_problem = clock.now(), held.version + 1, ""
        held.save()
        _note(reverse, held, was)
        restored += 1
    untell(actor=actor, operation=operation)
    return {"restored": restored, "removed": removed, "kept": 0}


def _decoded(name: str, value: Any) -> Any:
    if name.endswith("_on") and value:
        return date.fromisoformat(value)
    return Decimal(value) if name == "amount" else value


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
    if started_on > today() + _DAY or started_on.year < 1900:
        found["started_on"] = _("This lies in the future. Check the date and its time zone.")
    if len(number) > 80 or (number and Subscription.objects.filter(number=number, deleted_at=None).exists()):
        found["number"] = _("There is a subscription with this number already.")
    return found


_DAY = date.resolution


def _require_active(row: Subscription, on: date, field: str) -> None:
    _require_running(row, on, field)
    if row.status == SubscriptionStatus.PAUSED:
        raise Invalid({"subscription": _("This subscription is paused. Resume it first.")})


def _require_running(row: Subscription, on: date, field: str) -> None:
    if row.status == SubscriptionStatus.ENDED:
        raise Invalid({"subscription": _("This subscription has ended.")})
    if on < row.started_on:
        raise Invalid({field: _("This is before it started.")})
    if on > today() + _DAY:
        raise Invalid({field: _("This lies in the future. Check the date and its time zone.")})


def values_of(row: Subscription) -> dict[str, Any]:
    return {name: codec.encode(getattr(row, name)) for name in CHANGED}


def save(actor: Actor, row: Subscription, act: SubscriptionAct, before: Mapping[str, Any]) -> Operation:
    operation = open_operation(actor, act, SUBSCRIPTION, label=row.name)
    row.updated_at, row.version = clock.now(), row.version + 1
    row.save()
    _note(operation, row, before)
    return operation


def _note(operation: Operation, row: Subscription, before: Mapping[str, Any]) -> None:
    after = values_of(row)
    names = [name for name in after if after[name] != before[name]]
    change = (row.pk, {name: before[name] for name in names}, {name: after[name] for name in names})
    record_changes(operation, "updated", [change])
    count(operation, updated=1)


_WITHOUT_AMOUNT = (SubscriptionAct.PAUSE, SubscriptionAct.RESUME, SubscriptionAct.CANCEL, SubscriptionAct.END)


def tell_of(
    actor: Actor,
    operation: Operation,
    row: Subscription,
    act: SubscriptionAct,
    on: date,
    *,
    source_id: str,
    sku: str = "",
) -> None:
    said = {
        "subscription": row.number,
        "name": row.name,
        "interval": row.interval,
        "sku": sku,
        "reason": row.end_reason,
        "ends_on": row.ends_on.isoformat() if row.ends_on else "",
    }
    said["quantity"] = format(row.quantity.normalize(), "f")
    tell(
        actor=actor, operation=operation, customer_id=row.customer_id, kind=act, source_id=source_id,
        at=instant_of(on, zone(), clock.now()), channel="shop", direction="none",
        amount=None if act in _WITHOUT_AMOUNT else row.amount * row.quantity,
        currency=row.currency, properties={name: value for name, value in said.items() if value},
    )  # fmt: skip
