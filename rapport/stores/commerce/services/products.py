"""Writing products. Create, update and bin go through foundation.records; this is what happens beside storing fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from rapport.foundation.lib import clock
from rapport.foundation.lib.text import folded
from rapport.foundation.records.models import Change
from rapport.foundation.records.services.copying import delete_at_once
from rapport.stores.commerce.models import OrderLine, Price, Product
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.commerce.rules.money import LARGEST, is_currency
from rapport.stores.commerce.rules.products import category_path

SEARCHED = {"name", "sku", "category", "variant"}


class ProductWrites:
    """The products' write hook."""

    def check(self, values: Mapping[str, Any], instance: Any) -> dict[str, str]:
        problems: dict[str, str] = {}
        for name in ("price", "cost"):
            value = values.get(name)
            if value is not None and value < 0:
                problems[name] = _("An amount can't be negative.")
            elif value is not None and (value >= LARGEST or value != round(value, 4)):
                problems[name] = _("At most 13 digits before and four after the point.")
        tax = values.get("tax_percent")
        if tax is not None and (not 0 <= tax < 100 or tax != round(tax, 3)):
            problems["tax_percent"] = _("Write per cent from 0 to 99.999, such as 21.")
        currency = values.get("currency")
        if currency and not is_currency(str(currency).upper()):
            problems["currency"] = _("“%(code)s” is not a currency in use. Write three letters, such as EUR.") % {
                "code": str(currency)[:12]
            }
        sku = str(values.get("sku") or "")
        if len(sku) > 80:
            problems["sku"] = _("At most %(n)s characters.") % {"n": 80}
        elif sku and self._taken(sku, instance):
            problems["sku"] = _("Another product has this SKU. Each SKU names one product.")
        problems |= self._too_long(values)
        if reason := self._variant_problem(values, instance):
            problems["variant_of"] = reason
        return problems

    def before_save(self, instance: Any, changed: set[str]) -> set[str]:
        product: Product = instance
        derived: set[str] = set()
        if "category" in changed:
            product.category = category_path(product.category)
            derived.add("category")
        if product.currency != product.currency.upper():
            product.currency = product.currency.upper()
            derived.add("currency")
        if not product.currency:
            product.currency = home_currency()
            derived.add("currency")
        if SEARCHED & changed or not product.search:
            product.search = folded(product.sku, product.name, product.variant, product.category)
            derived.add("search")
        return derived

    def after_save(self, instances: Sequence[Any], changed: set[str], operation_id: UUID) -> None:
        """Lines that named the SKU before there was a product of it belong to it now."""
        named = {product.sku: product.pk for product in instances if product.sku}
        if "sku" not in changed or not named:
            return
        of_that_name = Product.objects.filter(pk__in=named.values(), sku=OuterRef("sku"))
        lines = OrderLine.objects.filter(sku__in=named, product_id=None)
        lines.update(product_id=Subquery(of_that_name.values("pk")[:1]))

    def undo_created(self, operation_id: UUID) -> dict[str, int]:
        """Remove what the operation created; what was sold or changed since goes to the bin."""
        created = Product.objects.filter(operation_id=operation_id)
        changed = Change.objects.filter(record_id=OuterRef("pk")).exclude(operation_id=operation_id)
        used = Exists(changed) | Exists(OrderLine.objects.filter(product_id=OuterRef("pk")))
        kept_ids = list(created.filter(used).values_list("pk", flat=True))
        kept = Product.objects.filter(pk__in=kept_ids, deleted_at=None).update(deleted_at=clock.now())
        gone = created.exclude(pk__in=kept_ids)
        delete_at_once(Price.objects.filter(product_id__in=gone.values("pk")))
        return {"removed": delete_at_once(gone), "kept": kept}

    def _taken(self, sku: str, instance: Any) -> bool:
        rows = Product.objects.filter(sku=sku, deleted_at=None)
        return (rows.exclude(pk=instance.pk) if instance else rows).exists()

    def _too_long(self, values: Mapping[str, Any]) -> dict[str, str]:
        most = {"name": 240, "category": 240, "variant": 120}
        return {
            name: _("At most %(n)s characters.") % {"n": length}
            for name, length in most.items()
            if len(str(values.get(name) or "")) > length
        }

    def _variant_problem(self, values: Mapping[str, Any], instance: Any) -> str:
        parent_id = values.get("variant_of")
        if not parent_id:
            return ""
        if instance and str(parent_id) == str(instance.pk):
            return _("A product is no variant of itself.")
        parent = Product.objects.filter(pk=parent_id).first()
        if parent and parent.variant_of_id:
            return _("“%(name)s” is a variant already. Choose the product it is a variant of.") % {"name": parent.name}
        if instance and Product.objects.filter(variant_of_id=instance.pk, deleted_at=None).exists():
            return _("This product has variants, so it can't be one.")
        return ""


class NoHandWrites:
    """The write hook of orders and subscriptions: their own services make them; notes, tags and own fields are free."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def check(self, values: Mapping[str, Any], instance: Any) -> dict[str, str]:
        return {} if instance else {"number": str(self.message)}

    def before_save(self, instance: Any, changed: set[str]) -> set[str]:
        return set()

    def after_save(self, instances: Sequence[Any], changed: set[str], operation_id: UUID) -> None:
        return None

    def undo_created(self, operation_id: UUID) -> dict[str, int]:
        return {"removed": 0, "kept": 0}
