"""Forms of orders: what is in one, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.accounts.forms.choices import countries, currencies
from rapport.foundation.records.forms.records import Option, PickerInput
from rapport.foundation.ui import formats
from rapport.foundation.ui import forms as ui
from rapport.stores.commerce.queries.order_pages import OrderPage
from rapport.stores.commerce.types import Act

_LINE = (
    "product_id",
    "sku",
    "name",
    "category",
    "needs_shipping",
    "quantity",
    "unit_price",
    "discount",
    "tax_percent",
    "unit_cost",
)
_PLACE = ("name", "street", "postal_code", "city", "country")
MOST_LINES = 500


class Form(ui.Form):
    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put what a service found beside the fields."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)


def number_input(**attrs: str) -> forms.NumberInput:
    return forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal", **attrs})


class BasketForm(Form):
    """An order without its lines, which are rows of their own."""

    customer = forms.UUIDField(
        label=gettext_lazy("Customer"), error_messages={"required": gettext_lazy("Find and choose a customer.")}
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), widget=ui.LongSelect)
    price_list_id = forms.ChoiceField(label=gettext_lazy("Price list"), required=False)
    prices_include_tax = forms.BooleanField(label=gettext_lazy("Prices include tax"), required=False)
    discount = forms.DecimalField(
        label=gettext_lazy("Discount on the order"), required=False, min_value=Decimal(0), widget=number_input()
    )
    shipping = forms.DecimalField(
        label=gettext_lazy("Shipping"), required=False, min_value=Decimal(0), widget=number_input()
    )
    number = forms.CharField(
        label=gettext_lazy("Number"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Empty: the next one of the series"),
    )
    placed_at = forms.DateTimeField(
        label=gettext_lazy("Placed"), required=False, widget=ui.InstantInput, help_text=gettext_lazy("Empty: now")
    )
    channel = forms.CharField(label=gettext_lazy("Channel"), required=False, max_length=40, initial="shop")
    place_name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=240)
    place_street = forms.CharField(label=gettext_lazy("Street and number"), required=False, max_length=240)
    place_postal_code = forms.CharField(label=gettext_lazy("Postal code"), required=False, max_length=20)
    place_city = forms.CharField(label=gettext_lazy("City"), required=False, max_length=120)
    place_country = forms.ChoiceField(label=gettext_lazy("Country"), required=False, widget=ui.LongSelect)
    notes = forms.CharField(
        label=gettext_lazy("Notes"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )

    HEAD = ("customer", "currency", "price_list_id", "prices_include_tax")
    SUMS = ("discount", "shipping")
    MORE = ("number", "placed_at", "channel", "notes")
    PLACE = tuple(f"place_{name}" for name in _PLACE)

    def __init__(
        self,
        *args: Any,
        lists: Sequence[tuple[str, str]] = (),
        found: Sequence[Option] = (),
        chosen: Option | None = None,
        fixed_customer: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        choices["currency"].choices = currencies()
        choices["place_country"].choices = [("", "–"), *countries()]
        if lists:
            choices["price_list_id"].choices = [("", _("Standard prices")), *lists]
        else:
            del self.fields["price_list_id"]
        self.fields["customer"].widget = (
            forms.HiddenInput() if fixed_customer else PickerInput("customer", chosen, found)
        )
        if fixed_customer:
            del self.fields["number"]

    def bound(self, names: Sequence[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields and not self[name].is_hidden]

    @property
    def head(self) -> list[forms.BoundField]:
        return self.bound(self.HEAD)

    @property
    def sums(self) -> list[forms.BoundField]:
        return self.bound(self.SUMS)

    @property
    def more(self) -> list[forms.BoundField]:
        return self.bound(self.MORE)

    @property
    def place(self) -> list[forms.BoundField]:
        return self.bound(self.PLACE)

    def said(self) -> dict[str, Any]:
        """As rules.drafts takes it, without the lines."""
        data = self.cleaned_data
        raw = {
            name: data[name]
            for name in ("currency", "discount", "shipping", "number", "placed_at", "channel", "notes")
            if data.get(name)
        }
        raw["prices_include_tax"] = bool(data.get("prices_include_tax"))
        raw["price_list_id"] = data.get("price_list_id") or None
        raw["ship_to"] = {name: data[f"place_{name}"] for name in _PLACE if data.get(f"place_{name}")}
        return raw


def basket_initial(said: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What the form of a cart begins with."""
    place = {f"place_{name}": value for name, value in (said.get("ship_to") or {}).items()}
    return {**said, **place, **more}


@dataclass
class BasketLine:
    """A line in the form: what was typed, and what is wrong with it."""

    values: Mapping[str, str]
    problems: list[str] = field(default_factory=list)
    price: Decimal | None = None  # that holds when none is typed
    amount: Decimal | None = None


def typed_lines(data: QueryDict) -> list[BasketLine]:
    """The rows of the form, in order."""
    return [
        BasketLine({name: data.get(f"line-{key}-{name}", "").strip() for name in _LINE})
        for key in data.getlist("line")[:MOST_LINES]
    ]


def lines_of(said: Mapping[str, Any]) -> list[BasketLine]:
    """The rows of a saved cart."""
    found = []
    for line in said["lines"]:
        values = {name: "" if line.get(name) is None else str(line[name]) for name in _LINE}
        values["tax_percent"] = format((Decimal(line["tax_rate"]) * 100).normalize(), "f")
        values["needs_shipping"] = "1" if line["needs_shipping"] else "0"
        for name in ("unit_price", "discount", "unit_cost"):
            if values[name]:
                values[name] = format(Decimal(values[name]).normalize(), "f")
        if values["discount"] == "0":
            values["discount"] = ""
        found.append(BasketLine(values))
    return found


def said_line(line: BasketLine) -> dict[str, Any]:
    """As rules.drafts takes it."""
    return {name: value for name, value in line.values.items() if value != ""}


def spread_problems(problems: Mapping[str, str], lines: Sequence[BasketLine]) -> dict[str, str]:
    """Put what is wrong with lines beside them; returns the rest."""
    rest = {}
    for name, reason in problems.items():
        kind, _dot, place = name.partition(".")
        n = place.partition(".")[0]
        if kind == "lines" and n.isdigit() and int(n) < len(lines):
            lines[int(n)].problems.append(reason)
        else:
            rest[name] = reason
    return rest


class ProductForm(Form):
    """What is put into the basket next."""

    product = forms.UUIDField(label=gettext_lazy("Add a product"), required=False)

    def __init__(self, *args: Any, found: Sequence[Option] = (), chosen: Option | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].widget = PickerInput("product", chosen, found)


# Acts


class _ActForm(Form):
    at = forms.DateTimeField(
        label=gettext_lazy("When"), required=False, widget=ui.InstantInput, help_text=gettext_lazy("Empty: now")
    )


class PayForm(_ActForm):
    amount = forms.DecimalField(label=gettext_lazy("Amount"), widget=number_input())
    method = forms.CharField(
        label=gettext_lazy("How"), required=False, max_length=80, help_text=gettext_lazy("Such as card or transfer")
    )
    reference = forms.CharField(label=gettext_lazy("Reference"), required=False, max_length=120)
    field_order = ("amount", "method", "reference", "at")


class RefundForm(_ActForm):
    amount = forms.DecimalField(label=gettext_lazy("Amount"), widget=number_input())
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=240)
    field_order = ("amount", "reason", "at")


class _ItemsForm(_ActForm):
    """A quantity for each line; those without any left are not asked."""

    def __init__(self, *args: Any, lines: Sequence[tuple[str, str, Decimal]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = {f"items.{key}": key for key, _name, most in lines if most}
        for key, name, most in lines:
            if most:
                plain = format(most.normalize(), "f")
                self.fields[f"items.{key}"] = forms.DecimalField(
                    label=name, required=False, initial=plain, min_value=Decimal(0), widget=number_input(max=plain)
                )
        self.order_fields([*self.items, *(name for name in self.fields if name not in self.items)])

    def quantities(self) -> dict[str, Decimal]:
        return {key: self.cleaned_data[name] for name, key in self.items.items() if self.cleaned_data.get(name)}


class ShipForm(_ItemsForm):
    carrier = forms.CharField(label=gettext_lazy("Carrier"), required=False, max_length=120)
    tracking = forms.CharField(label=gettext_lazy("Tracking number"), required=False, max_length=120)
    promised_on = forms.DateField(label=gettext_lazy("Promised for"), required=False, widget=ui.DateInput)


class ReturnForm(_ItemsForm):
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=240)


class DeliverForm(_ActForm):
    shipment = forms.ChoiceField(label=gettext_lazy("Shipment"))
    field_order = ("shipment", "at")

    def __init__(self, *args: Any, shipments: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "shipment", list(shipments))


class CancelForm(Form):
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=240)


class PlaceForm(Form):
    """Nothing is asked."""


def act_form(act: Act, page: OrderPage, data: Any = None) -> Form:
    """The form of an act on an order as it stands now."""
    if act is Act.PAY:
        return PayForm(data, initial={"amount": _plain(page.facts.due)})
    if act is Act.REFUND:
        return RefundForm(data, initial={"amount": _plain(page.facts.refundable)})
    if act is Act.SHIP:
        return ShipForm(data, lines=[(str(row.line.pk), row.line.name, row.left_to_ship) for row in page.rows])
    if act is Act.RETURN:
        return ReturnForm(data, lines=[(str(row.line.pk), row.line.name, row.may_come_back) for row in page.rows])
    if act is Act.DELIVER:
        under_way = [move.part for move in page.moves if move.is_under_way]
        return DeliverForm(data, shipments=[(str(part.pk), _shipment(part)) for part in under_way])
    return CancelForm(data) if act is Act.CANCEL else PlaceForm(data)


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _shipment(part: Any) -> str:
    return " ".join(word for word in (formats.moment(part.at), part.carrier, part.tracking) if word)
