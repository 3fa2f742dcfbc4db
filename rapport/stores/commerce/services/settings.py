"""Rates, price lists and the cost table: what a workspace says of money. Noted in the audit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.foundation.records import policies as record_policies
from rapport.foundation.workspace.errors import Invalid, NotFound
from rapport.foundation.workspace.services import audit
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce import policies
from rapport.stores.commerce.models import Price, PriceList, Product, Rate, TouchCost
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.commerce.queries.settings import price_list
from rapport.stores.commerce.rules.money import LARGEST, is_currency
from rapport.stores.commerce.types import PRODUCT


@transaction.atomic
def set_rate(*, actor: Actor, currency: str, rate: Decimal, valid_from: date) -> Rate:
    """Say what one unit of a currency is worth from a day on. Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    currency = currency.strip().upper()
    problems = {}
    if not is_currency(currency):
        problems["currency"] = _("“%(code)s” is not a currency in use. Write three letters, such as EUR.") % {
            "code": currency[:12]
        }
    elif currency == home_currency():
        problems["currency"] = _("This is the workspace’s own currency: one of it is worth one.")
    if not rate.is_finite() or not 0 < rate < Decimal(10) ** 9 or rate != round(rate, 10):
        problems["rate"] = _("A rate is more than zero and has at most ten digits after the point.")
    if problems:
        raise Invalid(problems)
    row, _made = Rate.objects.update_or_create(currency=currency, valid_from=valid_from, defaults={"rate": rate})
    audit.record("commerce.rate_set", actor=actor, subject=f"{currency} {rate.normalize():f}")
    return row


@transaction.atomic
def remove_rate(*, actor: Actor, rate_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    policies.require_settings(actor)
    row = Rate.objects.filter(pk=rate_id).first()
    if row is None:
        raise NotFound(_("There is no such rate."))
    row.delete()
    audit.record("commerce.rate_removed", actor=actor, subject=f"{row.currency} {row.rate.normalize():f}")


@transaction.atomic
def set_touch_cost(*, actor: Actor, channel: str, kind: str, amount: Decimal) -> TouchCost:
    """Say what one touch point of a channel or kind costs. Errors: NotAllowed, Invalid."""
    policies.require_settings(actor)
    if not amount.is_finite() or not 0 <= amount < LARGEST or amount != round(amount, 4):
        raise Invalid({"amount": _("A cost is zero or more and has at most four digits after the point.")})
    row, _made = TouchCost.objects.update_or_create(
        channel=channel.strip()[:40], kind=kind.strip()[:60], defaults={"amount": amount}
    )
    audit.record("commerce.cost_set", actor=actor, subject=_cost_name(row))
    return row


@transaction.atomic
def remove_touch_cost(*, actor: Actor, cost_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    policies.require_settings(actor)
    row = TouchCost.objects.filter(pk=cost_id).first()
    if row is None:
        raise NotFound(_("There is no such cost."))
    row.delete()
    audit.record("commerce.cost_removed", actor=actor, subject=_cost_name(row))


def _cost_name(row: TouchCost) -> str:
    return " ".join(part for part in (row.channel, row.kind) if part) or "*"


@transaction.atomic
def save_price_list(
    *,
    actor: Actor,
    name: str,
    currency: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
    is_standard: bool = True,
    list_id: UUID | None = None,
) -> PriceList:
    """Begin a price list or change what holds for it. Errors: NotAllowed, NotFound, Invalid."""
    record_policies.require(actor, Action.UPDATE, PRODUCT)
    row = price_list(list_id) if list_id else PriceList()
    currency = currency.strip().upper()
    problems = {}
    if not name.strip() or len(name) > 120:
        problems["name"] = _("Give it a name of at most %(n)s characters.") % {"n": 120}
    if not is_currency(currency):
        problems["currency"] = _("“%(code)s” is not a currency in use. Write three letters, such as EUR.") % {
            "code": currency[:12]
        }
    if valid_from and valid_until and valid_until < valid_from:
        problems["valid_until"] = _("The last day lies before the first.")
    if problems:
        raise Invalid(problems)
    row.name, row.currency, row.is_standard = name.strip(), currency, is_standard
    row.valid_from, row.valid_until = valid_from, valid_until
    row.save()
    audit.record("commerce.price_list_saved", actor=actor, subject=row.name)
    return row


@transaction.atomic
def remove_price_list(*, actor: Actor, list_id: UUID) -> None:
    """Orders keep the prices they were placed at. Errors: NotAllowed, NotFound."""
    record_policies.require(actor, Action.UPDATE, PRODUCT)
    row = price_list(list_id)
    row.delete()
    audit.record("commerce.price_list_removed", actor=actor, subject=row.name)


@transaction.atomic
def set_price(
    *, actor: Actor, list_id: UUID, product_id: UUID, amount: Decimal, from_quantity: Decimal = Decimal(1)
) -> Price:
    """Say what a product costs on a list from a quantity on. Errors: NotAllowed, NotFound, Invalid."""
    record_policies.require(actor, Action.UPDATE, PRODUCT)
    row = price_list(list_id)
    problems = {}
    if not Product.objects.filter(pk=product_id, deleted_at=None).exists():
        problems["product"] = _("There is no such product.")
    if not amount.is_finite() or not 0 <= amount < LARGEST or amount != round(amount, 4):
        problems["amount"] = _("A price is zero or more and has at most four digits after the point.")
    if not from_quantity.is_finite() or not 0 < from_quantity < 10**9 or from_quantity != round(from_quantity, 4):
        problems["from_quantity"] = _("The quantity must be more than zero.")
    if problems:
        raise Invalid(problems)
    price, _made = Price.objects.update_or_create(
        price_list=row, product_id=product_id, from_quantity=from_quantity, defaults={"amount": amount}
    )
    audit.record("commerce.price_list_saved", actor=actor, subject=row.name)
    return price


@transaction.atomic
def remove_price(*, actor: Actor, list_id: UUID, price_id: UUID) -> None:
    """Errors: NotAllowed, NotFound."""
    record_policies.require(actor, Action.UPDATE, PRODUCT)
    row = price_list(list_id)
    removed, _each = Price.objects.filter(price_list=row, pk=price_id).delete()
    if not removed:
        raise NotFound(_("There is no such price."))
    audit.record("commerce.price_list_saved", actor=actor, subject=row.name)
