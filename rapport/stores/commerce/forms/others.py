"""Forms of subscriptions, rates, costs and price lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.accounts.forms.choices import currencies
from rapport.foundation.records.forms.records import Option, PickerInput
from rapport.foundation.ui import forms as ui
from rapport.stores.commerce.forms.orders import Form, number_input
from rapport.stores.commerce.types import Interval


class _WithCurrency(Form):
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), widget=ui.LongSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "currency", currencies())


class SubscriptionForm(_WithCurrency):
    customer = forms.UUIDField(
        label=gettext_lazy("Customer"), error_messages={"required": gettext_lazy("Find and choose a customer.")}
    )
    product_id = forms.UUIDField(label=gettext_lazy("Product"), required=False)
    name = forms.CharField(
        label=gettext_lazy("What is subscribed to"),
        required=False,
        max_length=240,
        help_text=gettext_lazy("Empty: the product’s name"),
    )
    interval = forms.ChoiceField(label=gettext_lazy("Interval"), choices=Interval.choices)
    quantity = forms.DecimalField(label=gettext_lazy("Quantity"), initial=1, widget=number_input())
    amount = forms.DecimalField(
        label=gettext_lazy("Amount for each interval"),
        required=False,
        widget=number_input(),
        help_text=gettext_lazy("Empty: the product’s price"),
    )
    price_list_id = forms.TypedChoiceField(
        label=gettext_lazy("Price list"),
        required=False,
        coerce=UUID,
        empty_value=None,
        help_text=gettext_lazy("Instead of an amount: each renewal costs what the list says on its day."),
    )
    started_on = forms.DateField(
        label=gettext_lazy("Starts"), required=False, widget=ui.DateInput, help_text=gettext_lazy("Empty: today")
    )
    renews_itself = forms.BooleanField(
        label=gettext_lazy("Renews by itself"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Otherwise another system or you say when it was renewed."),
    )
    field_order = (
        "customer", "product_id", "name", "interval", "quantity", "amount", "price_list_id", "currency", "started_on",
        "renews_itself",
    )  # fmt: skip

    def __init__(
        self, *args: Any, customer: Option | None = None, product: Option | None = None,
        found: dict[str, Sequence[Option]] | None = None, price_lists: Iterable[tuple[str, str]] = (), **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["price_list_id"]
        choices.choices = [("", _("None")), *price_lists]
        found = found or {}
        self.fields["customer"].widget = PickerInput("customer", customer, found.get("customer", ()))
        self.fields["product_id"].widget = PickerInput("product", product, found.get("product_id", ()))


class RenewForm(Form):
    renewed_on = forms.DateField(
        label=gettext_lazy("Renewed"), required=False, widget=ui.DateInput, help_text=gettext_lazy("Empty: today")
    )


class EndForm(Form):
    with_period = forms.BooleanField(
        label=gettext_lazy("With the period that is paid for"),
        required=False,
        help_text=gettext_lazy("Otherwise it ends on the day below."),
    )
    ended_on = forms.DateField(
        label=gettext_lazy("Ended"), required=False, widget=ui.DateInput, help_text=gettext_lazy("Empty: today")
    )
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=240)


class RateForm(_WithCurrency):
    rate = forms.DecimalField(
        label=gettext_lazy("One of it is worth"), max_digits=20, decimal_places=10, widget=number_input()
    )
    valid_from = forms.DateField(label=gettext_lazy("From"), widget=ui.DateInput)
    field_order = ("currency", "rate", "valid_from")


class CostForm(Form):
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    amount = forms.DecimalField(label=gettext_lazy("Cost of one"), min_value=Decimal(0), widget=number_input())

    def __init__(
        self, *args: Any, channels: Iterable[tuple[str, Any]] = (), kinds: Iterable[tuple[str, Any]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        choices["channel"].choices = [("", _("Any channel")), *channels]
        choices["kind"].choices = [("", _("Any kind")), *kinds]


class PriceListForm(_WithCurrency):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    valid_from = forms.DateField(label=gettext_lazy("First day"), required=False, widget=ui.DateInput)
    valid_until = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=ui.DateInput)
    is_standard = forms.BooleanField(
        label=gettext_lazy("Holds for everybody"), required=False, initial=True,
        help_text=gettext_lazy("Otherwise an order says that it takes its prices from here."),
    )  # fmt: skip
    field_order = ("name", "currency", "valid_from", "valid_until", "is_standard")


class PriceForm(Form):
    product = forms.UUIDField(
        label=gettext_lazy("Product"), error_messages={"required": gettext_lazy("Find and choose a product.")}
    )
    from_quantity = forms.DecimalField(label=gettext_lazy("From a quantity of"), initial=1, widget=number_input())
    amount = forms.DecimalField(label=gettext_lazy("Price of one"), widget=number_input())

    def __init__(self, *args: Any, found: Sequence[Option] = (), chosen: Option | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].widget = PickerInput("product", chosen, found)
