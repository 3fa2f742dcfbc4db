"""Orders from files: a row is a line, and rows with the same number are one order.

An order's lines may lie on both sides of where two batches part, so orders are written as their rows come, and their
touch points once all rows are through. An order that is here already is recognised by its number. Undo takes the whole
back; an order somebody worked on since is kept, and stands in the ledger under the undoing act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.foundation.lib import clock
from rapport.foundation.records import policies as record_policies
from rapport.foundation.records.models import Operation
from rapport.foundation.records.rules import codec
from rapport.foundation.records.rules.dates import shown
from rapport.foundation.records.rules.imports import ImportPlan, ImportTarget
from rapport.foundation.records.rules.mapping import Guess, SourceColumn
from rapport.foundation.records.rules.texts import text_of
from rapport.foundation.records.rules.values import parse_id
from rapport.foundation.records.types import Choice, Field, FieldKind
from rapport.foundation.workspace.types import Action, Actor
from rapport.stores.commerce.queries.rates import home_currency
from rapport.stores.commerce.rules.drafts import read_draft
from rapport.stores.commerce.services.importing_run import OrdersRun, customer_key
from rapport.stores.commerce.services.importing_undo import undo_orders
from rapport.stores.commerce.types import ORDER
from rapport.stores.customers.services.importing import CustomersImporter
from rapport.stores.customers.services.importing_owners import CUSTOMER_COLUMNS, NAMESPACE, UNKNOWN, customers_plan

WHO, ORDER_GROUP, LINE_GROUP = lazy("Whose order it is"), lazy("The order"), lazy("The line")


def parse_percent(cell: Any) -> str:
    """21, 21 % or 0.21."""
    text = text_of(cell).strip().removesuffix("%").strip().replace(",", ".")
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise codec.BadValue(
            _("%(value)s is not a rate. Write per cent, such as 21.") % {"value": shown(cell)}
        ) from None
    if not value.is_finite() or not 0 <= value < 100:
        raise codec.BadValue(_("%(value)s is not a rate. Write per cent, such as 21.") % {"value": shown(cell)})
    return format(value * 100 if 0 < value < 1 else value, "f")


class OrdersImporter:
    """Fills records.extension_points.importers."""

    raw_log: Sequence[str] = ()
    new_fields = ""

    def targets(self, actor: Actor) -> Sequence[ImportTarget]:
        def take(name: str, label: Any, kind: FieldKind, group: Any, *aliases: str, **more: Any) -> ImportTarget:
            key = more.pop("key", False)
            return ImportTarget(
                field=Field(name=name, label=label, kind=kind, group=group, key=key, aliases=aliases), **more
            )

        text, money, number = FieldKind.TEXT, FieldKind.MONEY, FieldKind.NUMBER
        return (
            take("number", lazy("Order number"), text, ORDER_GROUP, "name", "order", "order id", "order no", "order number", "invoice", "bestellnummer", "auftragsnummer", key=True, max_length=80),
            take("customer_email", lazy("Customer’s e-mail address"), FieldKind.EMAIL, WHO, "email", "e-mail", "email address", "customer email"),
            take("customer_external_id", lazy("Customer’s id in the other system"), text, WHO, "customer id", "customer number", "customer", "kundennummer", "client id", max_length=254),
            take("customer_phone", lazy("Customer’s phone number"), FieldKind.PHONE, WHO, "phone", "billing phone", "telephone"),
            take("customer_id", lazy("Customer’s id in Rapport"), FieldKind.RELATION, WHO, "rapport id", parse=parse_id),
            take("customer_name", lazy("Customer’s name, for new customers"), text, WHO, "billing name", "customer name", "full name", max_length=240),
            take("placed_at", lazy("Placed"), FieldKind.INSTANT, ORDER_GROUP, "created at", "order date", "date", "placed at", "paid at", "datum", "bestelldatum"),
            take("currency", lazy("Currency"), text, ORDER_GROUP, "currency code", "währung", max_length=3),
            take("channel", lazy("Channel"), text, ORDER_GROUP, "sales channel", max_length=40),
            take("order_discount", lazy("Discount on the order"), money, ORDER_GROUP, "discount amount", "order discount", "rabatt"),
            take("shipping", lazy("Shipping"), money, ORDER_GROUP, "shipping cost", "versand", "postage"),
            take("total", lazy("Total of the order"), money, ORDER_GROUP, "order total", "grand total", "gesamtsumme"),
            take("notes", lazy("Notes"), FieldKind.LONG_TEXT, ORDER_GROUP, "note", "comment"),
            take("ship_name", lazy("Sent to"), text, ORDER_GROUP, "shipping name", max_length=240),
            take("ship_street", lazy("Sent to: street"), text, ORDER_GROUP, "shipping street", "shipping address1", "shipping address", max_length=240),
            take("ship_postal_code", lazy("Sent to: postal code"), text, ORDER_GROUP, "shipping zip", "shipping postal code", max_length=20),
            take("ship_city", lazy("Sent to: city"), text, ORDER_GROUP, "shipping city", max_length=120),
            take("ship_country", lazy("Sent to: country"), text, ORDER_GROUP, "shipping country", max_length=80),
            take("sku", lazy("SKU"), text, LINE_GROUP, "lineitem sku", "item sku", "product sku", "article number", "artikelnummer", max_length=80),
            take("product_name", lazy("Product"), text, LINE_GROUP, "lineitem name", "item", "product name", "title", "artikel", "description", max_length=240),
            take("category", lazy("Category"), text, LINE_GROUP, "product category", "product type", max_length=240),
            take("quantity", lazy("Quantity"), number, LINE_GROUP, "lineitem quantity", "qty", "menge", "units"),
            take("unit_price", lazy("Price of one"), money, LINE_GROUP, "lineitem price", "price", "unit price", "einzelpreis"),
            take("line_discount", lazy("Discount on the line"), money, LINE_GROUP, "lineitem discount", "line discount"),
            take("tax_percent", lazy("Tax in %"), text, LINE_GROUP, "vat rate", "tax rate", "vat", "mwst", parse=parse_percent),
            take("unit_cost", lazy("Cost of one"), money, LINE_GROUP, "cost", "unit cost", "cost per item", "einkaufspreis"),
        )  # fmt: skip

    def key_fields(self) -> Sequence[Field]:
        return [Field(name="number", label=lazy("Order number"), kind=FieldKind.TEXT, key=True)]

    def questions(self, actor: Actor) -> Sequence[Field]:
        return (
            Field(name="currency", label=lazy("Currency"), kind=FieldKind.TEXT, required=True, help=lazy("For orders that do not say it themselves")),
            Field(name="channel", label=lazy("Channel"), kind=FieldKind.TEXT, required=True, help=lazy("For orders that do not say it themselves, such as shop")),
            Field(name="prices_include_tax", label=lazy("Prices include tax"), kind=FieldKind.BOOLEAN),
            Field(name="existing", label=lazy("Orders that are here already"), kind=FieldKind.CHOICE, required=True,
                  choices=(Choice("update", lazy("get the lines of the file")), Choice("leave", lazy("stay as they are")))),
            UNKNOWN,
            NAMESPACE,
        )  # fmt: skip

    def answers(self, guess: Guess, columns: Sequence[SourceColumn]) -> Mapping[str, Any]:
        return {
            "currency": home_currency(),
            "channel": "shop",
            "prices_include_tax": True,
            "existing": "update",
            "unknown": "create",
            "namespace": guess.system_name,
        }

    def settle(self, guess: Guess) -> Guess:
        return guess

    def problems(self, plan: ImportPlan) -> Mapping[str, str]:
        found: dict[str, str] = {}
        if "number" not in plan.targets:
            found["columns"] = _("Choose the column with the order number: rows that share it are one order.")
        elif not plan.targets & set(CUSTOMER_COLUMNS):
            found["columns"] = _("Choose a column that says whose order it is.")
        elif "placed_at" not in plan.targets:
            found["columns"] = _("Choose the column that says when the order was placed.")
        elif not plan.targets & {"sku", "product_name"}:
            found["columns"] = _("Choose a column for the product: its SKU or its name.")
        if plan.key_field and plan.key_field != "number":
            found["key_field"] = _("Orders are recognised by their number.")
        _draft, problems = read_draft(
            {"currency": plan.option("currency"), "lines": [{"name": "x"}], "channel": plan.option("channel")},
            now=clock.now(),
        )
        found |= {name: reason for name, reason in problems.items() if name in ("currency", "channel")}
        if "customer_external_id" in plan.targets:
            found |= CustomersImporter().problems(customers_plan(plan, customer_key(plan)))
        return found

    def begin(self, plan: ImportPlan, *, actor: Actor, operation_id: UUID | None) -> OrdersRun:
        record_policies.require(actor, Action.IMPORT, ORDER)
        return OrdersRun(plan, actor, operation_id)

    def undo(self, *, actor: Actor, operation: Operation, reverse: Operation) -> Mapping[str, int]:
        counts = undo_orders(actor=actor, operation=operation, reverse=reverse)
        people = CustomersImporter().undo(actor=actor, operation=operation, reverse=reverse)
        return {name: counts.get(name, 0) + people.get(name, 0) for name in {**counts, **people}}
