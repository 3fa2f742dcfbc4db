"""Who may read the scorecard: sums over everyone are for those who see everyone; others get theirs, worked out at once."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rapport.foundation.records import policies as record_policies
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Action, Actor, Power
from rapport.stores.customers.policies import RECORD_TYPE, sees_everyone
from rapport.stores.customers.queries.scores import may_see_values

__all__ = ["may_refresh", "may_see_values", "require", "require_refresh", "sees_everyone"]


def require(actor: Actor) -> None:
    """Raises NotAllowed for those who may not see customers, or not what they are worth."""
    record_policies.require(actor, Action.READ, RECORD_TYPE)
    if not may_see_values(actor):
        raise NotAllowed(_("Your role does not let you see what customers are worth."))


def may_refresh(actor: Actor) -> bool:
    return sees_everyone(actor) and may_see_values(actor) and actor.has(Power.SHARE_VIEWS)


def require_refresh(actor: Actor) -> None:
    require(actor)
    if not may_refresh(actor):
        raise NotAllowed(_("Your role does not let you have the scorecard worked out anew."))
