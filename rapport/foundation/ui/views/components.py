"""The style guide: every component in every state, with made-up content. Only where RAPPORT_DEBUG is on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.ui.forms import DateInput, Form, MoneyField, PhoneInput, Switch, TagsInput
from rapport.foundation.ui.render import render
from rapport.foundation.ui.views.sample_charts import sample_charts
from rapport.foundation.workspace.http import WorkspaceRequest

CONSENTS = {"y": "yes", "s": "service", "a": "ask", "n": "no"}
# name, below it, kind, tier, phase, value, risk, level, consent to email, SMS, phone and letter, days ago, owner
ROWS = (
    ("Grünwerk Logistik", "Hamburg", "organisation", "platinum", "at_risk", 212480, 61, 3, "yasy", 47, "Tomas"),
    ("Velo Post Antwerp", "Antwerp", "organisation", "gold", "at_risk", 74150, 52, 3, "yyny", 12, "Ines"),
    ("Marta Oliveira", "Pedal & Post Couriers", "person", "platinum", "loyal", 148310, 22, 4, "ysyy", 2, "Ines"),
    ("Priya Raman", "Raman Flowers", "person", "gold", "lapsed", 31300, 44, 3, "yyna", 31, "Ines"),
    ("Hannah Brandt", "Köln", "person", "silver", "won_back", 8730, 35, 2, "yyan", 0, "Lea"),
    ("Jonas Weber", "Leipzig", "person", "bronze", "growing", 6120, 12, 1, "yssn", 1, "Noor"),
)
NAMES = ("name", "sub", "kind", "tier", "phase", "value", "risk", "level")
PARTS = ("sheet", "cell", "filter")


class Sample(Form):
    """One of every widget."""

    name = forms.CharField(label=_("Name"), help_text=_("As it stands on letters."))
    email = forms.EmailField(label=_("Email"), required=False)
    phone = forms.CharField(label=_("Phone"), required=False, widget=PhoneInput)
    kind = forms.ChoiceField(label=_("Kind"), choices=[("person", _("Person")), ("organisation", _("Organisation"))])
    born_on = forms.DateField(label=_("Date of birth"), required=False, widget=DateInput)
    value = MoneyField([("EUR", "EUR"), ("USD", "USD")], label=_("Value"), required=False)
    tags = forms.CharField(label=_("Tags"), required=False, widget=TagsInput)
    channels = forms.MultipleChoiceField(
        label=_("May be reached by"),
        required=False,
        choices=[("email", _("Email")), ("phone", _("Phone"))],
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    active = forms.BooleanField(label=_("Active"), required=False, widget=Switch)


def components(request: WorkspaceRequest) -> HttpResponse:
    now = clock.now()
    part = request.GET.get("part")
    refused = Sample({"name": "", "email": "marta@pedalpost", "kind": "person"}, auto_id="refused_%s")
    refused.fields = {name: refused.fields[name] for name in ("name", "email", "channels")}
    context = {
        "rows": [_row(index, row, now) for index, row in enumerate(ROWS, 1)],
        "form": Sample(),
        "sheet_form": Sample(auto_id="sheet_%s"),
        "refused": refused,
        "facts": [
            (_("Email"), "marta@pedal.example"),
            (_("Phone"), "+31 10 555 0142"),
            (_("Address"), "Maashaven 12, 3081 Rotterdam"),
            (_("Fax"), ""),
        ],
        "now": now,
        "charts": sample_charts(),
        "hostile": "<script>alert(1)</script>",
    }
    return render(request, "ui/components.html", context, partial=part if part in PARTS else None)


def _row(index: int, row: tuple[Any, ...], now: datetime) -> dict[str, Any]:
    *facts, states, days, owner = row
    return {
        **dict(zip(NAMES, facts, strict=True)),
        "id": index,
        "consents": {
            channel: CONSENTS[state] for channel, state in zip(("email", "sms", "phone", "letter"), states, strict=True)
        },
        "touched_at": now - timedelta(days=days, minutes=20),
        "owner": owner,
    }
