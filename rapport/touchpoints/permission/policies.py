"""Who may see and write permissions: those who may see and change the customer, and whose role includes permissions."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext, gettext_noop

from rapport.foundation.workspace.errors import NotAllowed
from rapport.foundation.workspace.types import SYSTEM, Action, Actor, Power
from rapport.stores.customers import policies as customer_policies
from rapport.stores.customers.types import IdentityKind
from rapport.touchpoints.permission.types import RECORD_TYPE, PointKind

_REFUSALS = {
    Action.READ: gettext_noop("Your role does not let you see permissions."),
    Action.CREATE: gettext_noop("Your role does not let you write down permissions."),
}
_IDENTITIES = {PointKind.EMAIL: IdentityKind.EMAIL, PointKind.PHONE: IdentityKind.PHONE}


def require(actor: Actor, action: Action) -> None:
    if not actor.may(action, RECORD_TYPE):
        raise NotAllowed(gettext(_REFUSALS.get(action, _REFUSALS[Action.CREATE])))


def may_settle(actor: Actor) -> bool:
    return actor.has(Power.MANAGE_WORKSPACE)


def require_settings(actor: Actor) -> None:
    """Raises NotAllowed unless the actor may say what customers are asked and when they are left in peace."""
    if not may_settle(actor):
        raise NotAllowed(gettext("Your role does not let you change what customers are asked for."))


def may_see_points(actor: Actor, kind: PointKind) -> bool:
    """An e-mail address is as secret here as it is on the customer."""
    return kind is PointKind.NONE or customer_policies.may_see_identity(actor, _IDENTITIES[kind])


def teller(actor: Actor) -> Actor:
    """Who writes a permission's touch point: the right to the permission includes it."""
    return replace(SYSTEM, name=actor.name)
