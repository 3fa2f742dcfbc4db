"""Forms about members and invitations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rapport.foundation.ui.forms import offer
from rapport.foundation.workspace.types import RolePolicy


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), help_text=_("You can change it at any time."))

    def __init__(self, *args: Any, roles: list[RolePolicy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "role", [(role.key, role.name) for role in roles])


class MemberForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=150)
    title = forms.CharField(label=_("Title"), max_length=120, required=False, help_text=_("Such as “Head of service”."))
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: list[RolePolicy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "role", [(role.key, role.name) for role in roles])
