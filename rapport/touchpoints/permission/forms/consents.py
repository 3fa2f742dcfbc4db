"""Writing down by hand what a customer allowed or forbade."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.lib import clock
from rapport.foundation.ui import forms as ui
from rapport.touchpoints.permission.extension_points import channels
from rapport.touchpoints.permission.queries.settings import all_purposes, latest_wordings
from rapport.touchpoints.permission.types import Basis, PurposeKind, Source, Status

STATUSES = [
    (Status.GRANTED, Status.GRANTED.label),
    (Status.REFUSED, Status.REFUSED.label),
    (Status.WITHDRAWN, Status.WITHDRAWN.label),
]
SOURCES = [
    (one, one.label) for one in (Source.CALL, Source.VISIT, Source.FORM, Source.REPLY, Source.CONTRACT, Source.HAND)
]


class Form(ui.Form):
    def refuse(self, problems: dict[str, str]) -> None:
        """Put what a service found beside the fields."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)


class ConsentForm(Form):
    status = forms.ChoiceField(label=gettext_lazy("What they said"), choices=STATUSES)
    purpose = forms.ChoiceField(label=gettext_lazy("What for"), required=False)
    channel = forms.ChoiceField(label=gettext_lazy("By which channel"), required=False)
    contact_point = forms.CharField(
        label=gettext_lazy("Address or number"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("Empty: the customer’s first one. A refusal without one is for all of them."),
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("Lawful basis"), choices=[("", "–"), *Basis.choices], required=False, initial=Basis.CONSENT
    )
    source = forms.ChoiceField(label=gettext_lazy("Where they said it"), choices=SOURCES, initial=Source.CALL)
    said_at = forms.DateTimeField(
        label=gettext_lazy("When"),
        required=False,
        widget=ui.InstantInput,
        help_text=gettext_lazy("Now when left empty."),
    )
    wording = forms.ChoiceField(label=gettext_lazy("What they were asked"), required=False)
    expires_on = forms.DateField(label=gettext_lazy("Holds until"), required=False, widget=ui.DateInput)
    proof = forms.CharField(
        label=gettext_lazy("Proof"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Number of the form, where the paper or the recording is."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purposes = [(purpose.name, purpose.label) for purpose in all_purposes()]
        fields: Any = self.fields
        fields["purpose"].choices = [*purposes, ("", _("Everything but service"))]
        fields["channel"].choices = [*((one.name, one.label) for one in channels.values()), ("", _("Every channel"))]
        fields["wording"].choices = [
            ("", _("In other words")),
            *((str(row.pk), f"{row.text[:70]} ({row.language}, {row.version})") for row in latest_wordings()),
        ]

    def clean_said_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["said_at"]
        if at is not None and at > clock.now() + timedelta(minutes=5):
            raise forms.ValidationError(_("This lies in the future. Write down what has happened."))
        return at

    def values(self) -> dict[str, Any]:
        """As services.consents.answer takes it."""
        given = self.cleaned_data
        is_grant = given["status"] == Status.GRANTED
        until = given["expires_on"]
        return {
            "status": given["status"],
            "purpose": given["purpose"],
            "channel": given["channel"],
            "contact_point": given["contact_point"] or None,
            "basis": given["basis"] if is_grant else "",
            "source": given["source"],
            "at": given["said_at"],
            "wording": given["wording"] or None,
            "proof": given["proof"],
            "note": given["note"],
            "expires_at": datetime.combine(
                until + timedelta(days=1), time(), tzinfo=timezone.get_current_timezone()
            ).astimezone(UTC)
            if until and is_grant
            else None,
        }


class AskForm(Form):
    purposes = forms.MultipleChoiceField(label=gettext_lazy("What for"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["purposes"].choices = [
            (one.name, one.label) for one in all_purposes() if one.kind in (PurposeKind.MARKETING, PurposeKind.RESEARCH)
        ]
