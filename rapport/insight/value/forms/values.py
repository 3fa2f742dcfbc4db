"""How value is worked out, as people enter it: shares in per cent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import Form
from rapport.insight.value.types import BUSINESS_LABELS, PERIOD_LABELS

_PERCENT = Decimal(100)


class SettingsForm(Form):
    business = forms.ChoiceField(label=_("How do your customers buy?"), choices=list(BUSINESS_LABELS.items()))
    period = forms.ChoiceField(
        label=_("Occasions or renewals every"),
        choices=list(PERIOD_LABELS.items()),
        help_text=_("Only for occasions and contracts."),
    )
    margin_percent = forms.DecimalField(
        label=_("Margin of an order without costs, in per cent"),
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        help_text=_("Where an order says what its goods cost, that is used instead."),
    )
    discount_percent = forms.DecimalField(
        label=_("Discount rate a year, in per cent"),
        min_value=0,
        max_value=100,
        decimal_places=2,
        help_text=_("What money a year from now is worth less than money today."),
    )
    horizon_months = forms.IntegerField(
        label=_("Months ahead"), min_value=1, max_value=120, help_text=_("Value is counted this far.")
    )
    platinum_percent = forms.IntegerField(
        label=_("Platinum: the best, in per cent of customers"), min_value=1, max_value=98
    )
    gold_percent = forms.IntegerField(label=_("Gold: down to the best"), min_value=2, max_value=99)
    silver_percent = forms.IntegerField(
        label=_("Silver: down to the best"), min_value=3, max_value=100, help_text=_("Everyone else is bronze.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        ends = [cleaned.get(f"{tier}_percent") or 0 for tier in ("platinum", "gold", "silver")]
        if all(ends) and not ends[0] < ends[1] < ends[2]:
            self.add_error("gold_percent", _("Tiers end further down the further down they are."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """As they are stored."""
        cleaned = dict(self.cleaned_data)
        cleaned["margin_rate"] = cleaned.pop("margin_percent") / _PERCENT
        cleaned["discount_rate"] = cleaned.pop("discount_percent") / _PERCENT
        return cleaned


def initial_of(row: Any) -> Mapping[str, Any]:
    names = ("business", "period", "horizon_months", "platinum_percent", "gold_percent", "silver_percent")
    shown = {name: getattr(row, name) for name in names}
    return shown | {
        "margin_percent": _plain(row.margin_rate),
        "discount_percent": _plain(row.discount_rate),
    }


def _plain(share: Decimal) -> str:
    """Per cent without zeros at its end, and without an exponent."""
    return f"{(share * _PERCENT).normalize():f}"
