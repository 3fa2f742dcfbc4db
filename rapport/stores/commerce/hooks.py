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
    ActWords,
    HistoryPart,
    RecordPanel,
    act_words,
    filled_tables,
    history_parts,
    importers,
    list_pages,
    record_panels,
    record_types,
    undo_handlers,
    write_hooks,
)
from rapport.foundation.ui.extension_points import commands, menu, menu_sections, quick_create, settings_pages
from rapport.foundation.ui.types import MenuEntry, MenuSection, PaletteCommand, QuickCreate, SettingsPage
from rapport.foundation.workspace.extension_points import audit_actions
from rapport.foundation.workspace.types import Action, AuditAction, Power
from rapport.stores.commerce.queries.customer_orders import everything, holding, used_in_orders
from rapport.stores.commerce.rules import fields, telling
from rapport.stores.commerce.rules.reading import KINDS
from rapport.stores.commerce.services.importing import OrdersImporter
from rapport.stores.commerce.services.products import NoHandWrites, ProductWrites
from rapport.stores.commerce.services.subscriptions import undo_subscription
from rapport.stores.commerce.services.undo import undo_act
from rapport.stores.commerce.tasks import take_up
from rapport.stores.commerce.types import ORDER, PRODUCT, SOURCE, SUBSCRIPTION, Act, SubscriptionAct
from rapport.stores.commerce.views.orders import order_panel
from rapport.stores.commerce.views.panels import orders_panel, product_panel, subscription_panel
from rapport.stores.customers.extension_points import (
    CustomerPanel,
    customer_data,
    customer_holdings,
    customer_panels,
    customer_uses,
)
from rapport.stores.customers.services.statistics import TABLES as CUSTOMER_TABLES
from rapport.stores.ledger.extension_points import after_append, kinds
from rapport.stores.ledger.services.statistics import TABLES as LEDGER_TABLES
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

importers.register(ORDER, OrdersImporter())
filled_tables.register(ORDER, ("commerce_order", "commerce_orderline", *LEDGER_TABLES, *CUSTOMER_TABLES))
for act in Act:
    undo_handlers.register(act.value, undo_act)
for subscription_act in SubscriptionAct:
    undo_handlers.register(subscription_act.value, undo_subscription)
for doing, words in {
    Act.SAVE_CART: ActWords(_("saved the cart"), icon="shopping-cart"),
    Act.PLACE: ActWords(_("placed the order"), icon="shopping-bag"),
    Act.PAY: ActWords(_("noted a payment for the order"), icon="credit-card"),
    Act.SHIP: ActWords(_("shipped the order"), icon="truck-delivery"),
    Act.DELIVER: ActWords(_("noted the arrival of the order"), icon="package"),
    Act.RETURN: ActWords(_("took back goods of the order"), icon="truck-return"),
    Act.REFUND: ActWords(_("refunded the order"), icon="cash"),
    Act.CANCEL: ActWords(_("cancelled the order"), icon="circle-x"),
    SubscriptionAct.START: ActWords(_("started the subscription"), icon="refresh"),
    SubscriptionAct.RENEW: ActWords(_("renewed the subscription"), icon="refresh"),
    SubscriptionAct.PAUSE: ActWords(_("paused the subscription"), icon="player-pause"),
    SubscriptionAct.RESUME: ActWords(_("resumed the subscription"), icon="player-play"),
    SubscriptionAct.CANCEL: ActWords(_("set the end of the subscription"), icon="circle-x"),
    SubscriptionAct.END: ActWords(_("ended the subscription"), icon="circle-x"),
}.items():
    act_words.register(doing.value, words)
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
    Kind(name="subscription_paused", label=_("Subscription paused"), icon="player-pause", phrase=_("Paused {name}"), group=Group.ORDERS),
    Kind(name="subscription_resumed", label=_("Subscription resumed"), icon="player-play", phrase=_("Resumed {name}"), group=Group.ORDERS),
    Kind(name="subscription_cancelled", label=_("Subscription cancelled"), icon="circle-x", phrase=_("Cancelled {name} for the end of its period"), group=Group.ORDERS),
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


# Pages
for _type, _render in ((ORDER, order_panel), (PRODUCT, product_panel), (SUBSCRIPTION, subscription_panel)):
    record_panels.register(f"commerce.{_type}", RecordPanel(record_type=_type, render=_render, order=10))
customer_panels.register("orders", CustomerPanel(position="right", order=20, render=orders_panel))
customer_data.register("orders", everything)
customer_holdings.register("orders", holding)
customer_uses.register("orders", used_in_orders)

menu_sections.register("commerce", MenuSection(label=_("Sales"), icon="coin-euro", order=30))
for _type, _label, _url, _order in (
    (ORDER, _("All orders"), "commerce:orders", 10),
    (PRODUCT, _("Products"), "commerce:products", 20),
    (SUBSCRIPTION, _("Subscriptions"), "commerce:subscriptions", 30),
):
    menu.register(
        f"commerce.{_type}",
        MenuEntry(label=_label, url_name=_url, section="commerce", needs=(Action.READ, _type), order=_order),
    )
quick_create.register(
    "order",
    QuickCreate(
        label=_("Order"),
        url_name="commerce:order-new",
        icon="shopping-bag",
        section=_("New record"),
        needs=(Action.CREATE, ORDER),
        in_dialog=False,
        order=20,
    ),
)
commands.register(
    "commerce.unread",
    PaletteCommand(
        label=_("Touch points that made no order"),
        icon="shopping-cart-off",
        url_name="commerce:unread",
        needs=(Action.READ, ORDER),
    ),
)
_COMMERCE = _("Orders and money")
for _key, _label, _help, _url, _icon, _need, _order in (
    ("price_lists", _("Price lists"), _("What products cost, from when and from how many."), "commerce:price-lists", "receipt", (Action.UPDATE, PRODUCT), 40),
    ("rates", _("Currencies"), _("What other currencies are worth in yours."), "commerce:rates", "cash", Power.MANAGE_WORKSPACE, 41),
    ("costs", _("Cost to serve"), _("What a call, a visit, a letter costs you."), "commerce:costs", "phone", Power.MANAGE_WORKSPACE, 42),
    ("unread", _("Not taken up"), _("Touch points that speak of orders and made none."), "commerce:unread", "shopping-cart-off", (Action.READ, ORDER), 43),
):  # fmt: skip
    settings_pages.register(
        f"commerce.{_key}",
        SettingsPage(label=_label, help=_help, url_name=_url, icon=_icon, group=_COMMERCE, needs=_need, order=_order),
    )
for _name, _sentence in (
    ("commerce.rate_set", _("set the rate {subject}")),
    ("commerce.rate_removed", _("removed the rate {subject}")),
    ("commerce.cost_set", _("set the cost of {subject}")),
    ("commerce.cost_removed", _("removed the cost of {subject}")),
    ("commerce.price_list_saved", _("changed the price list “{subject}”")),
    ("commerce.price_list_removed", _("removed the price list “{subject}”")),
):
    audit_actions.register(_name, AuditAction(sentence=_sentence, group=_COMMERCE, icon="receipt"))
