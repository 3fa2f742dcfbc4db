"""A person's own account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db import transaction
from django_tenants.utils import schema_context

from rapport.foundation.accounts.extension_points import account_watchers, person_watchers
from rapport.foundation.accounts.models import User
from rapport.foundation.accounts.types import AccountAct, AccountEvent


def update_person(*, user_id: UUID, name: str, language: str, timezone: str) -> User:
    """Save how a person is called and reads; the copies of their name in workspaces follow."""
    with schema_context("public"), transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        renamed = user.name != name
        user.name, user.language, user.timezone = name, language, timezone
        user.save(update_fields=["name", "language", "timezone"])
        if renamed:
            tell_watchers(user)
    return user


def end_session(*, user: User, session_id: int) -> bool:
    """Sign one of the person's devices out. False when it is not theirs or signed out already."""
    session = UserSession.objects.filter(pk=session_id, user=user).first()
    if session is None:
        return False
    session.end()
    report(AccountAct.SESSIONS_ENDED, user)
    return True


def tell_watchers(user: User) -> None:
    """Have copies of a person's name and address follow."""
    with schema_context("public"):
        for watch in person_watchers.values():
            watch(user)


def report(act: AccountAct, user: User, **detail: Any) -> None:
    """Tell the floors above what happened to an account."""
    event = AccountEvent(act, user.pk, str(user), {name: value for name, value in detail.items() if value})
    with schema_context("public"):
        for watch in account_watchers.values():
            watch(event)
