"""Forms of pipelines and stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rapport.foundation.ui import forms as ui

_CENT = Decimal(100)


class _Form(ui.Form):
    def refuse(self, problems: Mapping[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, reason in problems.items():
            self.add_error(name if name in self.fields else None, reason)


class PipelineForm(_Form):
    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    may_skip = forms.BooleanField(label=gettext_lazy("Stages may be skipped"), required=False, initial=True)
    may_go_back = forms.BooleanField(label=gettext_lazy("Deals may move back"), required=False, initial=True)
    approval_above = forms.DecimalField(
        label=gettext_lazy("Approval above"),
        required=False,
        min_value=0,
        help_text=gettext_lazy(
            "In the workspace’s currency, for stages that need approval. Empty: nobody has to approve"
        ),
    )


class StageForm(_Form):
    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    probability = forms.DecimalField(
        label=gettext_lazy("Odds of winning from here, in %"), min_value=0, max_value=100, initial=50
    )
    days_expected = forms.IntegerField(
        label=gettext_lazy("Days a deal usually stays"), required=False, min_value=0, max_value=3650
    )
    required = forms.MultipleChoiceField(
        label=gettext_lazy("What a deal must have here"), required=False, widget=forms.CheckboxSelectMultiple
    )
    may_begin = forms.BooleanField(label=gettext_lazy("Deals may begin here"), required=False, initial=True)
    needs_approval = forms.BooleanField(label=gettext_lazy("Large deals need approval before this"), required=False)

    def __init__(self, *args: Any, fields: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "required", list(fields))

    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "probability": self.cleaned_data["probability"] / _CENT}


class RetireForm(_Form):
    into = forms.ChoiceField(label=gettext_lazy("Where its deals go"), required=False)

    def __init__(self, *args: Any, goals: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ui.offer(self, "into", [("", "–"), *goals])
