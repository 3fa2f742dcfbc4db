"""What commerce plugs into the house."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.exceptions import AlreadyEnqueued

from rapport.foundation.accounts.tenancy import current_schema
from rapport.foundation.records.extension_points import (
    HistoryPart,
    history_parts,
    list_pages,
    record_types,
    undo_handlers,
    write_hooks,
)
from rapport.stores.commerce.rules import fields, telling
from rapport.stores.commerce.rules.reading import KINDS
from rapport.stores.commerce.services.products import NoHandWrites, ProductWrites
from rapport.stores.commerce.services.undo import undo_act
from rapport.stores.commerce.tasks import take_up
from rapport.stores.commerce.types import ORDER, PRODUCT, SOURCE, SUBSCRIPTION, Act
from rapport.stores.ledger.extension_points import after_append, kinds
from rapport.stores.ledger.types import Appended, Group, Kind


def _model(name: str) -> Callable[[], Any]:
    def late() -> Any:
        from rapport.stores.commerce import models

        return {PRODUCT: models.Product, ORDER: models.Order, SUBSCRIPTION: models.Subscription}[name]

    return late


for declared in fields.record_types(_model):
    record_types.register(declared.name, declared)
for page in fields.PAGES:
    list_pages.register(page.name, page)
write_hooks.register(PRODUCT, ProductWrites())
write_hooks.register(ORDER, NoHandWrites(_("Orders are placed, not filled in: they need lines.")))
write_hooks.register(SUBSCRIPTION, NoHandWrites(_("Subscriptions are started, not filled in.")))

for act in Act:
    undo_handlers.register(act.value, undo_act)
for name, label in (
    ("order_payment", _("Payment")),
    ("order_shipment", _("Shipment")),
    ("order_delivery", _("Arrived")),
    ("order_return", _("Return")),
    ("order_refund", _("Refund")),
):
    history_parts.register(name, HistoryPart(label=label, describe=telling.part_line))
history_parts.register("order_lines", HistoryPart(label=_("Lines"), describe=telling.lines_line))

for kind in (
    Kind(name="order_paid", label=_("Order paid"), icon="credit-card", phrase=_("Paid for order {order}"), group=Group.ORDERS),
    Kind(name="order_refunded", label=_("Order refunded"), icon="cash", phrase=_("Refund for order {order}"), group=Group.ORDERS),
    Kind(name="subscription_started", label=_("Subscription started"), icon="refresh", phrase=_("Subscribed to {name}"), group=Group.ORDERS),
    Kind(name="subscription_renewed", label=_("Subscription renewed"), icon="refresh", phrase=_("Renewed {name}"), group=Group.ORDERS),
    Kind(name="subscription_ended", label=_("Subscription ended"), icon="circle-x", phrase=_("Ended {name}"), group=Group.ORDERS),
):  # fmt: skip
    kinds.register(kind.name, kind)


def _wake(appended: Appended) -> None:
    """Have the worker take up what speaks of orders. Lost with a killed process: the worker looks by itself, too."""
    if appended.source != SOURCE and any(one.kind in KINDS for one in appended.touchpoints):
        schema = current_schema()
        with suppress(AlreadyEnqueued), transaction.atomic():  # so that a refusal spoils no transaction around it
            take_up.configure(queueing_lock=f"commerce.take_up:{schema}").defer(schema=schema)


after_append.register("commerce", _wake)
