"""Products, their variants and what they cost whom."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from rapport.foundation.lib import clock, ids
from rapport.stores.commerce.models.base import Record, amount_field
from rapport.stores.commerce.types import ProductKind


class Product(Record):
    """Something sold. `category` is a path such as "Bikes / Cargo"; a variant names the product it is a variant of."""

    sku = models.CharField(max_length=80, blank=True, default="")
    name = models.CharField(max_length=240)
    kind = models.CharField(max_length=8, choices=ProductKind.choices, default=ProductKind.GOODS)
    category = models.CharField(max_length=240, blank=True, default="")
    variant_of = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    variant = models.CharField(max_length=120, blank=True, default="")  # "Blue, large"
    price = amount_field(null=True, blank=True)
    cost = amount_field(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")  # of price and cost
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    is_sold = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("sku", name="product_sku", condition=Q(deleted_at=None) & ~Q(sku="")),
        ]
        indexes = [
            models.Index(F("created_at").desc(), F("id").desc(), name="product_newest", condition=Q(deleted_at=None)),
            models.Index("name", "id", name="product_name", condition=Q(deleted_at=None)),
            models.Index("category", "id", name="product_category", condition=Q(deleted_at=None)),
            models.Index("operation_id", name="product_operation"),
            GinIndex("tags", name="product_tags"),
            GinIndex(OpClass(F("custom"), name="jsonb_path_ops"), name="product_custom"),
            GinIndex(OpClass(F("search"), name="gin_trgm_ops"), name="product_search"),
        ]

    def __str__(self) -> str:
        return self.name


class PriceList(models.Model):
    """Prices in one currency that hold for some time, for everybody (`is_standard`) or for whom an order says."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)  # the last day
    is_standard = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    operation_id = models.UUIDField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What one of a product costs from so many on."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    product_id = models.UUIDField(db_index=True)
    from_quantity = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(1))
    amount = amount_field()

    class Meta:
        constraints = [models.UniqueConstraint("price_list", "product_id", "from_quantity", name="price_once")]

    def __str__(self) -> str:
        return f"{self.from_quantity}: {self.amount}"
