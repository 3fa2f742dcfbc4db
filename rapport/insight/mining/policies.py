"""Who may ask the warehouse. Its answers are about everybody, so only those ask who may see everybody."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Action, Actor, Rows

_ABOUT = ("customer", "touchpoint")


def may_read(actor: Actor) -> bool:
    return all(actor.row_rule(Action.READ, name).rows is Rows.ALL for name in _ABOUT)


def may_ask(actor: Actor) -> bool:
    """New questions, funnels and decisions are work of those who change something."""
    return may_read(actor) and actor.may(Action.UPDATE, "customer")


def require_reading(actor: Actor) -> None:
    if not may_read(actor):
        raise NotAllowed(_("These figures are about all customers, and your role shows you only some."))


def require_asking(actor: Actor) -> None:
    require_reading(actor)
    if not may_ask(actor):
        raise NotAllowed(_("Your role lets you read answers, not ask for new ones."))
