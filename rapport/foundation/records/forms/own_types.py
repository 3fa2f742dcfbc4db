"""The form of a record type of the workspace's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rapport.foundation.records.rules.own_types import DEFAULT_ICON, ICONS
from rapport.foundation.ui import forms as ui

LINKS = (
    ("may", gettext_lazy("Each can belong to a customer")),
    ("must", gettext_lazy("Each must belong to a customer")),
    ("none", gettext_lazy("They have nothing to do with customers")),
)


class OwnTypeForm(ui.Form):
    label = forms.CharField(
        label=gettext_lazy("One is called"), max_length=60, help_text=gettext_lazy("Such as Boat or Contract")
    )
    plural = forms.CharField(
        label=gettext_lazy("Several are called"), max_length=60, help_text=gettext_lazy("Such as Boats or Contracts")
    )
    title_label = forms.CharField(
        label=gettext_lazy("What each is known by"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("The field that stands first, such as Name of the boat or Contract number"),
    )
    link = forms.ChoiceField(label=gettext_lazy("Customers"), choices=LINKS)
    icon = forms.ChoiceField(label=gettext_lazy("Icon"), choices=[(icon, icon) for icon in ICONS], initial=DEFAULT_ICON)
    name = forms.CharField(
        label=gettext_lazy("Name for programs"),
        required=False,
        max_length=40,
        help_text=gettext_lazy(
            "Begins with x_; for the API and conditions, and it can’t be changed later. Empty: made from the name"
        ),
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["name"]

    def refuse(self, problems: Mapping[str, str]) -> None:
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)

    @property
    def icons(self) -> list[tuple[str, bool]]:
        """Every icon, and whether it is the chosen one."""
        chosen = self["icon"].value()
        return [(icon, icon == chosen) for icon in ICONS]
