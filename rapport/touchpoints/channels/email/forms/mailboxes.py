"""The form of a mailbox."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import Form, Switch
from rapport.touchpoints.channels.email.services.mailboxes import MailboxValues
from rapport.touchpoints.channels.email.types import Security, Sharing


class MailboxForm(Form):
    address = forms.EmailField(label=_("Address"), max_length=254)
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("How recipients see you, such as “Ines Duarte”.")
    )
    username = forms.CharField(
        label=_("User name"), max_length=254, required=False, help_text=_("Usually the address itself.")
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Better an app password, made in your provider's security settings. It is stored encrypted."),
    )
    smtp_host = forms.CharField(
        label=_("Server for sending (SMTP)"),
        max_length=253,
        widget=forms.TextInput(attrs={"placeholder": "smtp.firm.example"}),
    )
    smtp_port = forms.IntegerField(label=_("Its port"), min_value=1, max_value=65535, initial=587)
    smtp_security = forms.ChoiceField(label=_("Its security"), choices=Security.choices, initial=Security.STARTTLS)
    per_minute = forms.IntegerField(label=_("At most a minute"), min_value=1, max_value=6000, initial=10)
    per_day = forms.IntegerField(
        label=_("At most in 24 hours"),
        min_value=1,
        max_value=1_000_000,
        initial=1000,
        help_text=_("Providers close mailboxes that send more than they allow. What is more waits its turn."),
    )
    signature = forms.CharField(
        label=_("Signature"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    sharing = forms.ChoiceField(
        label=_("What colleagues see in customers' timelines"), choices=Sharing.choices, initial=Sharing.ALL
    )
    shared = forms.BooleanField(
        label=_("Shared: everybody who writes messages may send from it"), widget=Switch, required=False
    )

    def __init__(self, *args: Any, may_share: bool, may_have_one: bool, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new or not may_share:
            del self.fields["shared"]
        elif not may_have_one:
            self.fields["shared"].initial = True

    def clean_smtp_host(self) -> str:
        return str(self.cleaned_data["smtp_host"]).strip().rstrip(".").lower()

    def values(self) -> MailboxValues:
        given = {name: value for name, value in self.cleaned_data.items() if name != "shared"}
        given["username"] = given["username"].strip()
        return MailboxValues(**given)
