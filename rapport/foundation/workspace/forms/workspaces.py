"""Forms about the workspace as a whole."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class EraseForm(forms.Form):
    typed_name = forms.CharField(
        label=_("Name of the workspace"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
