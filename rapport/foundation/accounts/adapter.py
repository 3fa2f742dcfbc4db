"""How allauth behaves here: e-mail addresses instead of user names, sign-up by invitation unless it is opened."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from rapport.foundation.accounts.models import User


def display_name(user: User) -> str:
    return str(user)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Sign-up is open while nobody has an account, or when RAPPORT_OPEN_SIGNUP says so; otherwise invitations only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.OPEN_SIGNUP or not User.objects.exists()

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL
