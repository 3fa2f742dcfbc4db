"""Actors for pages that need no database."""

from __future__ import annotations

from uuid import UUID

from rapport.foundation.workspace.types import Action, Actor, Power, RecordRules, RolePolicy, RowRule

EVERYTHING = RecordRules({action: RowRule() for action in Action})
OWNER = RolePolicy("owner", "Owner", frozenset(Power), EVERYTHING)


def make_actor(*, role: RolePolicy = OWNER) -> Actor:
    return Actor(member_id=UUID(int=7), name="Ada Lovelace", role=role, timezone="Europe/Amsterdam")
