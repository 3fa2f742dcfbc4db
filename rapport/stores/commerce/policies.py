"""Who may do what with orders: an order is visible to those who may see its customer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from rapport.foundation.records import policies
from rapport.foundation.workspace import policies as workspace_policies
from rapport.foundation.workspace.types import SYSTEM, Action, Actor, FieldAccess, Power
from rapport.stores.commerce.models import Order, Subscription
from rapport.stores.commerce.types import ORDER, SUBSCRIPTION


def lock_order(actor: Actor, order_id: UUID) -> Order:
    """The order, locked, that the actor may change. Errors: NotFound, NotAllowed."""
    return policies.get_record(actor, ORDER, order_id, Action.UPDATE, lock=True)


def lock_subscription(actor: Actor, subscription_id: UUID) -> Subscription:
    """Errors: NotFound, NotAllowed."""
    return policies.get_record(actor, SUBSCRIPTION, subscription_id, Action.UPDATE, lock=True)


def require_settings(actor: Actor) -> None:
    """Raises NotAllowed unless the actor may say what currencies are worth and what meetings cost."""
    workspace_policies.require(actor, Power.MANAGE_WORKSPACE)


def teller(actor: Actor) -> Actor:
    """Who writes an order's touch point: the right to the order includes it, whatever the role says of touch points."""
    return replace(SYSTEM, name=actor.name)


def hidden_fields(actor: Actor, record_type: str, names: Iterable[str]) -> frozenset[str]:
    """Those of the fields that the actor's role hides, wherever they would stand: in lists, on pages, in the API."""
    return frozenset(name for name in names if actor.field_access(record_type, name) is FieldAccess.HIDDEN)


def sees_margin(actor: Actor, record_type: str = ORDER) -> bool:
    """Margin tells cost, and cost tells margin: who may not see one does not see the other."""
    return not hidden_fields(actor, record_type, ("margin", "cost"))
