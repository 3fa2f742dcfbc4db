"""The request as account pages see it once somebody is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from rapport.foundation.accounts.models import User


class PersonRequest(HttpRequest):
    """Never instantiated: tells types and readers what `login_required` makes sure of."""

    user: User
