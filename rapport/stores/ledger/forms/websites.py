"""The form of a connected website."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import Form, Switch


class WebsiteForm(Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As colleagues know it, such as “Web shop”."))
    allowed_origins = forms.CharField(
        label=_("Addresses"),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://shop.example"}),
        help_text=_(
            "One a line. https://*.shop.example stands for all its subdomains. Others cannot write with this key."
        ),
    )
    create_customers = forms.BooleanField(
        label=_("Visitors who make themselves known become customers"),
        widget=Switch,
        required=False,
        initial=True,
        help_text=_("Otherwise only visits of customers you know already are joined."),
    )

    def origins(self) -> list[str]:
        return [
            line.strip()
            for line in self.cleaned_data["allowed_origins"].replace(",", "\n").splitlines()
            if line.strip()
        ]
