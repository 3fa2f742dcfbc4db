"""Forms of follow-ups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from rapport.foundation.lib import clock
from rapport.foundation.ui import forms as ui
from rapport.stores.customers.forms.parts import _Form
from rapport.stores.customers.queries.followups import owner_choices
from rapport.stores.customers.types import FollowUpOutcome


class FollowUpForm(_Form):
    title = forms.CharField(label=gettext_lazy("What to do"), max_length=200)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)
    owner_id = forms.TypedChoiceField(
        label=gettext_lazy("Who"), required=False, coerce=lambda value: forms.UUIDField().clean(value), empty_value=None
    )
    due_on = forms.DateField(label=gettext_lazy("Due"), widget=ui.DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        initial = {"due_on": timezone.localdate(clock.now()) + timedelta(days=7), **(kwargs.pop("initial", None) or {})}
        super().__init__(*args, initial=initial, **kwargs)
        ui.offer(self, "owner_id", [("", "–"), *owner_choices()])


class ChangeFollowUpForm(FollowUpForm):
    why = None  # type: ignore[assignment]  # what it was opened for stays as it was


class CloseForm(_Form):
    outcome = forms.ChoiceField(label=gettext_lazy("What came of it"), choices=FollowUpOutcome.choices)
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
