"""Colleagues nobody signs in as: they own the records of a demonstration."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from rapport.foundation.workspace import policies
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Actor, Power


def seat_stand_in(*, actor: Actor, name: str, email: str, title: str, role_key: str) -> Member:
    """Errors: NotAllowed."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    return Member.objects.create(name=name, email=email, title=title, role_key=role_key)


def unseat_stand_ins(*, actor: Actor, ids: Iterable[UUID]) -> int:
    """Take their seats away. Members who can sign in are left alone. Errors: NotAllowed."""
    policies.require(actor, Power.MANAGE_MEMBERS)
    return Member.objects.filter(pk__in=list(ids), user_id=None).delete()[0]
