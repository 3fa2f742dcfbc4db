"""Forms of the life cycle: a phase set by hand, the rules, what sources cost."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.foundation.lib import clock
from rapport.foundation.ui import forms as ui
from rapport.stores.customers.forms.parts import _Form
from rapport.stores.customers.queries.phases import Settings, source_fields
from rapport.stores.customers.rules.phases import PhaseRules
from rapport.stores.customers.types import CostBasis, Phase

_KIND = re.compile(r"[a-z][a-z0-9_]{1,59}")


class PhaseForm(_Form):
    phase = forms.ChoiceField(label=gettext_lazy("Phase"), choices=Phase.choices)
    since = forms.DateField(
        label=gettext_lazy("Since"),
        required=False,
        widget=ui.DateInput,
        help_text=gettext_lazy(
            "Today when left empty. It holds until something newer is known than what is known today."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("Such as: moved abroad, told us on the phone")
    )

    def clean_since(self) -> date | None:
        day: date | None = self.cleaned_data["since"]
        if day is not None and day > timezone.localdate(clock.now()):
            raise forms.ValidationError(_("This day is still to come."))
        return day

    def since_at(self) -> datetime | None:
        """The start of the day where the reader is; None for today, which means now."""
        day = self.cleaned_data["since"]
        if day is None or day == timezone.localdate(clock.now()):
            return None
        return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)


class Kinds(forms.CharField):
    """Kinds of touch points, separated by commas."""

    def to_python(self, value: Any) -> Any:
        words = [word.strip().lower().replace(" ", "_") for word in (value or "").split(",")]
        return tuple(dict.fromkeys(word for word in words if word))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, tuple | list) else value

    def validate(self, value: Any) -> None:
        super().validate(value)
        for word in value:
            if not _KIND.fullmatch(word):
                raise forms.ValidationError(
                    _("“%(word)s” is no kind of touch point. Write it like order_placed.") % {"word": word[:60]}
                )
        if len(value) > 20:
            raise forms.ValidationError(_("At most 20 kinds."))


class RulesForm(_Form):
    """All of PhaseRules, and the field that says who recruited somebody."""

    purchase_kinds = Kinds(
        label=gettext_lazy("What counts as a purchase"),
        widget=forms.TextInput,
        help_text=gettext_lazy("Kinds of touch points, with commas between them"),
    )
    least_gaps = forms.IntegerField(
        label=gettext_lazy("Gaps that show a rhythm"),
        min_value=1,
        max_value=50,
        help_text=gettext_lazy("So many gaps between purchases, and a customer’s own rhythm counts"),
    )
    risk_factor = forms.DecimalField(
        label=gettext_lazy("At risk after, times the own median gap"), min_value=1, max_value=50, decimal_places=2
    )
    lapse_factor = forms.DecimalField(
        label=gettext_lazy("Lapsed after, times the own median gap"), min_value=1, max_value=100, decimal_places=2
    )
    least_days = forms.IntegerField(
        label=gettext_lazy("Nobody lapses before so many days"), min_value=1, max_value=3650
    )
    risk_days = forms.IntegerField(
        label=gettext_lazy("Without a rhythm: at risk after so many days"), min_value=1, max_value=3650
    )
    lapse_days = forms.IntegerField(
        label=gettext_lazy("Without a rhythm: lapsed after so many days"), min_value=1, max_value=7300
    )
    growing_days = forms.IntegerField(
        label=gettext_lazy("Growing for so many days after buying something new"), min_value=1, max_value=3650
    )
    ended_kinds = Kinds(
        label=gettext_lazy("What ends it"),
        required=False,
        widget=forms.TextInput,
        help_text=gettext_lazy("Kinds of touch points. A later purchase wins the customer back."),
    )
    source_field = forms.ChoiceField(
        label=gettext_lazy("Field that says who recruited a customer"),
        help_text=gettext_lazy("Where it is empty, the campaign of the first purchase is used"),
    )

    def __init__(self, settings: Settings, data: Any = None) -> None:
        super().__init__(data, initial={**vars(settings.rules), "source_field": settings.source_field})
        ui.offer(self, "source_field", [(name, field.label) for name, field in source_fields().items()])

    def rules(self) -> PhaseRules:
        return PhaseRules(**{name: value for name, value in self.cleaned_data.items() if name != "source_field"})


class CostForm(_Form):
    source = forms.ChoiceField(label=gettext_lazy("Source"))
    amount = forms.DecimalField(label=gettext_lazy("Cost"), min_value=0, max_digits=14, decimal_places=2)
    basis = forms.ChoiceField(label=gettext_lazy("Is"), choices=CostBasis.choices)
    since = forms.DateField(label=gettext_lazy("From"), widget=ui.DateInput)
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=ui.DateInput,
        help_text=gettext_lazy("The last day. A cost for each customer may go on without one."),
    )

    def __init__(self, sources: list[tuple[str, str]], currency: str, data: Any = None) -> None:
        super().__init__(data, initial={"basis": CostBasis.TOTAL})
        ui.offer(self, "source", sources)
        self.fields["amount"].help_text = _("In %(currency)s") % {"currency": currency}
