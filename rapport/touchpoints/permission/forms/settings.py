"""Forms of what customers are asked, when they are left in peace, and which addresses get nothing."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.forms.consents import Form
from rapport.touchpoints.permission.queries.settings import all_purposes
from rapport.touchpoints.permission.types import Cause, PurposeKind

SPANS = [
    (24, gettext_lazy("a day")),
    (168, gettext_lazy("a week")),
    (720, gettext_lazy("30 days")),
    (2160, gettext_lazy("90 days")),
]


def _channels() -> list[tuple[str, Any]]:
    return [("", _("Every channel")), *((one.name, one.label) for one in channels.values())]


class PurposeForm(Form):
    label = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("Such as: Events near you")
    )
    help = forms.CharField(label=gettext_lazy("What customers get"), max_length=200, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=PurposeKind.choices, initial=PurposeKind.MARKETING)


class WordingForm(Form):
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"))
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    text = forms.CharField(
        label=gettext_lazy("What customers are shown"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["purpose"].choices = [(one.name, one.label) for one in all_purposes()]


class QuietForm(Form):
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    start = forms.TimeField(
        label=gettext_lazy("From"), initial=time(21), widget=forms.TimeInput(attrs={"type": "time"})
    )
    end = forms.TimeField(
        label=gettext_lazy("To"),
        initial=time(8),
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=gettext_lazy("Past midnight where it is earlier; the whole day where both are the same."),
    )
    days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Beginning on"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        initial=list(range(7)),
        widget=forms.CheckboxSelectMultiple,
    )
    covers_service = forms.BooleanField(label=gettext_lazy("Service messages wait too"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["channel"].choices = _channels()

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        minutes = {name: given[name].hour * 60 + given[name].minute for name in ("start", "end")}
        return {
            "channel": given["channel"],
            "days": given["days"],
            "covers_service": given["covers_service"],
            **minutes,
        }


class CapForm(Form):
    most = forms.IntegerField(label=gettext_lazy("At most so many messages"), min_value=1, max_value=1000, initial=2)
    hours = forms.TypedChoiceField(label=gettext_lazy("Within"), coerce=int, choices=SPANS, initial=168)
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), required=False)
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["channel"].choices = _channels()
        fields["purpose"].choices = [
            ("", _("Everything but service")),
            *((one.name, one.label) for one in all_purposes()),
        ]


class StopForm(Form):
    contact_point = forms.CharField(label=gettext_lazy("E-mail address or phone number"), max_length=254)
    cause = forms.ChoiceField(label=gettext_lazy("Why"), choices=Cause.choices, initial=Cause.BY_HAND)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=1000, required=False)
