"""Small forms of what hangs on a customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.accounts.forms.choices import countries
from rapport.foundation.records.forms.records import Option, PickerInput
from rapport.foundation.ui import forms as ui
from rapport.stores.customers.queries.relationships import type_choices
from rapport.stores.customers.types import AddressPurpose, IdentityKind

OWN_KINDS = [(kind.value, kind.label) for kind in (IdentityKind.EMAIL, IdentityKind.PHONE, IdentityKind.EXTERNAL)]


class _Form(ui.Form):
    def refuse(self, problems: dict[str, str]) -> None:
        """Put what a service found beside the fields."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)


class AddressForm(_Form):
    purpose = forms.ChoiceField(label=gettext_lazy("For"), choices=AddressPurpose.choices)
    street = forms.CharField(label=gettext_lazy("Street and number"), required=False, max_length=240)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), required=False, max_length=20)
    city = forms.CharField(label=gettext_lazy("City"), required=False, max_length=120)
    region = forms.CharField(label=gettext_lazy("Region"), required=False, max_length=120)
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False, widget=ui.LongSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "country", [("", "–"), *countries()])


class IdentityForm(_Form):
    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=OWN_KINDS)
    value = forms.CharField(label=gettext_lazy("Address, number or id"), max_length=254)
    namespace = forms.CharField(
        label=gettext_lazy("System the id is from"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Only for an external id, such as shopify"),
    )


class RelationshipForm(_Form):
    type = forms.ChoiceField(label=gettext_lazy("How they are related"))
    to = forms.UUIDField(
        label=gettext_lazy("To whom"), error_messages={"required": gettext_lazy("Find and choose a customer.")}
    )
    role = forms.CharField(label=gettext_lazy("In which role"), required=False, max_length=120)
    since = forms.DateField(label=gettext_lazy("Since"), required=False, widget=ui.DateInput)
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=ui.DateInput)

    def __init__(self, *args: Any, found: Sequence[Option] = (), chosen: Option | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "type", [(each.name, each.label) for each in type_choices()])
        self.fields["to"].widget = PickerInput("customer", chosen, found)

    def direction(self) -> tuple[str, bool]:
        """The type's name, and whether the other end is its subject."""
        name: str = self.cleaned_data["type"]
        return name.removesuffix("__inverse"), name.endswith("__inverse")


class RelationshipDetailsForm(_Form):
    role = forms.CharField(label=gettext_lazy("In which role"), required=False, max_length=120)
    since = forms.DateField(label=gettext_lazy("Since"), required=False, widget=ui.DateInput)
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=ui.DateInput)


class RelationshipTypeForm(_Form):
    label = forms.CharField(
        label=gettext_lazy("Read from the one"), max_length=80, help_text=gettext_lazy("Such as “works at”")
    )
    inverse_label = forms.CharField(
        label=gettext_lazy("Read from the other"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Such as “employs”"),
    )
    is_symmetric = forms.BooleanField(label=gettext_lazy("Reads alike from both ends"), required=False)


class FileForm(_Form):
    file = forms.FileField(label=gettext_lazy("File"), max_length=1000)


class MergeForm(_Form):
    """Which customer the other one is."""

    other = forms.UUIDField(label=gettext_lazy("The other record"), required=False)

    def __init__(self, *args: Any, found: Sequence[Option] = (), chosen: Option | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"].widget = PickerInput("customer", chosen, found)
        self.fields["other"].help_text = _("Find it by name, e-mail address or phone number")
