"""The style guide: every component in every state, with made-up content. Only where RAPPORT_DEBUG is on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from rapport.foundation.lib import clock
from rapport.foundation.ui.forms import DateInput, Form, MoneyInput, PhoneInput, Switch, TagsInput
from rapport.foundation.ui.render import render

CONSENTS = ("email", "sms", "phone", "letter")
# name, below it, kind, tier, phase, value, risk, level, consent by channel, channel, when, owner
ROWS = (
    ("Grünwerk Logistik", "Hamburg", "organisation", "platinum", "at_risk", 212480, 61, 3, "yes ask service yes", "letter", 47, "Tomas"),
    ("Velo Post Antwerp", "Antwerp", "organisation", "gold", "at_risk", 74150, 52, 3, "yes yes no yes", "email", 12, "Ines"),
    ("Marta Oliveira", "Pedal & Post Couriers", "person", "platinum", "loyal", 148310, 22, 4, "yes service yes yes", "phone", 2, "Ines"),
    ("Priya Raman", "Raman Flowers", "person", "gold", "lapsed", 31300, 44, 3, "yes yes no ask", "email", 31, "Ines"),
    ("Hannah Brandt", "Köln", "person", "silver", "won_back", 8730, 35, 2, "yes yes ask no", "web", 0, "Lea"),
    ("Jonas Weber", "Leipzig", "person", "bronze", "growing", 6120, 12, 1, "yes service service no", "visit", 1, "Noor"),
)


class Sample(Form):
    """One of every widget."""

    name = forms.CharField(label=_("Name"), help_text=_("As it stands on letters."))
    email = forms.EmailField(label=_("Email"), required=False)
    phone = forms.CharField(label=_("Phone"), required=False, widget=PhoneInput)
    kind = forms.ChoiceField(label=_("Kind"), choices=[("person", _("Person")), ("organisation", _("Organisation"))])
    born_on = forms.DateField(label=_("Date of birth"), required=False, widget=DateInput)
    value = forms.MultiValueField(
        label=_("Value"),
        required=False,
        fields=(forms.DecimalField(), forms.CharField()),
        widget=MoneyInput([("EUR", "EUR"), ("USD", "USD")]),
    )
    tags = forms.CharField(label=_("Tags"), required=False, widget=TagsInput)
    channels = forms.MultipleChoiceField(
        label=_("May be reached by"),
        required=False,
        choices=[("email", _("Email")), ("phone", _("Phone"))],
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    active = forms.BooleanField(label=_("Active"), required=False, widget=Switch)


def components(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    rows = [
        {
            "id": index,
            "name": name,
            "sub": sub,
            "kind": kind,
            "tier": tier,
            "phase": phase,
            "value": Decimal(value),
            "risk": risk,
            "level": level,
            "consents": dict(zip(CONSENTS, states.split(), strict=True)),
            "channel": channel,
            "touched_at": now - timedelta(days=days, minutes=20),
            "owner": owner,
        }
        for index, (name, sub, kind, tier, phase, value, risk, level, states, channel, days, owner) in enumerate(ROWS, 1)
    ]
    refused = Sample({"name": "", "email": "marta@pedalpost", "kind": "person"}, auto_id="refused_%s")
    refused.fields = {name: refused.fields[name] for name in ("name", "email", "channels")}
    facts = [
        (_("Email"), "marta@pedal.example"),
        (_("Phone"), "+31 10 555 0142"),
        (_("Address"), "Maashaven 12, 3081 Rotterdam"),
        (_("Fax"), ""),
    ]
    return render(
        request,
        "ui/components.html",
        {"rows": rows, "form": Sample(), "refused": refused, "facts": facts, "now": now, "hostile": "<script>alert(1)</script>"},
        partial=request.GET.get("part") if request.GET.get("part") in ("sheet", "cell", "filter") else None,
    )
