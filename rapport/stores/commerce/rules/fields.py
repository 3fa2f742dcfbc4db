"""The record types of commerce: their fields are declared here once."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from rapport.foundation.records.types import (
    BuiltInView,
    Choice,
    Field,
    FieldKind,
    ListAction,
    ListPage,
    RecordType,
)
from rapport.stores.commerce.types import (
    OPEN_STATUSES,
    ORDER,
    PRODUCT,
    SUBSCRIPTION,
    Delivery,
    Interval,
    ProductKind,
    Status,
    SubscriptionStatus,
)

WHAT, PRICE, STANDING, MONEY, WHERE = _("What it is"), _("Price"), _("Standing"), _("Money"), _("Where from")
_TONES = {
    "cart": "mute", "placed": "info", "paid": "info", "shipped": "plum", "completed": "good", "cancelled": "mute",
    "returned": "warn", "open": "mute", "part": "warn", "under_way": "plum", "delivered": "good", "nothing": "mute",
    "active": "good", "paused": "warn", "ended": "mute",
}  # fmt: skip


def _choices(words: Any) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, _TONES.get(value, "")) for value, label in words.choices)


_SHARED = (
    Field(name="tags", label=_("Tags"), kind=FieldKind.TAGS, group=WHAT),
    Field(name="notes", label=_("Notes"), kind=FieldKind.LONG_TEXT, group=WHAT, in_list=False),
    Field(name="created_at", label=_("Added"), kind=FieldKind.INSTANT, group=STANDING, editable=False, importable=False, sortable=True),
    Field(name="updated_at", label=_("Changed"), kind=FieldKind.INSTANT, group=STANDING, editable=False, importable=False),
)  # fmt: skip


def _read(name: str, label: Any, kind: FieldKind, **more: Any) -> Field:
    return Field(name=name, label=label, kind=kind, editable=False, **more)


def _amount(name: str, label: Any, **more: Any) -> Field:
    return _read(name, label, FieldKind.NUMBER, group=MONEY, currency="currency", **more)


PRODUCT_FIELDS = (
    Field(name="name", label=_("Name"), kind=FieldKind.TEXT, group=WHAT, required=True, sortable=True, searchable=True, default_column=True,
          aliases=("title", "product", "product name", "item", "artikel", "bezeichnung")),
    Field(name="sku", label=_("SKU"), kind=FieldKind.TEXT, group=WHAT, key=True, searchable=True, default_column=True,
          aliases=("article number", "item number", "product id", "variant sku", "artikelnummer", "code")),
    Field(name="category", label=_("Category"), kind=FieldKind.TEXT, group=WHAT, sortable=True, searchable=True, default_column=True,
          help=_("A path such as Bikes / Cargo"), aliases=("product type", "product category", "group", "kategorie")),
    Field(name="kind", label=_("Kind"), kind=FieldKind.CHOICE, group=WHAT, choices=_choices(ProductKind), aliases=("type",)),
    Field(name="variant_of", label=_("Variant of"), kind=FieldKind.RELATION, target=PRODUCT, column="variant_of_id", group=WHAT, importable=False),
    Field(name="variant", label=_("Which variant"), kind=FieldKind.TEXT, group=WHAT, searchable=True, help=_("Such as Blue, large"), aliases=("option", "option1 value", "size", "colour")),
    Field(name="price", label=_("Price"), kind=FieldKind.NUMBER, currency="currency", group=PRICE, default_column=True, aliases=("variant price", "unit price", "sales price", "preis")),
    Field(name="currency", label=_("Currency"), kind=FieldKind.TEXT, group=PRICE, help=_("Three letters, such as EUR"), aliases=("currency code", "währung")),
    Field(name="cost", label=_("Cost"), kind=FieldKind.NUMBER, currency="currency", group=PRICE, help=_("What one of it costs us"), aliases=("cost per item", "purchase price", "unit cost", "einkaufspreis")),
    Field(name="tax_percent", label=_("Tax in %"), kind=FieldKind.NUMBER, group=PRICE, aliases=("tax rate", "vat", "vat rate", "mwst")),
    Field(name="is_sold", label=_("On sale"), kind=FieldKind.BOOLEAN, group=PRICE, aliases=("active", "published", "status")),
    *_SHARED,
)  # fmt: skip

ORDER_FIELDS = (
    _read("number", _("Number"), FieldKind.TEXT, group=WHAT, searchable=True),
    _read("customer", _("Customer"), FieldKind.RELATION, target="customer", column="customer_id", group=WHAT, default_column=True),
    _read("at", _("Date"), FieldKind.INSTANT, group=STANDING, sortable=True, default_column=True),
    _read("status", _("Status"), FieldKind.CHOICE, group=STANDING, choices=_choices(Status), default_column=True),
    _read("delivery", _("Delivery"), FieldKind.CHOICE, group=STANDING, choices=_choices(Delivery), default_column=True),
    _amount("total", _("Total"), sortable=True, default_column=True),
    _read("currency", _("Currency"), FieldKind.TEXT, group=MONEY),
    _amount("net", _("Net")),
    _amount("tax", _("Tax")),
    _amount("shipping", _("Shipping")),
    _amount("discount", _("Discount")),
    _amount("cost", _("Cost")),
    _amount("margin", _("Contribution margin")),
    _amount("paid", _("Paid")),
    _amount("refunded", _("Refunded")),
    _read("placed_at", _("Placed"), FieldKind.INSTANT, group=STANDING),
    _read("cancelled_at", _("Cancelled"), FieldKind.INSTANT, group=STANDING),
    _read("cancel_reason", _("Why it was cancelled"), FieldKind.TEXT, group=STANDING),
    _read("channel", _("Channel"), FieldKind.TEXT, group=WHERE),
    _read("source", _("Source"), FieldKind.TEXT, group=WHERE),
    _read("source_id", _("Id at the source"), FieldKind.TEXT, group=WHERE),
    *_SHARED,
)  # fmt: skip

SUBSCRIPTION_FIELDS = (
    _read("name", _("Subscription"), FieldKind.TEXT, group=WHAT, searchable=True),
    _read("number", _("Number"), FieldKind.TEXT, group=WHAT, default_column=True),
    _read("customer", _("Customer"), FieldKind.RELATION, target="customer", column="customer_id", group=WHAT, default_column=True),
    _read("product", _("Product"), FieldKind.RELATION, target=PRODUCT, column="product_id", group=WHAT),
    _read("status", _("Status"), FieldKind.CHOICE, group=STANDING, choices=_choices(SubscriptionStatus), default_column=True),
    _read("interval", _("Interval"), FieldKind.CHOICE, group=MONEY, choices=_choices(Interval), default_column=True),
    _read("quantity", _("Quantity"), FieldKind.NUMBER, group=MONEY),
    _amount("amount", _("Amount"), default_column=True),
    _read("currency", _("Currency"), FieldKind.TEXT, group=MONEY),
    _read("started_on", _("Started"), FieldKind.DATE, group=STANDING, default_column=True),
    _read("renewed_on", _("Renewed"), FieldKind.DATE, group=STANDING),
    _read("renews_on", _("Renews"), FieldKind.DATE, group=STANDING, sortable=True, default_column=True),
    _read("renews_itself", _("Renews by itself"), FieldKind.BOOLEAN, group=STANDING),
    _read("renewal_problem", _("Why it was not renewed"), FieldKind.TEXT, group=STANDING),
    _read("paused_on", _("Paused"), FieldKind.DATE, group=STANDING),
    _read("ends_on", _("Ends"), FieldKind.DATE, group=STANDING),
    _read("ended_on", _("Ended"), FieldKind.DATE, group=STANDING),
    _read("end_reason", _("Why it ended"), FieldKind.TEXT, group=STANDING),
    _read("renewals", _("Times renewed"), FieldKind.NUMBER, group=STANDING),
    _read("source", _("Source"), FieldKind.TEXT, group=WHERE),
    *_SHARED,
)  # fmt: skip


def record_types(models: Any) -> tuple[RecordType, ...]:
    """`models(name)` gives the model of a record type late."""
    shared: dict[str, Any] = {"live": {"deleted_at": None}, "searchable_column": "search"}
    of_customer: dict[str, Any] = {"parent": "customer", "parent_column": "customer_id", "deletable": False}
    return (
        RecordType(
            name=PRODUCT, label=_("Product"), plural=_("Products"), icon="package", model=models(PRODUCT), fields=PRODUCT_FIELDS, list_url_name="commerce:products", **shared,
        ),
        RecordType(
            name=ORDER, label=_("Order"), plural=_("Orders"), icon="shopping-bag", model=models(ORDER), fields=ORDER_FIELDS,
            title_field="number", list_url_name="commerce:orders", default_sort="-at",
            **of_customer, **shared,
        ),
        RecordType(
            name=SUBSCRIPTION, label=_("Subscription"), plural=_("Subscriptions"), icon="refresh", model=models(SUBSCRIPTION),
            fields=SUBSCRIPTION_FIELDS, list_url_name="commerce:subscriptions",
            **of_customer, **shared,
        ),
    )  # fmt: skip


_ALL = BuiltInView(key="all", label=_("All"))
PAGES = (
    ListPage(
        name="products",
        record_type=PRODUCT,
        title=_("Products"),
        url_name="commerce:products",
        subtitle=("variant",),
        views=(
            _ALL,
            BuiltInView(key="sold", label=_("On sale"), condition={"field": "is_sold", "op": "is", "value": True}),
        ),
        actions=(
            ListAction(label=_("Import"), url_name="records:import-new", icon="upload", query="into=product", needs="import"),
            ListAction(label=_("Add product"), url_name="records:record-new", url_args=("product",), icon="plus", needs="create", is_primary=True, in_dialog=True),
        ),
        empty_title=_("No products yet"),
        empty_text=_("Import a price list or add the first product by hand. Orders can also name products that are not here."),
    ),
    ListPage(
        name="orders",
        record_type=ORDER,
        title=_("Orders"),
        url_name="commerce:orders",
        subtitle=("channel",),
        views=(
            _ALL,
            BuiltInView(key="open", label=_("Open"), condition={"field": "status", "op": "any_of", "value": [str(s) for s in OPEN_STATUSES]}),
            BuiltInView(key="to-ship", label=_("To ship"), condition={"all": [
                {"field": "delivery", "op": "any_of", "value": ["open", "part"]},
                {"field": "status", "op": "any_of", "value": ["placed", "paid"]},
            ]}),
            BuiltInView(key="unpaid", label=_("Unpaid"), condition={"all": [
                {"field": "status", "op": "any_of", "value": ["placed", "shipped"]},
                {"field": "paid", "op": "at_most", "value": "0"},
            ]}),
            BuiltInView(key="carts", label=_("Carts"), condition={"field": "status", "op": "is", "value": "cart"}),
        ),
        actions=(
            ListAction(label=_("Import"), url_name="records:import-new", icon="upload", query="into=order", needs="import"),
            ListAction(label=_("New order"), url_name="commerce:order-new", icon="plus", needs="create", is_primary=True),
        ),
        empty_title=_("No orders yet"),
        empty_text=_("Orders come from your shop through touch points with lines, from a file, or from a form here."),
    ),
    ListPage(
        name="subscriptions",
        record_type=SUBSCRIPTION,
        title=_("Subscriptions"),
        url_name="commerce:subscriptions",
        views=(
            _ALL,
            BuiltInView(key="active", label=_("Active"), condition={"field": "status", "op": "is", "value": "active"}),
            BuiltInView(key="paused", label=_("Paused"), condition={"field": "status", "op": "is", "value": "paused"}),
            BuiltInView(key="not-renewed", label=_("Not renewed"), condition={"field": "renewal_problem", "op": "is_not_empty"}),
        ),
        actions=(
            ListAction(label=_("New subscription"), url_name="commerce:subscription-new", icon="plus", needs="create", is_primary=True, in_dialog=True),
        ),
        empty_title=_("No subscriptions yet"),
        empty_text=_("A subscription is a product that a customer has again and again: a service plan, a box every month."),
    ),
)  # fmt: skip
