"""allauth's forms without placeholders: the label says it already, and stays when somebody types."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from django import forms
from django.utils.translation import gettext_lazy as _


class _Plain:
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class LoginForm(_Plain, account.LoginForm):
    pass


class SignUpForm(_Plain, account.SignupForm):
    """With the person's name."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]


class AddEmailForm(_Plain, account.AddEmailForm):
    pass


class ChangePasswordForm(_Plain, account.ChangePasswordForm):
    pass


class SetPasswordForm(_Plain, account.SetPasswordForm):
    pass


class ResetPasswordForm(_Plain, account.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_Plain, account.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(_Plain, account.ReauthenticateForm):
    pass
