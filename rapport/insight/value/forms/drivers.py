"""What a study of drivers asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import Form, offer
from rapport.insight.value.rules.survey import DRIVER_LABELS


class StudyForm(Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Such as: Survey of spring 2026."))
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or XLSX, up to 20 MB; one row for each respondent and brand."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    brand = forms.CharField(label=_("Our brand"), max_length=80, help_text=_("As it is written in the file."))
    population = forms.IntegerField(
        label=_("Customers in the market"),
        min_value=1,
        max_value=2_000_000_000,
        help_text=_("Whom the respondents stand for, customers of all brands together."),
    )
    margin = forms.DecimalField(
        label=_("Margin of a purchase, in per cent"), min_value=Decimal("0.1"), max_value=100, decimal_places=2
    )
    discount = forms.DecimalField(
        label=_("Discount rate a year, in per cent"), min_value=Decimal("0.1"), max_value=100, decimal_places=2
    )
    years = forms.IntegerField(
        label=_("Years ahead"), required=False, min_value=1, max_value=50, help_text=_("Empty: without end.")
    )


class ImprovementForm(Form):
    target = forms.ChoiceField(label=_("Better"))
    points = forms.DecimalField(
        label=_("By points"),
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(100))],
        help_text=_("On the scale of the survey, for everyone; nobody rates above the best mark."),
    )
    cost = forms.DecimalField(
        label=_("Cost today"),
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(10) ** 12)],
    )

    def __init__(self, *args: Any, attributes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drivers = {driver for driver, _name in attributes}
        whole = [(key.value, label) for key, label in DRIVER_LABELS.items() if key.value in drivers]
        single = [(f"{driver}: {name}", name) for driver, name in attributes]
        offer(self, "target", [(_("All of a driver"), whole), (_("One rating"), single)])
