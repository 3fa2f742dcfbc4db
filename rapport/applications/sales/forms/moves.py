"""The form that moves a deal: what the stage it goes to wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rapport.applications.sales.types import LostReason
from rapport.foundation.ui import forms as ui


class MoveForm(ui.Form):
    """`wants` names the fields to ask for."""

    lost_reason = forms.ChoiceField(label=gettext_lazy("Why it was lost"), choices=[("", "–"), *LostReason.choices])
    lost_note = forms.CharField(
        label=gettext_lazy("What they said"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    amount = forms.DecimalField(label=gettext_lazy("Amount"), required=False)
    closed_on = forms.DateField(label=gettext_lazy("Closed on"), required=False, widget=ui.DateInput)

    def __init__(self, *args: Any, wants: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(wants):
            del self.fields[name]

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put what the rules say beside the fields."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)

    def values(self) -> dict[str, Any]:
        """In the JSON form of the fields; what was left empty is not said."""
        return {
            name: value.isoformat() if hasattr(value, "isoformat") else str(value)
            for name, value in self.cleaned_data.items()
            if value not in (None, "")
        }
