"""Who may do what with orders: an order is visible to those who may see its customer."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.types import SYSTEM, Action, Actor, Power
from rapport.stores.commerce.models import Order, Subscription
from rapport.stores.commerce.types import ORDER, SUBSCRIPTION


def lock_order(actor: Actor, order_id: UUID) -> Order:
    """The order, locked, that the actor may change. Errors: NotFound, NotAllowed."""
    return policies.get_record(actor, ORDER, order_id, Action.UPDATE, lock=True)


def get_order(actor: Actor, order_id: UUID) -> Order:
    """Errors: NotFound."""
    return policies.get_record(actor, ORDER, order_id)


def lock_subscription(actor: Actor, subscription_id: UUID) -> Subscription:
    """Errors: NotFound, NotAllowed."""
    return policies.get_record(actor, SUBSCRIPTION, subscription_id, Action.UPDATE, lock=True)


def require_settings(actor: Actor) -> None:
    """Raises NotAllowed unless the actor may say what currencies are worth and what meetings cost."""
    workspace_policies.require(actor, Power.MANAGE_WORKSPACE)


def teller(actor: Actor) -> Actor:
    """Who writes an order's touch point: the right to the order includes it, whatever the role says of touch points."""
    return replace(SYSTEM, name=actor.name)
