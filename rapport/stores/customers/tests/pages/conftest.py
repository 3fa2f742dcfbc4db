"""Browsers and roles for the pages of customers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.workspace.models import Member, Role
from rapport.foundation.workspace.rules import policy_to_json
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, RecordRules, RolePolicy, RowRule


@pytest.fixture
def browser(client_for: Callable[[User], Client], ada: User) -> Client:
    return client_for(ada)


@pytest.fixture
def give_role(actor: Actor) -> Callable[..., None]:
    """A role of Ben's own, with rules for customers."""

    def give(
        user: User, *, actions: dict[Action, RowRule] | None = None, fields: dict[str, FieldAccess] | None = None
    ) -> None:
        rules = RecordRules(actions or actor.role.rules("customer").actions, fields or {})
        policy = RolePolicy("special", "Special", actor.role.powers, rules, {"customer": rules})
        Role.objects.update_or_create(key="special", defaults={"name": "Special", "policy": policy_to_json(policy)})
        Member.objects.filter(user_id=user.pk).update(role_key="special")

    return give
