"""Who may do what with the workspace itself, and what they may hand on."""

from __future__ import annotations

from django.utils.translation import gettext

from rapport.foundation.workspace import rules
from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import Action, Actor, Power, RolePolicy


def require(actor: Actor, power: Power) -> None:
    """Raises NotAllowed unless the actor has the power."""
    if not actor.has(power):
        raise NotAllowed(gettext("Your role does not include this."))


def meets(actor: Actor, need: tuple[Action, str] | Power | None) -> bool:
    """Whether the actor has what something declared to need: an action on a record type, a power, or nothing."""
    if need is None:
        return True
    if isinstance(need, Power):
        return actor.has(need)
    action, record_type = need
    return actor.may(action, record_type)


def may_hand_on(actor: Actor, policy: RolePolicy) -> bool:
    """Whether the actor may give somebody this role, or take it away: nobody hands on more than they have."""
    return actor.is_system or (actor.scopes is None and rules.covers(actor.role, policy))


def require_may_hand_on(actor: Actor, policy: RolePolicy) -> None:
    if not may_hand_on(actor, policy):
        raise NotAllowed(
            gettext("The role %(role)s allows more than your own, so you can't give it or take it away.")
            % {"role": policy.name}
        )
