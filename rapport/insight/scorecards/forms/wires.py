"""The form of one trip-wire."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rapport.foundation.ui import forms as ui
from rapport.foundation.workspace.queries.members import active_members
from rapport.insight.scorecards.rules.wires import BOUNDS, WORDS, WireRule


class WireForm(ui.Form):
    is_on = forms.BooleanField(label=gettext_lazy("Watch this wire"), required=False)
    threshold = forms.DecimalField(max_digits=8, decimal_places=4)
    due_days = forms.IntegerField(label=gettext_lazy("Days until the follow-up is due"), min_value=0, max_value=365)
    most_a_day = forms.IntegerField(
        label=gettext_lazy("At most so many follow-ups a day"),
        min_value=1,
        max_value=1000,
        help_text=gettext_lazy("The most valuable customers first; the others wait for the next day"),
    )
    owner_id = forms.TypedChoiceField(
        label=gettext_lazy("Whose it is where the customer has no owner"),
        required=False,
        coerce=lambda value: forms.UUIDField().clean(value),
        empty_value=None,
    )

    def __init__(self, rule: WireRule, data: Any = None) -> None:
        super().__init__(data, initial=vars(rule))
        low, high = BOUNDS[rule.wire]
        threshold = self.fields["threshold"]
        threshold.label = WORDS[rule.wire].threshold
        threshold.min_value, threshold.max_value = low, high  # type: ignore[attr-defined]  # a DecimalField has them
        threshold.widget.attrs |= {"min": str(low), "max": str(high), "step": "any"}
        choices = [(str(member.id), member.name) for member in active_members()]
        ui.offer(self, "owner_id", [("", gettext_lazy("The owner of the workspace")), *choices])
        self.wire = rule.wire

    def rule(self) -> WireRule:
        return WireRule(wire=self.wire, **self.cleaned_data)

    def refuse(self, problems: dict[str, str]) -> None:
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)
