"""Orders and what happened to them. Amounts are in the order's currency; `customer_id` is the one it was placed by."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from rapport.foundation.lib import clock, ids
from rapport.stores.commerce.models.base import ZERO, Record, amount_field, no_values
from rapport.stores.commerce.types import Delivery, Status


class Order(Record):
    """A cart while `placed_at` is empty. Sums, status and delivery are derived from lines, payments and shipments.

    `net` is goods after discounts without tax, `shipping` what is charged for it without tax, `tax` that of both:
    total = net + shipping + tax. `margin` is net less cost, empty while the cost of a line is not known.
    """

    number = models.CharField(max_length=80)
    customer_id = models.UUIDField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CART)
    delivery = models.CharField(max_length=10, choices=Delivery.choices, default=Delivery.OPEN)
    channel = models.CharField(max_length=40, blank=True, default="shop")
    currency = models.CharField(max_length=3)
    prices_include_tax = models.BooleanField(default=True)
    at = models.DateTimeField(default=clock.now)  # placed_at, or when the cart was begun: what lists are sorted by
    placed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=240, blank=True, default="")
    price_list_id = models.UUIDField(null=True, blank=True)
    order_discount = amount_field(default=ZERO)  # what was taken off the order as a whole
    shipping_said = amount_field(default=ZERO)  # as charged, with or without tax like the prices
    shipping_tax_rate = models.DecimalField(max_digits=6, decimal_places=5, default=ZERO)
    subtotal = amount_field(default=ZERO)
    discount = amount_field(default=ZERO)  # of lines and order together
    net = amount_field(default=ZERO)
    tax = amount_field(default=ZERO)
    shipping = amount_field(default=ZERO)
    total = amount_field(default=ZERO)
    cost = amount_field(null=True, blank=True)
    margin = amount_field(null=True, blank=True)
    paid = amount_field(default=ZERO)
    refunded = amount_field(default=ZERO)
    ship_to = models.JSONField(default=no_values, blank=True)
    source = models.CharField(max_length=80, blank=True, default="")
    source_id = models.CharField(max_length=200, blank=True, default="")
    touchpoint_id = models.UUIDField(null=True, blank=True, editable=False)  # its order_placed
    batch_id = models.UUIDField(null=True, blank=True, editable=False)  # of that touch point

    class Meta:
        constraints = [
            models.UniqueConstraint("number", name="order_number", condition=Q(deleted_at=None)),
            models.UniqueConstraint("touchpoint_id", name="order_touchpoint"),
        ]
        indexes = [
            models.Index(F("at").desc(), F("id").desc(), name="order_at", condition=Q(deleted_at=None)),
            models.Index("customer_id", F("at").desc(), name="order_customer"),
            models.Index("status", F("at").desc(), F("id").desc(), name="order_status", condition=Q(deleted_at=None)),
            models.Index("total", "id", name="order_total", condition=Q(deleted_at=None)),
            models.Index("operation_id", name="order_operation"),
            models.Index("batch_id", name="order_batch", condition=Q(batch_id__isnull=False)),
            GinIndex("tags", name="order_tags"),
            GinIndex(OpClass(F("custom"), name="jsonb_path_ops"), name="order_custom"),
            GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="order_search"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product on an order, with what it was called and cost then."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_constraint=False)
    customer_id = models.UUIDField()
    position = models.PositiveIntegerField()
    product_id = models.UUIDField(null=True, blank=True)
    sku = models.CharField(max_length=80, blank=True, default="")
    name = models.CharField(max_length=240)
    category = models.CharField(max_length=240, blank=True, default="")
    needs_shipping = models.BooleanField(default=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=4)
    unit_price = amount_field()
    discount = amount_field(default=ZERO)  # off this line
    order_share = amount_field(default=ZERO)  # its part of the order's discount
    tax_rate = models.DecimalField(max_digits=6, decimal_places=5, default=ZERO)
    net = amount_field()
    tax = amount_field()
    unit_cost = amount_field(null=True, blank=True)
    cost = amount_field(null=True, blank=True)
    margin = amount_field(null=True, blank=True)
    shipped = models.DecimalField(max_digits=14, decimal_places=4, default=ZERO)
    returned = models.DecimalField(max_digits=14, decimal_places=4, default=ZERO)

    class Meta:
        indexes = [
            models.Index("customer_id", name="order_line_customer"),
            models.Index("product_id", name="order_line_product", condition=Q(product_id__isnull=False)),
            models.Index("sku", name="order_line_sku", condition=Q(product_id=None) & ~Q(sku="")),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderPart(models.Model):
    """Something that happened to an order. `operation_id` when a person did it; else the touch point that told of it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    at = models.DateTimeField()
    operation_id = models.UUIDField(null=True, blank=True, editable=False, db_index=True)
    touchpoint_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class Payment(OrderPart):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments", db_constraint=False)
    amount = amount_field()
    method = models.CharField(max_length=80, blank=True, default="")
    reference = models.CharField(max_length=120, blank=True, default="")

    def __str__(self) -> str:
        return str(self.amount)


class Refund(OrderPart):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds", db_constraint=False)
    amount = amount_field()
    reason = models.CharField(max_length=240, blank=True, default="")

    def __str__(self) -> str:
        return str(self.amount)


class Shipment(OrderPart):
    """What left together. `items` maps line ids to quantities."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments", db_constraint=False)
    items = models.JSONField(default=no_values)
    carrier = models.CharField(max_length=120, blank=True, default="")
    tracking = models.CharField(max_length=120, blank=True, default="")
    ship_to = models.JSONField(default=no_values, blank=True)
    promised_on = models.DateField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    delivered_operation_id = models.UUIDField(null=True, blank=True, editable=False)
    delivered_touchpoint_id = models.UUIDField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.tracking or self.carrier or str(self.at)


class Return(OrderPart):
    """Goods that came back. `items` maps line ids to quantities."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="returns", db_constraint=False)
    items = models.JSONField(default=no_values)
    reason = models.CharField(max_length=240, blank=True, default="")

    def __str__(self) -> str:
        return self.reason or str(self.at)
