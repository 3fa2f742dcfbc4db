"""The form of a new token."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import offer
from rapport.foundation.workspace.queries.tokens import Scope

LASTING = {"30": _("30 days"), "90": _("90 days"), "365": _("One year"), "always": _("Until it is revoked")}
RATES = {60: _("60 a minute"), 600: _("600 a minute"), 6_000: _("6,000 a minute"), 60_000: _("60,000 a minute")}


class TokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What it is for, such as “Web shop”."))
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A token never does more than your own role allows at the time."),
    )
    lasts = forms.ChoiceField(label=_("Lasts"), choices=list(LASTING.items()), initial="365")
    rate_per_minute = forms.TypedChoiceField(
        label=_("Requests"),
        coerce=int,
        initial=600,
        help_text=_("More than that are turned away until the next minute."),
    )

    def __init__(self, *args: Any, scopes: list[Scope], highest_rate: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "scopes", [(scope.name, scope.label) for scope in scopes])
        rates = [(rate, label) for rate, label in RATES.items() if rate <= highest_rate]
        offer(self, "rate_per_minute", rates)

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["lasts"]
        return None if days == "always" else now + timedelta(days=int(days))
