"""Words of commerce."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SOURCE = "orders"  # of the touch points that commerce itself writes
PRODUCT, ORDER, SUBSCRIPTION = "product", "order", "subscription"  # record types


class ProductKind(models.TextChoices):
    GOODS = "goods", _("Goods")
    SERVICE = "service", _("Service")  # nothing to ship


class Status(models.TextChoices):
    """Where an order stands. Derived from what happened to it, see rules.states."""

    CART = "cart", pgettext_lazy("order", "Cart")
    PLACED = "placed", pgettext_lazy("order", "Placed")
    PAID = "paid", pgettext_lazy("order", "Paid")
    SHIPPED = "shipped", pgettext_lazy("order", "Shipped")
    COMPLETED = "completed", pgettext_lazy("order", "Completed")
    CANCELLED = "cancelled", pgettext_lazy("order", "Cancelled")
    RETURNED = "returned", pgettext_lazy("order", "Returned")


class Delivery(models.TextChoices):
    """How far the goods of an order have come."""

    NOTHING = "nothing", pgettext_lazy("delivery", "Nothing to ship")
    OPEN = "open", pgettext_lazy("delivery", "Not shipped")
    PART = "part", pgettext_lazy("delivery", "Partly shipped")
    UNDER_WAY = "under_way", pgettext_lazy("delivery", "Under way")
    DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")


OPEN_STATUSES = (Status.PLACED, Status.PAID, Status.SHIPPED)


class Act(models.TextChoices):
    """What can be done with an order; also the kind of the operation that does it."""

    SAVE_CART = "order_saved", _("Save the cart")
    PLACE = "order_placed", _("Place the order")
    PAY = "order_paid", _("Record a payment")
    SHIP = "order_shipped", _("Ship")
    DELIVER = "order_delivered", _("Mark as delivered")
    RETURN = "order_returned", _("Take back goods")
    REFUND = "order_refunded", _("Refund")
    CANCEL = "order_cancelled", _("Cancel the order")


class Interval(models.TextChoices):
    MONTH = "month", pgettext_lazy("interval", "Every month")
    QUARTER = "quarter", pgettext_lazy("interval", "Every quarter")
    YEAR = "year", pgettext_lazy("interval", "Every year")


class SubscriptionStatus(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("subscription", "Active")
    PAUSED = "paused", pgettext_lazy("subscription", "Paused")
    ENDED = "ended", pgettext_lazy("subscription", "Ended")


class SubscriptionAct(models.TextChoices):
    START = "subscription_started", _("Start a subscription")
    RENEW = "subscription_renewed", _("Renew")
    PAUSE = "subscription_paused", _("Pause")
    RESUME = "subscription_resumed", _("Resume")
    CANCEL = "subscription_cancelled", _("End with the period")
    END = "subscription_ended", _("End")


class Taken(models.TextChoices):
    """What became of a touch point that speaks of an order."""

    DONE = "done", pgettext_lazy("touch point", "Taken up")
    WAITING = "waiting", pgettext_lazy("touch point", "Waiting for its order")
    REFUSED = "refused", pgettext_lazy("touch point", "Not taken up")
    RETRACTED = "retracted", pgettext_lazy("touch point", "Taken back")
